import { describe, expect, it, onTestFinished } from 'vitest'
import { binoHmr } from '../../js/index.js'
import { sessionOf } from '../../js/vite/session.js'
import { createProject, startServer, waitFor } from '../support/project.js'

const FILES = {
  'index.html': '<script type="module" src="/main.js"></script>',
  'main.js': "import { dep } from './dep.js'\nexport const main = dep\nimport.meta.hot?.accept()\n",
  'dep.js': "export const dep = 'old'\n",
}

/**
 * @param {Record<string, string>} [files]
 * @param {Parameters<typeof startServer>[1]} [options]
 */
async function start(files = {}, options = {}) {
  const project = createProject({ ...FILES, ...files })
  const page = await startServer(project, options)
  await page.load(['/main.js'])
  const { api } = page.plugin
  return {
    project,
    page,
    api,
    /** Waits until that many paths wait. */
    async waiting(/** @type {number} */ paths) {
      await waitFor(
        () => api.stats().waiting === paths || undefined,
        () => `${api.stats().waiting} paths wait`,
      )
      // The engine answers once it has told; what it tells comes with the next turn of the event loop.
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve))
    },
    /** Ends the hold, and waits until it is sent. */
    release: () => page.session.hold.end(),
    /** What a page that loads the module now is given. */
    served: async (/** @type {string} */ url, environment = 'client') =>
      (await page.server.environments[environment].transformRequest(url))?.code,
    updates: () => page.sent().filter(({ type }) => type !== 'custom' && type !== 'connected'),
  }
}

it('while held nothing is emitted, hooked or sent, and the release is one update of what is different', async () => {
  /** @type {string[]} */
  const seen = []
  const plugin = {
    name: 'test:sees',
    watchChange: (id, { event }) => void seen.push(`watchChange ${event} ${id}`),
    hotUpdate: ({ type, file }) => void seen.push(`hotUpdate ${type} ${file}`),
  }
  const { project, page, api, waiting, release, updates } = await start({}, { config: { plugins: [plugin] } })
  page.server.watcher.on('all', (event, file) => seen.push(`${event} ${file}`))
  api.hold()
  expect(api.stats()).toMatchObject({ held: true, waiting: 0 })
  project.write('dep.js', "export const dep = 'half'\n")
  await waiting(1)
  project.write('gone.js', '')
  await waiting(2)
  project.remove('gone.js')
  await waiting(1)
  project.write('dep.js', "export const dep = 'new'\n")
  project.write('more.js', '')
  await waiting(2)
  expect({ seen, sent: updates() }).toEqual({ seen: [], sent: [] })

  expect(await release()).toBe(2)
  expect(api.stats()).toMatchObject({ held: false, waiting: 0 })
  expect(updates()).toMatchObject([{ type: 'update', updates: [{ path: '/main.js' }] }])
  const [dep, more] = ['dep.js', 'more.js'].map(project.path)
  expect(seen.filter((line) => !line.startsWith('hotUpdate'))).toEqual([
    `watchChange update ${dep}`,
    `change ${dep}`,
    `watchChange create ${more}`,
    `add ${more}`,
  ])
  expect(page.logged.filter((line) => line.includes('updates '))).toEqual([
    'info: [bino-hmr] updates are held (run `bino release` to let them go on)',
    'info: [bino-hmr] updates go on: 2 files taken in as one change',
  ])
  page.expectNoDifference()

  const update = page.next()
  project.write('dep.js', "export const dep = 'newer'\n")
  expect(await update).toMatchObject({ type: 'update' })
})

it.each(['client', 'ssr'])('a page that is loaded while held gets the new code: %s', async (environment) => {
  const { project, page, api, waiting, served } = await start()
  await page.load(['/main.js'], environment)
  api.hold()
  project.write('dep.js', "export const dep = 'new'\n")
  await waiting(1)
  expect(await served('/dep.js', environment)).toContain('new')
  const module = await page.server.environments[environment].moduleGraph.getModuleByUrl('/dep.js')
  expect(module.lastHMRTimestamp).toBe(0)
})

it.each(['vite', 'vite7'])('ssrLoadModule() while held gives the new code: %s', async (vite) => {
  const { project, page, api, waiting } = await start({}, { vite })
  expect(await page.server.ssrLoadModule('/main.js')).toMatchObject({ main: 'old' })
  api.hold()
  project.write('dep.js', "export const dep = 'new'\n")
  await waiting(1)
  expect(await page.server.ssrLoadModule('/main.js')).toMatchObject({ main: 'new' })
})

it('what could not be resolved is found as soon as it is there, and told at the release', async () => {
  const { project, page, api, waiting, served, release, updates } = await start()
  project.write('main.js', `import './late.js'\n${FILES['main.js']}`)
  await page.next()
  await expect(served('/main.js')).rejects.toThrow('late.js')
  const before = updates().length
  api.hold()
  project.write('late.js', 'export const late = 1\n')
  await waiting(1)
  // Not asked for: the page still shows the error.
  await release()
  // Vite has a module whose import failed accept nothing.
  expect(updates().slice(before)).toMatchObject([{ type: 'full-reload' }])
  expect(await served('/main.js')).toContain('/late.js')
  page.expectNoDifference()
})

const VERSIONS = ['vite', 'vite7']

it.each(VERSIONS)('a page that is loaded while held finds what lies elsewhere now: %s', async (vite) => {
  const { project, api, waiting, served } = await start(
    { 'main.js': "import './dep'\nimport './late.js'\n", 'late.js': 'export const late = 1\n' },
    { vite },
  )
  api.hold()
  project.write('dep.ts', "export const dep: string = 'typescript'\n")
  project.remove('dep.js')
  await waiting(2)
  const main = await served('/main.js')
  expect(main).toContain('/dep.ts')
  project.remove('late.js')
  await waiting(3)
  await expect(served('/main.js')).rejects.toThrow('late.js')
  project.write('late.js', 'export const late = 2\n')
  project.write('mark', '')
  await waiting(4)
  expect(await served('/main.js')).toContain('/late.js')
})

it.each(VERSIONS)('import.meta.glob finds a new file while held: %s', async (vite) => {
  const { project, api, waiting, served } = await start(
    { 'main.js': "export const all = import.meta.glob('./pages/*.js')\n", 'pages/one.js': '' },
    { vite },
  )
  api.hold()
  project.write('pages/two.js', '')
  await waiting(1)
  expect(await served('/main.js')).toContain('two.js')
})

it('a file that goes and comes back still has its place in the graph', async () => {
  const { project, page, api, waiting, release, updates } = await start({
    'dep.js': "import { sub } from './sub.js'\nexport const dep = sub\n",
    'sub.js': 'export const sub = 1\n',
  })
  api.hold()
  project.remove('dep.js')
  await waiting(1)
  project.write('dep.js', "import { sub } from './sub.js'\nexport const dep = sub + 1\n")
  project.write('sub.js', 'export const sub = 2\n')
  await waiting(2)
  await release()
  expect(updates()).toMatchObject([{ type: 'update', updates: [{ path: '/main.js' }] }])
  page.expectNoDifference()
})

it('holding twice is one hold, and a release without one is nothing', async () => {
  const { page, api, release, project, updates } = await start()
  expect(api.release()).toBeUndefined()
  expect(await release()).toBeUndefined()
  expect(api.hold()).toBeUndefined()
  api.hold()
  expect(await release()).toBe(0)
  expect(await release()).toBeUndefined()
  expect(updates()).toEqual([])
  expect(page.logged.filter((line) => line.includes('updates '))).toHaveLength(2)
  const update = page.next()
  project.write('dep.js', "export const dep = 'new'\n")
  expect(await update).toMatchObject({ type: 'update' })
})

it('each of two releases in a row is answered', async () => {
  const { project, api, waiting, release } = await start()
  api.hold()
  project.write('dep.js', "export const dep = 'new'\n")
  await waiting(1)
  const first = release()
  api.hold()
  expect(api.stats().held).toBe(true)
  const second = release()
  expect(await Promise.all([first, second])).toEqual([1, 0])
})

it('a changed config restarts the server at the release', async () => {
  const { project, page, api, waiting } = await start(
    { 'vite.config.js': 'export default { define: { A: 1 } }\n' },
    { config: { configFile: undefined } },
  )
  // The project's own config, found by Vite.
  expect(page.server.config.define).toMatchObject({ A: 1 })
  api.hold()
  project.write('vite.config.js', 'export default { define: { A: 2 } }\n')
  project.write('.env', 'VITE_A=1\n')
  await waiting(2)
  expect(page.server.config.define).toMatchObject({ A: 1 })
  api.release()
  await page.log('server restarted')
  expect(page.server.config.define).toMatchObject({ A: 2 })
  expect(page.logged.filter((line) => line.includes('server restarted'))).toHaveLength(1)
  expect(sessionOf(page.server).hold.isOn).toBe(false)
})

describe.each(VERSIONS)('a restart does not end a hold: %s', (vite) => {
  const HELD = 'info: [bino-hmr] updates are still held (run `bino release` to let them go on)'

  // With `true` Vite makes the new server of another inline config.
  it.each([false, true])('server.restart(%s)', async (forceOptimize) => {
    const { project, page, api, waiting, updates } = await start({}, { vite })
    api.hold()
    project.write('dep.js', "export const dep = 'new'\n")
    await waiting(1)
    await page.server.restart(forceOptimize)
    expect(sessionOf(page.server)).not.toBe(page.session)
    // The reminder is the last word.
    expect(page.logged.slice(-2)).toEqual(['info: server restarted.', HELD])
    expect(api.stats()).toMatchObject({ held: true, waiting: 0 })
    const before = updates().length
    await page.load(['/main.js'])
    project.write('dep.js', "export const dep = 'newer'\n")
    await waiting(1)
    expect(await sessionOf(page.server).hold.end()).toBe(1)
    expect(updates().slice(before)).toMatchObject([{ type: 'update', updates: [{ path: '/main.js' }] }])
  })

  it('nor do several, and each is followed by a reminder', async () => {
    const { page, api } = await start({}, { vite })
    api.hold()
    for (let count = 1; count <= 3; count++) {
      await page.server.restart()
      expect(page.logged.filter((line) => line === HELD)).toHaveLength(count)
      expect(page.logged.at(-1)).toBe(HELD)
    }
    await sessionOf(page.server).hold.end()
    await page.server.restart()
    expect(page.logged.at(-1)).toBe('info: server restarted.')
    expect(api.stats().held).toBe(false)
  })

  it('nor does one that fails', async () => {
    const { project, page, api } = await start(
      { 'vite.config.js': 'export default {}\n' },
      { vite, config: { configFile: undefined } },
    )
    api.hold()
    project.write('vite.config.js', 'export default {\n')
    await page.server.restart()
    expect(page.logged.slice(-2)).toEqual(['error: server restart failed', HELD])
    expect(sessionOf(page.server)).toBe(page.session)
    expect(api.stats().held).toBe(true)
  })

  it('and only one server goes on with it', async () => {
    /** @type {import('vite').ViteDevServer[]} */
    const others = []
    const { createServer } = await import(vite)
    const elsewhere = createProject(FILES)
    const { page, api } = await start(
      {},
      {
        vite,
        config: {
          plugins: [
            {
              name: 'test:another-server',
              async configureServer() {
                others.push(
                  await createServer({
                    root: elsewhere.root,
                    configFile: false,
                    logLevel: 'silent',
                    server: { middlewareMode: true },
                    plugins: [binoHmr()],
                  }),
                )
              },
            },
          ],
        },
      },
    )
    onTestFinished(() => Promise.all(others.map((other) => other.close())).then(() => {}))
    api.hold()
    await page.server.restart()
    expect(others.map((other) => sessionOf(other).hold.isOn)).toEqual([false, false])
    expect(sessionOf(page.server).hold.isOn).toBe(true)
  })
})

it('close() while held ends cleanly, and the next server with the same config is not held', async () => {
  const { project, page, api, waiting } = await start()
  api.hold()
  project.write('dep.js', "export const dep = 'new'\n")
  await waiting(1)
  const releasing = page.session.hold.end()
  await page.server.close()
  expect(await releasing).toBe(0)
  expect(api.stats()).toBeUndefined()
  api.hold()
  api.release()
})

it('an engine that fails while held reloads the pages, and the hold is over', async () => {
  const { project, page, api, waiting } = await start()
  api.hold()
  project.write('dep.js', "export const dep = 'new'\n")
  await waiting(1)
  const reload = page.next()
  page.session.engine.fault()
  expect(await reload).toMatchObject({ type: 'full-reload' })
  expect(page.session.hold.isOn).toBe(false)
  api.hold()
  const update = page.next()
  await waitFor(
    () => page.server.watcher.getWatched()[project.root]?.includes('dep.js') || undefined,
    () => 'chokidar does not watch the root',
  )
  await page.load(['/main.js'])
  project.write('dep.js', "export const dep = 'newer'\n")
  expect(await update).toMatchObject({ type: 'update' })
})

it('agents that write for two seconds are one update', async () => {
  const names = Array.from({ length: 40 }, (_, n) => `src/m${n}.js`)
  const content = (/** @type {string} */ name, /** @type {number} */ version) =>
    `export const name = '${name} ${version}'\nimport.meta.hot.accept()\n`
  const { project, page, api, waiting, release, updates } = await start(
    Object.fromEntries(names.map((name) => [name, content(name, 0)])),
  )
  await page.load(names.map((name) => `/${name}`))
  api.hold()
  const end = performance.now() + 2000
  for (let n = 0; n < names.length || performance.now() < end; n++) {
    project.write(names[n % names.length], content(names[n % names.length], n))
    if (n % 7 === 0) project.write(`src/scratch/${n}.tmp.js`, '')
    // An agent's own time between two files.
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  project.remove('src/scratch')
  // What was written before this one is known when this is: nothing comes late, as an update of its own.
  project.write('src/last.js', '')
  await waiting(names.length + 1)
  expect(updates()).toEqual([])
  expect(await release()).toBe(names.length + 1)
  expect(updates()).toHaveLength(1)
  expect(updates()[0].updates).toHaveLength(names.length)
  page.expectNoDifference()
})
