/**
 * Projects of every shape, in real Vite: packages that are linked, and names that only look alike.
 */

import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProject, startServer } from '../support/project.js'

const manifest = (/** @type {object} */ fields) =>
  JSON.stringify({ type: 'module', version: '1.0.0', ...fields })

/** A package whose source is used as it is, as in most workspaces. */
const library = (/** @type {string} */ folder) => ({
  [`${folder}/package.json`]: manifest({ name: 'lib', exports: './src/index.js' }),
  [`${folder}/src/index.js`]: "export { value } from './value.js'\n",
  [`${folder}/src/value.js`]: 'export const value = 1\n',
})

const app = (/** @type {string} */ folder) => ({
  [`${folder}/package.json`]: manifest({ name: 'app', dependencies: { lib: '*' } }),
  [`${folder}/index.html`]: '<script type="module" src="/main.js"></script>',
  [`${folder}/main.js`]: "export { value } from 'lib'\nimport.meta.hot.accept('lib', () => {})\n",
})

/**
 * Each with the folder that Vite serves and the one that the package really lies in, both below a project's root.
 *
 * @type {Record<string, { files: Record<string, string>, root: string, real: string, link: string, to: string }>}
 */
const WORKSPACES = {
  'npm workspaces, served from the app': {
    files: {
      'package.json': manifest({ name: 'all', workspaces: ['app', 'packages/*'] }),
      ...app('app'),
      ...library('packages/lib'),
    },
    root: 'app',
    real: 'packages/lib',
    link: 'node_modules/lib',
    to: '../packages/lib',
  },
  'npm workspaces, served from the top': {
    files: {
      ...app('.'),
      'package.json': manifest({ name: 'all', workspaces: ['packages/*'] }),
      ...library('packages/lib'),
    },
    root: '.',
    real: 'packages/lib',
    link: 'node_modules/lib',
    to: '../packages/lib',
  },
  'a pnpm workspace': {
    files: { 'pnpm-workspace.yaml': 'packages: [app, libs/*]\n', ...app('app'), ...library('libs/lib') },
    root: 'app',
    real: 'libs/lib',
    link: 'app/node_modules/lib',
    to: '../../libs/lib',
  },
  'a package of pnpm’s own store, injected by a link in a link': {
    files: {
      'pnpm-workspace.yaml': 'packages: [app, libs/*]\n',
      ...app('app'),
      ...library('libs/lib'),
      'node_modules/.pnpm/node_modules/keep': '',
    },
    root: 'app',
    real: 'libs/lib',
    link: 'app/node_modules/lib',
    to: '../../node_modules/.pnpm/node_modules/lib',
  },
  'a package that is linked from elsewhere (npm link)': {
    files: { ...app('app'), ...library('elsewhere/some where/lib') },
    root: 'app',
    real: 'elsewhere/some where/lib',
    link: 'app/node_modules/lib',
    to: '../../elsewhere/some where/lib',
  },
}

/** @param {string} file @param {string} to */
function link(file, to) {
  mkdirSync(path.dirname(file), { recursive: true })
  symlinkSync(to, file)
}

/** What a page would get now. @param {import('vite').ViteDevServer} server @param {string} file */
async function codeOf(server, file) {
  const { client } = server.environments
  const [module] = client.moduleGraph.getModulesByFile(file)
  return (await client.transformRequest(module.url)).code
}

for (const vite of ['vite', 'vite7']) {
  describe(`linked packages, with ${vite}`, () => {
    it.each(Object.entries(WORKSPACES))(
      '%s: an edit arrives',
      async (_, { files, root, real, link: from, to }) => {
        const project = createProject(files)
        if (to.includes('.pnpm'))
          link(project.path('node_modules/.pnpm/node_modules/lib'), '../../../libs/lib')
        link(project.path(from), to)
        const page = await startServer(project, { vite, config: { root: project.path(root) } })
        await page.load(['/main.js'])
        const value = project.path(`${real}/src/value.js`)
        const { moduleGraph } = page.server.environments.client
        expect([...moduleGraph.getModulesByFile(value)], 'it is known by its real path').toHaveLength(1)
        const arrives = expect.objectContaining({
          type: 'update',
          updates: [expect.objectContaining({ type: 'js-update', path: '/main.js' })],
        })

        let payload = page.next()
        project.write(`${real}/src/value.js`, 'export const value = 2\n')
        expect(await payload).toEqual(arrives)
        expect(await codeOf(page.server, value)).toContain('value = 2')

        // As git does it.
        payload = page.next()
        project.remove(`${real}/src/value.js`)
        project.write(`${real}/src/value.js`, 'export const value = 3\n')
        expect(await payload).toEqual(arrives)
        expect(await codeOf(page.server, value)).toContain('value = 3')

        // And once more, since watchers of single files have lost it by now.
        payload = page.next()
        project.write(`${real}/src/value.js`, 'export const value = 4\n')
        expect(await payload).toEqual(arrives)

        // A file that the package did not have.
        payload = page.next()
        project.write(`${real}/src/deep/new.js`, 'export const value = 5\n')
        project.write(`${real}/src/index.js`, "export { value } from './deep/new.js'\n")
        expect(await payload).toEqual(arrives)
        await page.load(['/main.js'])
        await codeOf(page.server, project.path(`${real}/src/index.js`))
        payload = page.next()
        project.write(`${real}/src/deep/new.js`, 'export const value = 6\n')
        expect(await payload).toEqual(arrives)
        page.expectNoDifference()
      },
    )
  })

  describe(`names, with ${vite}`, () => {
    /** A folder with which a path comes near to what the system takes: 4096 bytes. */
    const deep = Array.from({ length: 15 }, () => 'p'.repeat(240)).join('/')
    const NAMES = {
      'composed and decomposed': ['café.js'.normalize('NFC'), 'café.js'.normalize('NFD')],
      'upper and lower case': ['Name.js', 'name.js'],
      'spaces and signs': ['two words.js', "it's [g]{1} & more.js", 'a+b@c,d;e=f.js'],
      'other alphabets': ['名前.js', 'имя.js', '🦀.js'],
      'the longest name': [`${'l'.repeat(252)}.js`, `${'字'.repeat(84)}.js`],
      'the longest path': [`${deep}/a.js`, `${deep}/b.js`],
    }

    it.each(Object.entries(NAMES))('%s: each module updates by itself', async (_, names) => {
      const contents = (/** @type {number} */ version) =>
        `export const version = ${version}\nimport.meta.hot.accept()\n`
      const project = createProject({
        'main.js': names.map((name) => `import ${JSON.stringify(`./src/${name}`)}\n`).join(''),
        ...Object.fromEntries(names.map((name) => [`src/${name}`, contents(0)])),
      })
      const page = await startServer(project, { vite })
      await page.load(['/main.js'])
      for (const [version, name] of [...names, ...names].entries()) {
        const payload = page.next()
        project.write(`src/${name}`, contents(version + 1))
        expect(await payload).toMatchObject({ type: 'update', updates: [{ path: `/src/${name}` }] })
        expect(await codeOf(page.server, project.path(`src/${name}`))).toContain(`version = ${version + 1}`)
      }
      page.expectNoDifference()
    })

    it('a name that changes its case is another module', async () => {
      const project = createProject({
        'main.js': "import './Name.js'\nimport.meta.hot.accept()\n",
        'Name.js': 'export const name = 1\n',
      })
      const page = await startServer(project, { vite })
      await page.load(['/main.js'])
      const payload = page.next()
      renameSync(project.path('Name.js'), project.path('name.js'))
      project.write('main.js', "import './name.js'\nimport.meta.hot.accept()\n")
      expect(await payload).toMatchObject({ type: 'update', updates: [{ path: '/main.js' }] })
      await page.load(['/main.js'])
      const edit = page.next()
      project.write('name.js', 'export const name = 2\n')
      expect(await edit).toMatchObject({
        type: 'update',
        updates: [{ path: '/main.js', acceptedPath: '/main.js' }],
      })
      page.expectNoDifference()
    })

    it('a module behind a link to a file updates with the file', async () => {
      const project = createProject({
        'main.js': "import './linked.js'\nimport.meta.hot.accept('./linked.js', () => {})\n",
        'shared/real.js': 'export const value = 1\n',
      })
      link(project.path('linked.js'), 'shared/real.js')
      const page = await startServer(project, { vite })
      await page.load(['/main.js'])
      const payload = page.next()
      project.write('shared/real.js', 'export const value = 2\n')
      expect(await payload).toMatchObject({ type: 'update', updates: [{ path: '/main.js' }] })
      page.expectNoDifference()
    })
  })
}
