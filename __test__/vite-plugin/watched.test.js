/**
 * What is watched in a real project: not what ignore files leave out, but everything that modules come from.
 */

import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const MAIN = 'import.meta.hot.accept()\n'
const PACKAGE = JSON.stringify({ name: 'pkg', type: 'module', main: 'index.js' })

/** @param {Awaited<ReturnType<typeof startServer>>} page */
function eventsOf(page) {
  const root = page.server.config.root
  /** @type {string[]} */
  const events = []
  page.server.watcher.on('all', (event, file) => {
    events.push(`${event} ${path.relative(root, file).replaceAll(path.sep, '/')}`)
  })
  return events
}

/** Waits until the engine knows which files the modules come from. @param {Awaited<ReturnType<typeof startServer>>} page */
function flushed(page) {
  for (const environment of Object.values(page.server.environments)) {
    page.session.mirrorOf(environment).mirror.flush()
  }
  page.session.engine.stats()
}

/**
 * Edits a file and expects the update of a module.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {Awaited<ReturnType<typeof startServer>>} page
 * @param {string} file
 * @param {string} content
 */
async function expectUpdate(project, page, file, content) {
  const update = page.next()
  project.write(file, content)
  expect(await update).toMatchObject({ type: 'update', updates: [{ path: '/main.js' }] })
}

/** Ends when everything up to now was told. @param {ReturnType<typeof createProject>} project @param {string[]} events */
async function quiet(project, events) {
  const name = `sentinel-${events.length}-${Math.random()}`
  project.write(name, '')
  await waitFor(
    () => events.includes(`add ${name}`) || undefined,
    () => events.join('\n'),
  )
  return events.filter((event) => !event.includes('sentinel-'))
}

it('what .gitignore leaves out is silent and holds no watch; a module in it is live all the same', async () => {
  const project = createProject({
    '.gitignore': 'coverage\ngenerated\n',
    'main.js': `import './generated/deep/api.js'\n${MAIN}`,
    'generated/deep/api.js': 'export const a = 1\n',
    'coverage/a/index.html': '',
  })
  const page = await startServer(project)
  const events = eventsOf(page)
  expect(page.plugin.api.stats()).toMatchObject({ directories: 1, watches: 1 })
  await page.load(['/main.js'])
  flushed(page)
  expect(page.plugin.api.stats()).toMatchObject({ directories: 1, watches: 2 })
  await expectUpdate(project, page, 'generated/deep/api.js', 'export const a = 2\n')
  project.write('coverage/a/index.html', '<p>')
  project.write('coverage/b/index.html', '<p>')
  project.write('generated/deep/other.js', '')
  const told = await quiet(project, events)
  expect(new Set(told)).toEqual(new Set(['change generated/deep/api.js']))
  page.expectNoDifference()
})

it('the option ignore leaves out what it names, also below a root with signs in its name', async () => {
  const project = createProject({
    '[id] {x}/dist/a.js': '',
    '[id] {x}/out/a.js': '',
    '[id] {x}/src/a.js': '',
  })
  const page = await startServer(project, {
    bino: { ignore: ['dist', 'o*t/**'] },
    config: { root: project.path('[id] {x}') },
  })
  const { root } = page.server.config
  const folders = Object.keys(page.server.watcher.getWatched()).filter((folder) => folder.startsWith(root))
  expect(folders.map((folder) => path.relative(root, folder)).toSorted()).toEqual(['', 'src'])
})

it('gitignore: false watches all of it', async () => {
  const project = createProject({ '.gitignore': 'coverage\n', 'coverage/a.txt': '' })
  const page = await startServer(project, { bino: { gitignore: false } })
  const events = eventsOf(page)
  project.write('coverage/a.txt', 'more')
  expect(await quiet(project, events)).toContain('change coverage/a.txt')
})

it("git's global excludes count", async () => {
  const project = createProject({ 'scratch/a.txt': '', 'src/a.txt': '', '.git/HEAD': '' })
  const home = createProject({ 'config/git/ignore': 'scratch/\n' })
  const { HOME, XDG_CONFIG_HOME } = process.env
  onTestFinished(() => {
    for (const [name, value] of Object.entries({ HOME, XDG_CONFIG_HOME })) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  Object.assign(process.env, { HOME: home.root, XDG_CONFIG_HOME: home.path('config') })
  const page = await startServer(project)
  expect(Object.keys(page.server.watcher.getWatched())).toContain(project.path('src'))
  expect(Object.keys(page.server.watcher.getWatched())).not.toContain(project.path('scratch'))
})

it('a linked package of the workspace is watched where it really is', async () => {
  const workspace = createProject({
    'packages/pkg/package.json': PACKAGE,
    'packages/pkg/index.js': 'export const a = 1\n',
    'app/main.js': `import 'pkg'\n${MAIN}`,
  })
  mkdirSync(workspace.path('app/node_modules'))
  symlinkSync('../../packages/pkg', workspace.path('app/node_modules/pkg'))
  const page = await startServer({ ...workspace, root: workspace.path('app') })
  await page.load(['/main.js'])
  flushed(page)
  await expectUpdate(workspace, page, 'packages/pkg/index.js', 'export const a = 2\n')
  // As git does when it changes branches.
  for (const content of ['3', '4', '5']) {
    rmSync(workspace.path('packages/pkg/index.js'))
    await expectUpdate(workspace, page, 'packages/pkg/index.js', `export const a = ${content}\n`)
  }
  page.expectNoDifference()
})

const STORE = 'node_modules/.pnpm/pkg@1.0.0/node_modules/pkg'

it.each([
  { name: "npm's", at: 'node_modules/pkg' },
  { name: "pnpm's", at: STORE },
])("Vite's recipe for a package in node_modules works, in $name layout", async ({ at }) => {
  const project = createProject({
    [`${at}/package.json`]: PACKAGE,
    [`${at}/index.js`]: "export * from './lib/a.js'\n",
    [`${at}/lib/a.js`]: 'export const a = 1\n',
    'node_modules/other/a.js': '',
    'main.js': `import 'pkg'\n${MAIN}`,
  })
  if (at === STORE) symlinkSync('.pnpm/pkg@1.0.0/node_modules/pkg', project.path('node_modules/pkg'))
  const page = await startServer(project, {
    config: {
      server: { watch: { ignored: ['!**/node_modules/pkg/**'] } },
      optimizeDeps: { exclude: ['pkg'] },
    },
  })
  const events = eventsOf(page)
  // The root, the package and its folder: nothing else of node_modules.
  expect(page.plugin.api.stats()).toMatchObject({ directories: 3, watches: 3 })
  await page.load(['/main.js'])
  await expectUpdate(project, page, `${at}/lib/a.js`, 'export const a = 2\n')
  project.write('node_modules/other/a.js', 'more')
  expect(new Set(await quiet(project, events))).toEqual(new Set([`change ${at}/lib/a.js`]))
  page.expectNoDifference()
})

it.each(["'./generated/api'", "'/generated/api'", "'@/generated/api.js'"])(
  'a generator that comes late heals the importer of %s, without a restart',
  async (specifier) => {
    const project = createProject({ '.gitignore': 'generated\n', 'main.js': MAIN })
    const page = await startServer(project, { config: { resolve: { alias: { '@': project.root } } } })
    await page.load(['/main.js'])
    await expectUpdate(project, page, 'main.js', `import ${specifier}\n${MAIN}`)
    await expect(page.load(['/main.js'])).rejects.toThrow('generated/api')
    page.session.engine.stats()
    const healed = page.next()
    project.write('generated/other.js', '')
    project.write('generated/api.js', 'export const a = 1\n')
    // What Vite makes of a module whose import had failed: `verify` compares.
    expect(await healed).toBeDefined()
    await page.load(['/main.js'])
    flushed(page)
    await expectUpdate(project, page, 'generated/api.js', 'export const a = 2\n')
    page.expectNoDifference()
  },
)

it('this.addWatchFile, publicDir and watcher.add reach into ignored folders', async () => {
  const project = createProject({
    '.gitignore': 'data\npublic\nstatic\n',
    'main.js': MAIN,
    'data/a.json': '1',
    'data/b.json': '1',
    'public/a.svg': '',
    'static/deep/a.txt': '',
    'static/b.txt': '',
  })
  const page = await startServer(project, {
    config: {
      plugins: [
        {
          name: 'test:data',
          transform(_, id) {
            if (!id.endsWith('main.js')) return
            this.addWatchFile(project.path('data/a.json'))
          },
        },
      ],
    },
  })
  const events = eventsOf(page)
  await page.load(['/main.js'])
  page.server.watcher.add(project.path('static/deep'))
  flushed(page)
  await expectUpdate(project, page, 'data/a.json', '2')
  for (const file of [
    'data/b.json',
    'data/later.json',
    'public/a.svg',
    'static/deep/a.txt',
    'static/b.txt',
  ]) {
    project.write(file, '2')
  }
  const told = (await quiet(project, events)).map((event) => event.split(' ')[1])
  expect(new Set(told)).toEqual(new Set(['data/a.json', 'public/a.svg', 'static/deep/a.txt']))
})

it.each([
  { name: 'a config dependency', file: 'generated/define.js', content: 'export default { A: 2 }\n' },
  { name: 'an env file', file: 'generated/env/.env.local', content: 'VITE_A=1\n' },
])('$name in an ignored folder restarts the server', async ({ file, content }) => {
  const project = createProject({
    '.gitignore': 'generated\n',
    'main.js': MAIN,
    'generated/define.js': 'export default { A: 1 }\n',
    'generated/env/.env': '',
    'vite.config.js':
      "import define from './generated/define.js'\nexport default { define, envDir: 'generated/env' }\n",
  })
  const page = await startServer(project, { config: { configFile: project.path('vite.config.js') } })
  project.write(file, content)
  await page.log('server restarted')
  // The next server watches as the first one did.
  await page.load(['/main.js'])
  await expectUpdate(project, page, 'main.js', `${MAIN}// edited\n`)
})

it('watcher.add takes globs, inside and outside of the root, and names with brackets', async () => {
  const outside = createProject({ 'a.md': '', 'deep/b.md': '', 'c.txt': '', '[id].txt': '' })
  const project = createProject({ 'main.js': MAIN, '.gitignore': 'out\n', 'out/a.md': '', 'out/b.txt': '' })
  const page = await startServer(project)
  const { watcher } = page.server
  /** @type {string[]} */
  const events = []
  watcher.on('all', (event, file) => events.push(`${event} ${path.basename(file)}`))
  watcher.add([`${outside.root}/**/*.md`, [outside.path('[id].txt')]].flat())
  watcher.add('out/*.md'.replace('out', project.path('out')))
  page.session.engine.stats()
  for (const file of ['a.md', 'deep/b.md', 'c.txt', '[id].txt']) outside.write(file, 'more')
  for (const file of ['out/a.md', 'out/b.txt']) project.write(file, 'more')
  writeFileSync(project.path('sentinel'), '')
  await waitFor(
    () => events.includes('add sentinel') || undefined,
    () => events.join('\n'),
  )
  expect(new Set(events)).toEqual(new Set(['change a.md', 'change b.md', 'change [id].txt', 'add sentinel']))
})
