import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { createProject, show, waitFor, watchProject, within } from './support.js'

/**
 * Waits until that many paths wait.
 *
 * @param {import('../../index.d.ts').Watcher} watcher
 * @param {number} paths
 */
const waiting = (watcher, paths) =>
  waitFor(
    () => watcher.stats().waiting === paths || undefined,
    () => JSON.stringify(watcher.stats()),
  )

it('what is held comes as one batch at the release: what is different in the end', async () => {
  const { project, watcher, seen } = await watchProject({ 'a.js': '1', 'b.js': '1' })
  expect(seen.batches).toEqual([])
  watcher.hold()
  expect(watcher.stats()).toMatchObject({ held: true, waiting: 0 })
  project.put('a.js', '2')
  await waiting(watcher, 1)
  project.put('gone.js', '')
  await waiting(watcher, 2)
  project.remove('gone.js')
  await waiting(watcher, 1)
  project.remove('b.js')
  await waiting(watcher, 2)
  expect(seen.batches).toEqual([])
  watcher.release()
  await seen.until('delete file b.js')
  expect(seen.batches).toEqual([expect.objectContaining({ epoch: 1, rescan: false })])
  expect(seen.changes).toEqual(['update file a.js', 'delete file b.js'])
  expect(watcher.stats()).toMatchObject({ held: false, waiting: 0 })
  project.put('a.js', '3')
  await waitFor(
    () => seen.batches.length === 2 || undefined,
    () => seen.changes.join(),
  )
})

it('a loop waits while held, and nothing comes when nothing is different', async () => {
  const { project, watcher } = await watchProject({ 'a.js': '1' })
  const loop = watcher[Symbol.asyncIterator]()
  const next = loop.next()
  watcher.hold()
  watcher.hold()
  project.put('new.js', '')
  await waiting(watcher, 1)
  project.remove('new.js')
  await waiting(watcher, 0)
  watcher.release()
  await waitFor(
    () => !watcher.stats().held || undefined,
    () => 'still held',
  )
  project.put('a.js', '2')
  const { value } = await within(next, 'a batch')
  expect(show(value.changes, project.root)).toEqual(['update file a.js'])
  expect(value.epoch).toBe(1)
})

it('with entries the graph waits, and is up to date with the one update', async () => {
  const { project, watcher } = await watchProject(
    { 'main.js': "import './a.js'\n", 'a.js': "import './b.js'\nimport.meta.hot.accept()\n", 'b.js': '' },
    { entries: ['main.js'] },
  )
  const loop = watcher[Symbol.asyncIterator]()
  const next = loop.next()
  const modules = async () =>
    (await watcher.graph()).modules.map(({ path }) => path.slice(project.root.length + 1))
  watcher.hold()
  project.put('c.js', '')
  await waiting(watcher, 1)
  project.put('b.js', "import './c.js'\n")
  await waiting(watcher, 2)
  expect(await modules()).toEqual(['a.js', 'b.js', 'main.js'])
  watcher.release()
  const { value } = await within(next, 'an update')
  expect(value.epoch).toBe(1)
  expect(value.changes).toHaveLength(2)
  expect(value.boundaries.map(({ boundary }) => boundary)).toEqual([project.path('a.js')])
  expect(await modules()).toEqual(['a.js', 'b.js', 'c.js', 'main.js'])
})

it('close() while held ends cleanly, and afterwards both do nothing', async () => {
  const { project, watcher } = await watchProject({ 'a.js': '1' })
  watcher.hold()
  project.put('a.js', '2')
  await waiting(watcher, 1)
  await within(watcher.close(), 'close')
  watcher.hold()
  watcher.release()
  expect(() => watcher.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
})

it('a hold before it is ready counts', async () => {
  const project = createProject({ 'a.js': '1' })
  const watcher = createWatcher({ root: project.root })
  onTestFinished(() => watcher.close())
  watcher.hold()
  await watcher.ready
  await waitFor(
    () => watcher.stats().held || undefined,
    () => 'not held',
  )
})
