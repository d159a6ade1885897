/**
 * `import.meta.hot.acceptExports()` in a graph from disk, beside stock Vite with `experimental.hmrPartialAccept`. Each
 * folder of `accept-exports` is a case: it is loaded from `main.js`, and `dep.js` is saved.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { fromRoot } from '../../scripts/paths.js'
import { startServer } from '../support/project.js'
import { createProject, within } from './support.js'

const folder = fromRoot('__test__/node-api/accept-exports')
const cases = readdirSync(folder).sort()

/** @param {string} name */
const filesOf = (name) =>
  Object.fromEntries(
    readdirSync(`${folder}/${name}`).map((file) => [file, readFileSync(`${folder}/${name}/${file}`, 'utf8')]),
  )

/**
 * Who takes an update of `dep.js` in stock Vite: `boundary accepts what`, and `reload` if somebody does not.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {string} vite
 */
async function askVite(project, vite) {
  const config = {
    experimental: { hmrPartialAccept: true },
    server: { middlewareMode: true, watch: null, ws: false },
  }
  const { server, load, sent } = await startServer(project, {
    bino: false,
    vite,
    config: /** @type {any} */ (config),
  })
  await load(['/main.js'])
  const { client } = server.environments
  await client.reloadModule(await client.moduleGraph.getModuleByUrl('/dep.js'))
  return sent().flatMap((/** @type {any} */ { type, updates }) =>
    type === 'update' ? updates.map(show) : ['reload'],
  )
}

/** @param {{ path: string, acceptedPath: string, isWithinCircularImport?: boolean }} update */
const show = ({ path, acceptedPath, isWithinCircularImport }) =>
  `${path} accepts ${acceptedPath}${isWithinCircularImport ? ', in a circle' : ''}`

/**
 * The same from a graph of the files.
 *
 * @param {ReturnType<typeof createProject>} project
 */
async function askOurs(project) {
  const watcher = createWatcher({ root: project.root, entries: ['main.js'] })
  onTestFinished(() => watcher.close())
  await watcher.ready
  const updates = watcher[Symbol.asyncIterator]()
  project.write('dep.js', `${readFileSync(project.path('dep.js'), 'utf8')}// saved\n`)
  const { boundaries, deadEnds } = (await within(updates.next(), 'an update')).value
  const url = (/** @type {string} */ path) => path.slice(project.root.length)
  return deadEnds.length > 0
    ? ['reload']
    : boundaries.map(({ boundary, acceptedVia, isWithinCircularImport }) =>
        show({ path: url(boundary), acceptedPath: url(acceptedVia), isWithinCircularImport }),
      )
}

const versions = ['vite', 'vite7']
it.each(cases.flatMap((name) => versions.map((vite) => [name, vite])))(
  '%s, as %s has it',
  async (name, vite) => {
    const project = createProject(filesOf(name))
    const expected = await askVite(project, vite)
    expect(expected).not.toEqual([])
    expect(await askOurs(project)).toEqual(expected)
  },
)

it('a name that is passed on and not accepted is what Vite overlooks', async () => {
  const project = createProject({
    ...filesOf('passed_on'),
    'main.js': "import { c } from './pass.js'\nconsole.log(c)\n",
    'pass.js': "export { c } from './dep.js'\n",
  })
  // Vite reads the names off `import … from` only; whoever imports `c` from there keeps the old one.
  expect(await askVite(project, 'vite')).toEqual(['/dep.js accepts /dep.js'])
  expect(await askOurs(project)).toEqual(['reload'])
})
