import { once } from 'node:events'
import { expect, it } from 'vitest'
import { createNativeWatcher } from '../../js/native.js'
import { createProject, show, waitFor, watchProject, within } from './support.js'

/**
 * Waits until the engine has closed this many transactions, without taking any.
 *
 * @param {{ stats: () => { epoch: number } }} watcher
 * @param {number} epoch
 */
const untilEpoch = (watcher, epoch) =>
  waitFor(
    () => watcher.stats().epoch >= epoch || undefined,
    () => `epoch ${watcher.stats().epoch}`,
  )

it('a busy loop gets all that it missed as one net batch', async () => {
  const { project, watcher } = await watchProject({ 'a.txt': '1' })
  const loop = watcher[Symbol.asyncIterator]()
  project.put('first.txt', '1')
  await within(loop.next(), 'the first batch')

  // The loop's body is busy; each of these is a transaction of its own.
  project.put('a.txt', '2')
  await untilEpoch(watcher, 2)
  project.put('new.txt', '1')
  await untilEpoch(watcher, 3)
  project.put('gone.txt', '1')
  await untilEpoch(watcher, 4)
  project.remove('gone.txt')
  await untilEpoch(watcher, 5)
  project.put('new.txt', '2')
  await untilEpoch(watcher, 6)
  project.remove('a.txt')
  await untilEpoch(watcher, 7)

  const { value } = await within(loop.next(), 'the merged batch')
  expect(value.epoch).toBe(7)
  expect(show(value.changes, project.root)).toEqual(['delete file a.txt', 'create file new.txt'])
})

it('break ends a loop, and the next one begins with what came in between', async () => {
  const { project, watcher } = await watchProject({})
  project.put('a.txt', '1')
  for await (const { changes } of watcher) {
    expect(show(changes, project.root)).toEqual(['create file a.txt'])
    break
  }
  project.put('b.txt', '1')
  await untilEpoch(watcher, 2)
  project.put('c.txt', '1')
  await untilEpoch(watcher, 3)
  for await (const { changes } of watcher) {
    expect(show(changes, project.root)).toEqual(['create file b.txt', 'create file c.txt'])
    break
  }
})

it('what nobody takes is held for a listener, too', async () => {
  const { project, watcher } = await watchProject({})
  project.put('a.txt', '1')
  await untilEpoch(watcher, 1)
  const [batch] = await within(once(watcher, 'batch'), 'what was held')
  expect(show(batch.changes, project.root)).toEqual(['create file a.txt'])
  project.put('b.txt', '1')
  await untilEpoch(watcher, 2)
  const [next] = await within(once(watcher, 'batch'), 'what came between two listeners')
  expect(show(next.changes, project.root)).toEqual(['create file b.txt'])
})

it('two loops and a listener each see every batch', async () => {
  const { project, watcher, seen } = await watchProject({})
  const loops = [watcher[Symbol.asyncIterator](), watcher[Symbol.asyncIterator]()]
  for (const file of ['a.txt', 'b.txt', 'c.txt']) {
    const batches = Promise.all(loops.map((loop) => loop.next()))
    const told = seen.until(`create file ${file}`)
    project.put(file, '1')
    for (const { value } of await within(batches, file)) {
      expect(show(value.changes, project.root)).toEqual([`create file ${file}`])
    }
    await told
  }
})

it('several calls of next() are answered in turn', async () => {
  const { project, watcher } = await watchProject({})
  const loop = watcher[Symbol.asyncIterator]()
  const answers = [loop.next(), loop.next(), loop.next()]
  project.put('a.txt', '1')
  expect((await within(answers[0], 'a')).value.epoch).toBe(1)
  project.put('b.txt', '1')
  expect((await within(answers[1], 'b')).value.epoch).toBe(2)
  await loop.return()
  expect(await answers[2]).toEqual({ done: true, value: undefined })
  expect(await loop.next()).toEqual({ done: true, value: undefined })
})

it('a slow loop over thousands of changes ends with the tree that is on disk', async () => {
  const { project, watcher } = await watchProject({})
  const known = new Set()
  const expected = new Set()
  for (let count = 0; count < 2000; count++) {
    const file = `${(count * 7) % 100}.txt`
    if (expected.delete(file)) project.remove(file)
    else {
      expected.add(file)
      project.write(file, String(count))
    }
    // Gives way now and then, so that there are several transactions.
    if (count % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  project.put('last', '')
  for await (const { changes } of watcher) {
    for (const { kind, path } of changes) {
      const file = path.slice(project.root.length + 1)
      if (kind === 'create') expect(known.has(file), `${file} is new`).toBe(false)
      else expect(known.has(file), `${file} is known`).toBe(true)
      if (kind === 'delete') known.delete(file)
      else known.add(file)
    }
    if (known.has('last')) break
  }
  expect([...known].toSorted()).toEqual([...expected, 'last'].toSorted())
})

it('the event loop is woken only while somebody waits', async () => {
  const project = createProject({})
  let wakes = 0
  const options = { roots: [project.root], extra: [], ignore: [], alwaysIgnore: [], threads: 1 }
  const native = createNativeWatcher(
    /** @type {import('../../js/native.js').EngineOptions} */ ({
      depth: undefined,
      debounce: undefined,
      poll: undefined,
      ...options,
    }),
    [],
    () => wakes++,
  )
  try {
    await waitFor(
      () => native.news().ready || undefined,
      () => 'ready',
    )
    for (let epoch = 1; epoch <= 20; epoch++) {
      project.put(`${epoch}.txt`, '1')
      await untilEpoch(native, epoch)
    }
    expect(wakes).toBe(0)

    native.waitFor(true, true)
    project.put('21.txt', '1')
    await waitFor(
      () => wakes || undefined,
      () => 'the wake-up',
    )
    project.put('22.txt', '1')
    await untilEpoch(native, 22)
    // Nobody has looked since: no second wake-up is needed to know.
    expect(wakes).toBe(1)
    expect(native.take(native.openFeed())?.changes).toHaveLength(22)
  } finally {
    await native.close()
  }
})
