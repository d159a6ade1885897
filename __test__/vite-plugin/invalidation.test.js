import { expect, it } from 'vitest'
import { createProject, startServer } from '../support/project.js'

const FILES = {
  'main.js': "import './middle.js'\nimport.meta.hot.accept('./middle.js', () => {})\n",
  'middle.js': "export { leaf } from './leaf.js'\n",
  'leaf.js': 'export const leaf = 1\n',
  'aside.js': 'export const aside = 1\nimport.meta.hot.accept()\n',
}

it('a lone save goes up the importers once, not twice', async () => {
  const { page, save } = await open({ bino: { verify: false } })
  const { moduleGraph } = page.server.environments.client
  const { invalidateModule } = moduleGraph
  let calls = 0
  moduleGraph.invalidateModule = (...args) => {
    calls += 1
    invalidateModule(...args)
  }
  await save()
  expect(calls).toBe(1)
})

/** What a hook may do between Vite's two invalidations, each with the states that stock Vite leaves behind. */
const between = {
  nothing: async () => {},
  'asks for an importer': async ({ environment }) => {
    await environment.transformRequest('/middle.js')
  },
  'asks for the module itself': async ({ environment }) => {
    await environment.transformRequest('/leaf.js')
  },
  'starts to ask for an importer': async ({ environment }) => {
    return { until: environment.transformRequest('/middle.js') }
  },
  'makes one module the importer of another by hand': async ({ environment }) => {
    const { moduleGraph } = environment
    const leaf = await moduleGraph.getModuleByUrl('/leaf.js')
    leaf.importers.add(await moduleGraph.getModuleByUrl('/aside.js'))
  },
  'adds an importer': async ({ environment, project }) => {
    project.write('late.js', "import './leaf.js'\nimport.meta.hot.accept()\n")
    await environment.transformRequest('/late.js')
  },
}

it.each(Object.entries(between))(
  'the states are those of stock Vite when a hook does this in between: %s',
  async (_name, act) => {
    const [stock, ours] = await Promise.all([
      open({ act, bino: false }),
      open({ act, bino: { verify: false } }),
    ])
    await stock.save()
    await ours.save()
    expect(statesOf(ours.page)).toEqual(statesOf(stock.page))
  },
)

let edits = 0

/** @param {{ act?: Function, bino?: any }} options */
async function open({ act, bino }) {
  const project = createProject(FILES)
  /** What the hook did not wait for. @type {Promise<unknown> | undefined} */
  let started
  const plugin = {
    name: 'test:between',
    async hotUpdate({ file }) {
      if (act && this.environment.name === 'client' && file.endsWith('/leaf.js')) {
        started = (await act({ environment: this.environment, project }))?.until
      }
    },
  }
  // Stock Vite drops saves that its watcher is not ready for, and ours watches by itself: both are told by hand.
  const page = await startServer(project, {
    bino,
    config: {
      plugins: [plugin],
      server: { watch: { ignored: ['**/leaf.js', '**/late.js'] }, preTransformRequests: false },
    },
  })
  await page.load(['/main.js', '/aside.js'])
  return {
    page,
    async save() {
      const payload = page.next()
      project.write('leaf.js', `${FILES['leaf.js']}// edit ${++edits}\n`)
      const change = { kind: 'update', path: project.path('leaf.js'), type: 'file' }
      if (page.session) page.session.transactions.run({ epoch: 1, changes: [change] })
      else page.server.watcher.emit('change', change.path)
      await payload
      await started
    },
  }
}

/** @param {Awaited<ReturnType<typeof startServer>>} page */
function statesOf(page) {
  const modules = [...page.server.environments.client.moduleGraph.idToModuleMap.values()]
  const latest = Math.max(...modules.map((module) => module.lastHMRTimestamp))
  return Object.fromEntries(
    modules
      .filter(({ url }) => !url.startsWith('/@'))
      .map((module) => [
        module.url,
        {
          stamped: module.lastHMRTimestamp === latest,
          code: module.transformResult !== null,
          state: typeof module.invalidationState === 'object' ? 'soft' : module.invalidationState,
        },
      ]),
  )
}
