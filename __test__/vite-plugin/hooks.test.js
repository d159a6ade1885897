import { expect, it } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const FILES = {
  'main.js': "import './a.js'\nimport './b.js'\n",
  'a.js': 'export const a = 1\nimport.meta.hot.accept()\n',
  'b.js': 'export const b = 1\nimport.meta.hot.accept()\n',
  'leaf.js': 'export const leaf = 1\n',
}

it('a hook that throws becomes an error payload, and the other file of the transaction is updated', async () => {
  const { project, page } = await open({
    name: 'test:throws',
    hotUpdate({ file }) {
      if (file.endsWith('/a.js')) throw new Error('no luck with a.js')
    },
  })
  const error = page.next((payload) => payload.type === 'error')
  const update = page.next((payload) => payload.type === 'update')
  await editTogether(page, project, 'a.js', 'b.js')
  expect(/** @type {any} */ (await error).err.message).toBe('no luck with a.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
  page.expectNoDifference()
})

it('a hook that hangs holds back neither the other files of its transaction nor later saves', async () => {
  /** @type {() => void} */
  let release = () => {}
  const hung = new Promise((resolve) => {
    release = () => resolve(undefined)
  })
  const { project, page } = await open({
    name: 'test:hangs',
    async hotUpdate({ file }) {
      if (file.endsWith('/a.js')) await hung
    },
  })
  const first = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(pathsOf(await first)).toEqual(['/b.js'])
  const second = page.next()
  edit(project, 'b.js')
  expect(pathsOf(await second)).toEqual(['/b.js'])
  const late = page.next()
  release()
  expect(pathsOf(await late)).toEqual(['/a.js'])
  expect(await page.log('still at work on')).toContain(project.path('a.js'))
})

it('a busy event loop makes no hook a hanging one', async () => {
  let isFirst = true
  const { project, page } = await open({
    name: 'test:busy',
    async hotUpdate() {
      if (!isFirst) return
      isFirst = false
      // Nothing else runs for longer than hooks are waited for, and then this one has ended.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500)
      await new Promise((resolve) => setImmediate(resolve))
    },
  })
  const update = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(pathsOf(await update)).toEqual(['/a.js', '/b.js'])
  expect(page.logged.filter((line) => line.includes('still at work on'))).toEqual([])
})

it('a hook that answers with no array gets what stock Vite makes of it', async () => {
  const { project, page } = await open({
    name: 'test:number',
    hotUpdate: ({ file }) => (file.endsWith('/a.js') ? /** @type {any} */ (5) : undefined),
  })
  const error = page.next((payload) => payload.type === 'error')
  edit(project, 'a.js')
  await error
  expect(page.logged.filter((line) => line.includes('bino-hmr'))).toEqual([])
})

it('a hook that restarts the server in the middle of a transaction leaves a server that works', async () => {
  let restarts = 0
  const { project, page } = await open({
    name: 'test:restarts',
    async hotUpdate({ file, server }) {
      if (file.endsWith('/a.js') && restarts++ === 0) await server.restart()
    },
  })
  await editTogether(page, project, 'a.js', 'b.js')
  await page.log('server restarted')
  await page.load(['/main.js'])
  const update = page.next()
  edit(project, 'b.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
})

it('a watchChange hook that rejects ends the pass of its file and is logged', async () => {
  const { project, page } = await open({
    name: 'test:rejects',
    async watchChange(id) {
      if (id.endsWith('/a.js')) throw new Error('cannot watch a.js')
    },
  })
  const update = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
  await page.log('cannot watch a.js')
  expect(page.plugin.api.stats()?.transactions).toBe(0)
})

it('a reload that a plugin sends during a pass takes the place of the update', async () => {
  const { project, page } = await open({
    name: 'test:reloads',
    hotUpdate({ file }) {
      if (file.endsWith('/a.js')) this.environment.hot.send({ type: 'full-reload', path: '*' })
    },
  })
  const payload = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(await payload).toEqual({ type: 'full-reload', path: '*' })
  await nextSave(project, page)
  expect(page.sent().filter(({ type }) => type === 'full-reload')).toHaveLength(1)
})

it('a tsconfig reloads once, merged with the update of the same transaction', async () => {
  const { project, page } = await open()
  const payload = page.next()
  await together(page, 2, () => {
    project.write('tsconfig.json', '{}')
    edit(project, 'a.js')
  })
  expect(await payload).toEqual({ type: 'full-reload', path: '*' })
  await page.load(['/main.js'])
  await nextSave(project, page)
  expect(page.sent().filter(({ type }) => type === 'full-reload')).toHaveLength(1)
})

it("a user's own hotUpdateEnvironments decides which environments are updated", async () => {
  /** @type {string[]} */
  const asked = []
  const project = createProject(FILES)
  const page = await startServer(project, {
    config: {
      server: {
        async hotUpdateEnvironments(server, hmr) {
          asked.push(...Object.keys(server.environments))
          await hmr(server.environments.client)
        },
      },
    },
  })
  await page.load(['/main.js'])
  await page.load(['/main.js'], 'ssr')
  const update = page.next()
  edit(project, 'a.js')
  expect(pathsOf(await update)).toEqual(['/a.js'])
  expect(asked).toEqual(['client', 'ssr'])
  expect(page.sent('ssr')).toEqual([])
})

it('both environments are sent their own update', async () => {
  const { project, page } = await open()
  await page.load(['/leaf.js', '/main.js'], 'ssr')
  const ssr = page.next(undefined, 'ssr')
  const client = page.next()
  edit(project, 'a.js')
  expect(pathsOf(await client)).toEqual(['/a.js'])
  expect(pathsOf(await ssr)).toEqual(['/a.js'])
  page.expectNoDifference()
})

it('a hotUpdate hook may take modules away and add others', async () => {
  const { project, page } = await open({
    name: 'test:swaps',
    hotUpdate({ file, modules }) {
      if (!file.endsWith('/a.js')) return
      const other = this.environment.moduleGraph.getModulesByFile(file.replace('/a.js', '/b.js'))
      return [...modules.filter((module) => module.file !== file), ...(other ?? [])]
    },
  })
  const update = page.next()
  edit(project, 'a.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
  page.expectNoDifference()
})

it('a legacy handleHotUpdate hook filters modules', async () => {
  const { project, page } = await open({
    name: 'test:legacy',
    handleHotUpdate({ file }) {
      if (file.endsWith('/a.js')) return []
    },
  })
  edit(project, 'a.js')
  await nextSave(project, page)
  expect(page.sent().flatMap(pathsOf)).toEqual(['/b.js'])
  page.expectNoDifference()
})

it("a plugin's own emit on the watcher takes Vite's own path", async () => {
  const { project, page } = await open({
    name: 'test:emits',
    hotUpdate({ file, server }) {
      if (this.environment.name !== 'client' || !file.endsWith('/a.js')) return
      server.watcher.emit('change', file.replace('/a.js', '/b.js'))
    },
  })
  edit(project, 'a.js')
  await waitFor(
    () => (page.sent().flatMap(pathsOf).length >= 2 ? true : undefined),
    () => JSON.stringify(page.sent()),
  )
  expect(page.sent().flatMap(pathsOf).sort()).toEqual(['/a.js', '/b.js'])
})

it('a listener of the watcher that throws does not swallow the events of other files', async () => {
  const { project, page } = await open({
    name: 'test:listener',
    configureServer(server) {
      server.watcher.on('change', (file) => {
        if (file.endsWith('a.js')) throw new Error('listener broke')
      })
    },
  })
  const update = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(pathsOf(await update)).toEqual(['/a.js', '/b.js'])
  await page.log('listener broke')
})

it('what a plugin changes on a module directly is seen', async () => {
  const { project, page } = await open()
  const module = await page.server.environments.client.moduleGraph.getModuleByUrl('/a.js')
  const first = page.next()
  edit(project, 'a.js')
  expect(pathsOf(await first)).toEqual(['/a.js'])
  await page.load(['/main.js'])
  module.isSelfAccepting = false
  const second = page.next()
  edit(project, 'a.js')
  expect(await second).toMatchObject({ type: 'full-reload' })
  page.expectNoDifference()
})

it('a listener that throws before Vite hears of a file holds back no other file', async () => {
  const { project, page } = await open({
    name: 'test:first',
    configureServer(server) {
      server.watcher.prependListener('change', (file) => {
        if (file.endsWith('a.js')) throw new Error('listener broke')
      })
    },
  })
  const update = page.next()
  await editTogether(page, project, 'a.js', 'b.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
  expect(page.plugin.api.stats()?.transactions).toBe(0)
})

it('a hook that answers with nodes of the mixed graph gets what stock Vite makes of them', async () => {
  const { project, page } = await open({
    name: 'test:mixed',
    hotUpdate({ file, server }) {
      if (!file.endsWith('/a.js') || this.environment.name !== 'client') return
      return /** @type {any} */ ([...server.moduleGraph.getModulesByFile(file)])
    },
  })
  const error = page.next((payload) => payload.type !== 'custom')
  edit(project, 'a.js')
  await error
  await nextSave(project, page)
})

it('a reload sent by code that outlived its server goes through', async () => {
  /** @type {() => void} */
  let goOn = () => {}
  const restarted = new Promise((resolve) => {
    goOn = () => resolve(undefined)
  })
  let restarts = 0
  const { project, page } = await open({
    name: 'test:outlives',
    async hotUpdate({ file, server }) {
      if (!file.endsWith('/a.js') || restarts++ > 0) return
      await server.restart()
      await restarted
      server.environments.client.hot.send({ type: 'full-reload', path: '*' })
    },
  })
  edit(project, 'a.js')
  await page.log('server restarted')
  const reload = page.next()
  goOn()
  expect(await reload).toEqual({ type: 'full-reload', path: '*' })
})

/** @param {import('vite').Plugin} [plugin] */
async function open(plugin) {
  const project = createProject(FILES)
  const page = await startServer(project, { config: { plugins: plugin ? [plugin] : [] } })
  await page.load(['/main.js'])
  return { project, page }
}

let edits = 0

/**
 * @param {ReturnType<typeof createProject>} project
 * @param {string} file
 */
const edit = (project, file) => project.write(file, `${FILES[file]}// edit ${++edits}\n`)

/**
 * Edits files in one transaction.
 *
 * @param {Awaited<ReturnType<typeof startServer>>} page
 * @param {ReturnType<typeof createProject>} project
 * @param {string[]} files
 */
const editTogether = (page, project, ...files) =>
  together(page, files.length, () => {
    for (const file of files) edit(project, file)
  })

/**
 * Does something that ends in one transaction, held until all of it is there: what a debounce gathers is up to the machine,
 * which may stop us between two saves for longer than that.
 *
 * @param {Awaited<ReturnType<typeof startServer>>} page
 * @param {number} paths how many change
 * @param {() => void} act
 */
async function together(page, paths, act) {
  const { api } = page.plugin
  api.hold()
  act()
  await waitFor(
    () => api.stats()?.waiting === paths || undefined,
    () => `${api.stats()?.waiting} of ${paths} wait`,
  )
  api.release()
}

/**
 * Saves `b.js` and waits for its payload: whatever an earlier save would have sent has been sent by then.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {Awaited<ReturnType<typeof startServer>>} page
 */
async function nextSave(project, page) {
  await page.load(['/main.js'])
  const update = page.next()
  edit(project, 'b.js')
  expect(pathsOf(await update)).toEqual(['/b.js'])
}

/** @param {import('vite').HotPayload} payload */
function pathsOf(payload) {
  return payload.type === 'update' ? payload.updates.map(({ path }) => path) : []
}
