import { symlinkSync } from 'node:fs'
import { build, createServer as createVite, preview } from 'vite'
import { expect, it, onTestFinished } from 'vitest'
import { binoHmr } from '../../js/index.js'
import { sessionOf } from '../../js/vite/session.js'
import { createProject, startServer, waitFor } from '../support/project.js'
import { threadNames } from '../support/threads.js'

const FILES = {
  'index.html': '<script type="module" src="/main.js"></script>',
  'main.js': 'export const main = 1\nimport.meta.hot?.accept()\n',
}

it('server.hmr: false sends nothing, and watchers and hooks run', async () => {
  /** @type {string[]} */
  const seen = []
  const project = createProject(FILES)
  const page = await startServer(project, {
    config: {
      server: { hmr: false },
      plugins: [{ name: 'test:sees', watchChange: (id) => void seen.push(id) }],
    },
  })
  await page.load(['/main.js'])
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  await until(() => seen.length > 0)
  expect(page.sent().filter(({ type }) => type !== 'custom')).toEqual([])
  expect(page.session.transactions.size).toBe(0)
})

it('server.watch: null stays what it is: nothing is watched', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, { config: { server: { watch: null } } })
  expect(page.session).toBeUndefined()
  expect(page.server.watcher.getWatched()).toEqual({})
})

it('in middleware mode updates are sent, and an .html reloads every page', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, { config: { server: { middlewareMode: true, ws: false } } })
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update' })
  const reload = page.next()
  project.write('index.html', `${FILES['index.html']}<p>`)
  expect(await reload).toMatchObject({ type: 'full-reload', path: '*' })
  page.expectNoDifference()
})

it('an .html that is a page reloads that page only', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.server.transformIndexHtml('/index.html', FILES['index.html'])
  const reload = page.next()
  project.write('index.html', `${FILES['index.html']}<p>`)
  expect(await reload).toMatchObject({ type: 'full-reload', path: '/index.html' })
  page.expectNoDifference()
})

it('enabled: false leaves Vite as it is', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, { bino: { enabled: false } })
  expect(page.session).toBeUndefined()
  await waitFor(
    () => (Object.keys(page.server.watcher.getWatched()).length > 0 ? true : undefined),
    () => 'chokidar watches nothing',
  )
})

it('listed twice it is one plugin', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, { config: { plugins: [binoHmr()] } })
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update' })
  expect(page.sent().filter(({ type }) => type === 'update')).toHaveLength(1)
})

it('one plugin object may serve two servers at a time', async () => {
  const plugins = binoHmr()
  const projects = [createProject(FILES), createProject(FILES)]
  const pages = []
  for (const project of projects) {
    pages.push(await startServer(project, { bino: { enabled: false }, config: { plugins: [plugins] } }))
  }
  for (const [index, page] of pages.entries()) {
    await page.load(['/main.js'])
    const update = page.next()
    projects[index].write('main.js', `${FILES['main.js']}// edited\n`)
    expect(await update).toMatchObject({ type: 'update' })
  }
  await pages[0].server.close()
  const update = pages[1].next()
  projects[1].write('main.js', `${FILES['main.js']}// edited again\n`)
  expect(await update).toMatchObject({ type: 'update' })
})

it('a changed config restarts the server, and saves go on arriving', async () => {
  const project = createProject({ ...FILES, 'vite.config.js': 'export default { define: { A: 1 } }\n' })
  const page = await startServer(project, { config: { configFile: project.path('vite.config.js') } })
  project.write('vite.config.js', 'export default { define: { A: 2 } }\n')
  await page.log('server restarted')
  expect(page.server.config.define).toMatchObject({ A: 2 })
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update' })
  expect(sessionOf(page.server)).not.toBe(page.session)
})

it('a checkout that restarts the server reloads no page besides: it would meet the closing server', async () => {
  const files = {
    ...FILES,
    'leaf.js': 'export {}\n',
    'vite.config.js': 'export default { define: { A: 1 } }\n',
  }
  const project = createProject(files)
  const config = { configFile: project.path('vite.config.js') }
  const page = await startServer(project, { config, bino: { debounce: 3000 } })
  await page.load(['/leaf.js'])
  const sent = page.sent()
  project.write('leaf.js', 'export const leaf = 1\n')
  project.write('vite.config.js', 'export default { define: { A: 2 } }\n')
  await page.log('server restarted')
  expect(sent.filter(({ type }) => type === 'full-reload')).toEqual([])

  // One that fails leaves the server, and with it the page, as they were.
  await page.load(['/leaf.js'])
  const reload = page.next()
  project.write('leaf.js', 'export const leaf = 2\n')
  project.write('vite.config.js', 'export default {\n')
  expect(await reload).toMatchObject({ type: 'full-reload' })
  expect(page.logged.join()).toContain('server restart failed')
})

it('an env file of the mode restarts the server', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  project.write('.env.development', 'VITE_A=1\n')
  await page.log('server restarted')
})

it('with experimental.bundledDev it stands down and says so once', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, { config: { experimental: { bundledDev: true } } })
  expect(page.session).toBeUndefined()
  expect(page.logged.filter((line) => line.includes('[bino-hmr] stands down'))).toHaveLength(1)
})

it('vite build and vite preview are untouched', async () => {
  const project = createProject(FILES)
  const config = {
    root: project.root,
    configFile: /** @type {const} */ (false),
    logLevel: /** @type {const} */ ('silent'),
  }
  await build({ ...config, plugins: [binoHmr()] })
  const server = await preview({ ...config, preview: { port: 0 }, plugins: [binoHmr()] })
  onTestFinished(() => server.close())
  const response = await fetch(server.resolvedUrls.local[0])
  expect(response.status).toBe(200)
})

it('the watcher shows every file, and what is added outside of the root is watched', async () => {
  const outside = createProject({ 'shared.js': 'export const shared = 1\n' })
  const project = createProject(FILES)
  const page = await startServer(project)
  const { watcher } = page.server
  expect(watcher.getWatched()[project.root].sort()).toEqual(['index.html', 'main.js'])
  watcher.add(outside.path('shared.js'))
  // Asked after `add`, and answered after it: from here on the file is watched.
  expect(watcher.getWatched()[outside.root]).toEqual(['shared.js'])
  const changed = new Promise((resolve) => watcher.once('change', resolve))
  outside.write('shared.js', 'export const shared = 2\n')
  expect(await changed).toBe(outside.path('shared.js'))
})

it('the watcher emits add, unlink, addDir, unlinkDir and all, as chokidar does', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  /** @type {string[]} */
  const events = []
  page.server.watcher.on(
    'all',
    (event, file) => void events.push(`${event} ${file.slice(project.root.length)}`),
  )
  project.write('folder/new.js', '')
  await until(() => events.includes('add /folder/new.js'))
  project.remove('folder')
  await until(() => events.includes('unlinkDir /folder'))
  expect(events).toEqual([
    'addDir /folder',
    'add /folder/new.js',
    'unlink /folder/new.js',
    'unlinkDir /folder',
  ])
})

it('an event is emitted also when a link in circles lies there by then', async () => {
  const project = createProject(FILES)
  const { server, session } = await startServer(project)
  symlinkSync('loop.js', project.path('loop.js'))
  /** @type {unknown[][]} */
  const heard = []
  server.watcher.on('all', (...args) => heard.push(args))
  session?.face.emit('add', project.path('loop.js'))
  expect(heard).toEqual([['add', project.path('loop.js')]])
})

it('ready is emitted once, when everything is watched', async () => {
  const project = createProject(FILES)
  let ready = 0
  const page = await startServer(project, {
    config: {
      plugins: [
        { name: 'test:ready', configureServer: (server) => void server.watcher.on('ready', () => ready++) },
      ],
    },
  })
  await until(() => ready > 0)
  expect(ready).toBe(1)
  expect(page.plugin.api.stats()).toMatchObject({ directories: 1, files: 2 })
})

it('a glob of ours that does not parse is an error that names it, and nothing is left running', async () => {
  const project = createProject(FILES)
  const starting = createVite({
    root: project.root,
    configFile: false,
    logLevel: 'silent',
    server: { middlewareMode: true },
    plugins: [binoHmr({ ignore: ['src/[z-a].js'] })],
  })
  await expect(starting).rejects.toMatchObject({
    code: 'BINO_GLOB_INVALID',
    message: expect.stringMatching(/^the option "ignore" of binoHmr\(\): .*src\/\[z-a\]\.js/),
  })
  expect(threadNames().filter((name) => name.startsWith('bino'))).toEqual([])
})

it("a glob of Vite's own that only chokidar understands leaves the watching to chokidar", async () => {
  const project = createProject(FILES)
  const page = await startServer(project, {
    bino: { ignore: ['odd'] },
    config: { server: { watch: { ignored: ['!**/+(odd).tmp'] } } },
  })
  expect(page.session).toBeUndefined()
  expect(await page.log('BINO_GLOB_INVALID')).toContain('+(odd)')
  await expect(page.plugin.api.ready).rejects.toMatchObject({ code: 'BINO_GLOB_INVALID' })
})

it('where another plugin replaces server.watch at the last moment it stands down', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, {
    config: {
      plugins: [
        {
          name: 'test:replaces',
          configResolved: {
            order: 'post',
            handler(config) {
              Object.assign(config.server, { watch: { ignored: ['**/x/**'] } })
            },
          },
        },
      ],
    },
  })
  expect(page.session).toBeUndefined()
  expect(await page.log('stands down')).toContain('server.watch')
})

it.each(/** @type {const} */ (['silent', 'info', 'debug']))('log: %s', async (log) => {
  const project = createProject(FILES)
  const page = await startServer(project, { bino: { log } })
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  await update
  const said = (/** @type {string} */ text) => page.logged.some((line) => line.includes(text))
  expect({
    start: page.logged.some((line) =>
      /^info: \[bino-hmr\] watches everything after \d+ ms: directories 1, files 2, watches 1$/.test(line),
    ),
    update: said('hmr update'),
    figures: page.logged.some((line) =>
      /client #1: main\.js in [\d.]+ ms: modules asked 1, boundaries 1, sent update$/.test(line),
    ),
  }).toEqual({ start: log === 'debug', update: log !== 'silent', figures: log === 'debug' })
})

it('a missing root is an error with a code, and stock Vite goes on', async () => {
  const project = createProject({})
  const root = project.path('nowhere')
  const page = await startServer({ ...project, root })
  expect(page.session).toBeUndefined()
  expect(await page.log('BINO_ROOT_MISSING')).toContain(root)
})

/** @param {() => boolean} condition */
const until = (condition) =>
  waitFor(
    () => condition() || undefined,
    () => String(condition),
  )
