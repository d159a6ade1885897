import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { createProject, show, waitFor, within } from './support.js'

const FILES = {
  'main.js': "import './a.js'\n",
  'a.js': "import './b.js'\nimport.meta.hot.accept()\n",
  'b.js': 'export const b = 1\n',
}

/**
 * @param {import('../support/project.js').Files} files
 * @param {string[]} [entries]
 */
async function start(files, entries = ['main.js']) {
  const project = createProject(files)
  const watcher = createWatcher({ root: project.root, entries })
  onTestFinished(() => watcher.close())
  await watcher.ready
  const updates = watcher[Symbol.asyncIterator]()
  return {
    project,
    watcher,
    /** @returns {Promise<import('../../index.d.ts').WatcherUpdate>} */
    next: async () => (await within(updates.next(), 'an update')).value,
    epoch: (/** @type {number} */ epoch) =>
      waitFor(
        () => watcher.stats().epoch >= epoch || undefined,
        () => `epoch ${watcher.stats().epoch}`,
      ),
  }
}

it('an update says who accepts a change, and by which way it came there', async () => {
  const { project, next } = await start(FILES)
  project.put('b.js', 'export const b = 2\n')
  const [a, b] = [project.path('a.js'), project.path('b.js')]
  expect(await next()).toEqual({
    epoch: 1,
    changes: [{ kind: 'update', path: b, type: 'file' }],
    rescan: false,
    boundaries: [{ boundary: a, acceptedVia: a, isWithinCircularImport: false, chain: [b, a] }],
    deadEnds: [],
    affected: [b, a],
    diagnostics: [],
  })
})

it('a change that nobody accepts is a dead end with its chain', async () => {
  const { project, next } = await start({ ...FILES, 'a.js': "import './b.js'\n" })
  project.put('b.js', 'export const b = 2\n')
  const { boundaries, deadEnds } = await next()
  expect(boundaries).toEqual([])
  expect(deadEnds).toEqual([{ chain: ['b.js', 'a.js', 'main.js'].map(project.path) }])
})

it('a broken file and an import that leads nowhere are diagnostics', async () => {
  const { project, next } = await start(FILES)
  project.put('b.js', 'export const b =\n}\n')
  const broken = await next()
  expect(broken.diagnostics).toMatchObject([
    { file: project.path('b.js'), line: 2, severity: 'error', code: 'BINO_SCAN_SYNTAX' },
  ])
  project.put('b.js', 'import "./nowhere.js"\n')
  const lost = await next()
  expect(lost.diagnostics).toMatchObject([
    { file: project.path('b.js'), line: 1, column: 8, specifier: './nowhere.js' },
  ])
  expect(lost.diagnostics[0].tried).toContain(project.path('nowhere.js'))
})

it('an entry that is not there is a diagnostic, too', async () => {
  const { project, watcher } = await start(FILES, ['main.js', 'missing.js'])
  const { diagnostics } = await watcher.graph()
  expect(diagnostics).toMatchObject([{ file: project.path('missing.js'), severity: 'error' }])
})

it('the graph is that of the disk', async () => {
  const { project, watcher } = await start(FILES)
  const [main, a, b] = ['main.js', 'a.js', 'b.js'].map(project.path)
  const { modules, diagnostics } = await watcher.graph()
  const common = { isEntry: false, isSelfAccepting: false, acceptedDeps: [] }
  expect(modules).toEqual([
    { ...common, path: a, url: '/a.js', isSelfAccepting: true, importers: [main], imports: [b] },
    { ...common, path: b, url: '/b.js', importers: [a], imports: [] },
    { ...common, path: main, url: '/main.js', isEntry: true, importers: [], imports: [a] },
  ])
  expect(diagnostics).toEqual([])
})

it('a busy loop gets several updates as one', async () => {
  const { project, next, epoch } = await start(FILES)
  project.put('b.js', 'export const b = 2\n')
  await next()
  project.put('b.js', 'export const b = 3\n')
  await epoch(2)
  project.put('main.js', "import './a.js'\n// written\n")
  await epoch(3)
  const { changes, boundaries, deadEnds, affected } = await next()
  expect(show(changes, project.root)).toEqual(['update file b.js', 'update file main.js'])
  expect(boundaries.map(({ boundary }) => boundary)).toEqual([project.path('a.js')])
  expect(deadEnds).toEqual([{ chain: [project.path('main.js')] }])
  expect(affected).toEqual(['b.js', 'a.js', 'main.js'].map(project.path))
})

it('a busy loop is not told of what was mended meanwhile', async () => {
  const { project, next, epoch } = await start(FILES)
  project.put('b.js', 'export const b = 2\n')
  await next()
  project.put('b.js', 'import "./late.js"\n')
  await epoch(2)
  project.put('a.js', 'import "./b.js"\nimport "./never.js"\n')
  await epoch(3)
  project.put('late.js', '')
  await epoch(4)
  const { changes, diagnostics } = await next()
  expect(show(changes, project.root)).toEqual(['update file b.js', 'update file a.js', 'create file late.js'])
  expect(diagnostics).toMatchObject([{ file: project.path('a.js'), specifier: './never.js' }])
})

it('listeners get the batch and the update of each transaction', async () => {
  const { project, watcher } = await start(FILES)
  /** @type {string[]} */
  const events = []
  watcher.on('batch', ({ epoch }) => events.push(`batch ${epoch}`))
  watcher.on('update', ({ epoch, boundaries }) => events.push(`update ${epoch}: ${boundaries.length}`))
  project.put('b.js', 'export const b = 2\n')
  await waitFor(
    () => events.length >= 2 || undefined,
    () => events.join(),
  )
  expect(events).toEqual(['batch 1', 'update 1: 1'])
})

it('many who ask for the graph are answered together, also while it closes', async () => {
  const { watcher } = await start(FILES)
  const asked = Array.from({ length: 20 }, () => watcher.graph())
  for (const { modules } of await within(Promise.all(asked), 'twenty graphs')) expect(modules).toHaveLength(3)
  const late = Array.from({ length: 20 }, () => watcher.graph())
  const closing = watcher.close()
  for (const result of await within(Promise.allSettled(late), 'answers')) {
    if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'BINO_ENGINE_CLOSED' })
  }
  await closing
  await expect(watcher.graph()).rejects.toMatchObject({ code: 'BINO_ENGINE_CLOSED' })
})
