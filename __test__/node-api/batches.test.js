import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { inOneGo } from '../support/project.js'
import { createProject, show, watchProject, within } from './support.js'

it('a file that is created, written and deleted', async () => {
  const { project, seen } = await watchProject({ 'a.txt': '1' })
  project.put('b.txt', '1')
  await seen.until('create file b.txt')
  project.put('a.txt', '2')
  await seen.until('update file a.txt')
  project.remove('a.txt')
  await seen.until('delete file a.txt')
  expect(seen.changes).toEqual(['create file b.txt', 'update file a.txt', 'delete file a.txt'])
})

it('batches have epochs that grow, absolute paths with /, and nothing else', async () => {
  const { project, seen } = await watchProject({})
  project.put('a.txt', '1')
  await seen.until('create file a.txt')
  expect(seen.batches[0]).toEqual({
    epoch: 1,
    changes: [{ kind: 'create', path: `${project.root.replaceAll(path.sep, '/')}/a.txt`, type: 'file' }],
    rescan: false,
  })
  project.remove('a.txt')
  await seen.until('delete file a.txt')
  expect(seen.batches[1].epoch).toBe(2)
})

it('a folder stands before what is created in it and after what is deleted in it', async () => {
  const { project, seen } = await watchProject({})
  project.put('folder/deep/a.txt', '1')
  expect(await seen.until('create file folder/deep/a.txt')).toEqual([
    'create directory folder',
    'create directory folder/deep',
    'create file folder/deep/a.txt',
  ])
  project.remove('folder')
  expect((await seen.until('delete directory folder')).slice(3)).toEqual([
    'delete file folder/deep/a.txt',
    'delete directory folder/deep',
    'delete directory folder',
  ])
})

it('an atomic save is one update', () =>
  inOneGo(1, async (swiftly) => {
    const { project, seen } = await watchProject({ 'a.txt': '1' })
    swiftly(() => {
      writeFileSync(project.path('.a.txt.part'), '2')
      renameSync(project.path('.a.txt.part'), project.path('a.txt'))
    })
    expect(await seen.until('update file a.txt')).toEqual(['update file a.txt'])
  }))

it('a burst with a debounce is one batch', async () => {
  const { project, seen } = await watchProject({}, { debounce: 3000 })
  for (let count = 0; count < 50; count++) project.write(`${count}.txt`, '1')
  await seen.until('create file 49.txt')
  expect(seen.batches).toHaveLength(1)
  expect(seen.batches[0].changes).toHaveLength(50)
})

it('what is there at the start is no change, and nothing after ready is lost', async () => {
  const project = createProject({ 'old.txt': '1' })
  const watcher = createWatcher({ root: project.root })
  onTestFinished(() => watcher.close())
  await watcher.ready
  project.put('new.txt', '1')
  const { value } = await within(watcher[Symbol.asyncIterator]().next(), 'the first batch')
  expect(show(value.changes, project.root)).toEqual(['create file new.txt'])
})

it('ignored paths are not watched; .git and node_modules never are, unless they are taken back in', async () => {
  const files = {
    '.git/HEAD': '',
    'node_modules/x/a.js': '',
    'dist/a.js': '',
    'src/dist/a.js': '',
    'tmp/a': '',
  }
  const { watcher, project, seen } = await watchProject(files, { ignore: ['dist', '**/tmp/**', '*.log'] })
  // The root, src and src/dist.
  expect(watcher.stats().directories).toBe(3)
  for (const file of Object.keys(files)) project.put(file, 'written')
  project.put('a.log', '')
  project.put('src/a.log', '')
  await seen.until('create file src/a.log')
  expect(seen.changes.toSorted()).toEqual(['create file src/a.log', 'update file src/dist/a.js'])

  const all = createWatcher({ root: project.root, ignore: ['!**/node_modules/**'] })
  onTestFinished(() => all.close())
  await all.ready
  expect(all.stats().files).toBe(Object.keys(files).length + 2 - 1)
})

it('globs are about what is below the root, whatever its own path is', async () => {
  const project = createProject({ 'node_modules/[pkg]/dist/a.js': '', 'node_modules/[pkg]/dist/b/a.js': '' })
  const watcher = createWatcher({
    root: project.path('node_modules/[pkg]/dist'),
    ignore: ['**/dist/**', 'b/**'],
  })
  onTestFinished(() => watcher.close())
  await watcher.ready
  expect(watcher.stats()).toMatchObject({ directories: 1, files: 1 })
})

it.each([
  ['a path', ['b'], ['root', 'c']],
  ['a path with an end', ['b/'], ['root', 'c']],
  ['a path with signs', ['(b)?', 'b'], ['root', 'c']],
  ['a glob', ['{b,c}/**'], ['root']],
  ['a negated path', ['*', '!c'], ['root', 'c']],
])('%s is below a root with signs in its name', async (_name, ignore, directories) => {
  const project = createProject({ '[id] {x}/a.js': '', '[id] {x}/b/a.js': '', '[id] {x}/c/a.js': '' })
  const watcher = createWatcher({ root: project.path('[id] {x}'), ignore })
  onTestFinished(() => watcher.close())
  await watcher.ready
  expect(watcher.stats()).toMatchObject({ directories: directories.length })
})

it('polling finds the same without a watch', async () => {
  const { project, watcher, seen } = await watchProject({ 'a.txt': '1' }, { poll: { interval: 10 } })
  expect(watcher.stats()).toMatchObject({ directories: 1, files: 1, watches: 0 })
  project.put('folder/b.txt', '1')
  await seen.until('create file folder/b.txt')
  project.put('a.txt', '22')
  await seen.until('update file a.txt')
  project.remove('folder')
  await seen.until('delete directory folder')
})

it('a root that is deleted and made again is watched again', async () => {
  const { project, seen } = await watchProject({ 'a.txt': '1' })
  rmSync(project.root, { recursive: true })
  await seen.until('delete file a.txt')
  mkdirSync(project.root)
  project.put('b.txt', '1')
  await seen.until('create file b.txt')
})

it('two watchers on one root see the same', async () => {
  const { project, seen } = await watchProject({})
  const other = createWatcher({ root: project.root })
  onTestFinished(() => other.close())
  await other.ready
  const [batch] = await Promise.all([
    within(other[Symbol.asyncIterator]().next(), 'the batch of the other'),
    seen.until('create file a.txt'),
    project.put('a.txt', '1'),
  ])
  expect(show(batch.value.changes, project.root)).toEqual(seen.changes)
})

it('stats are zeros until it is ready, then figures', async () => {
  const project = createProject({ 'a.txt': '1', 'b/c.txt': '1' })
  const watcher = createWatcher({ root: project.root })
  onTestFinished(() => watcher.close())
  await watcher.ready
  const stats = watcher.stats()
  expect(stats).toEqual({
    directories: 2,
    files: 2,
    watches: expect.any(Number),
    epoch: 0,
    pending: 0,
    scan: expect.any(Number),
    held: false,
    waiting: 0,
  })
  expect(stats.scan).toBeGreaterThan(0)
})
