import { Worker } from 'node:worker_threads'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { ourThreads } from '../support/threads.js'
import { createProject, PACKAGE, runScript, waitFor, watchProject, within } from './support.js'

it('close is idempotent, ends loops, and is the last event', async () => {
  const { project, watcher } = await watchProject({})
  /** @type {string[]} */
  const events = []
  for (const event of /** @type {const} */ (['batch', 'error', 'close']))
    watcher.on(event, () => events.push(event))
  const loop = watcher[Symbol.asyncIterator]()
  const waiting = loop.next()
  project.write('a.txt', '1')
  const closing = watcher.close()
  expect(watcher.close()).toBe(closing)
  expect(await waiting).toEqual({ done: true, value: undefined })
  await closing
  expect(events).toEqual(['close'])
  expect(await loop.next()).toEqual({ done: true, value: undefined })
  for await (const _ of watcher) expect.unreachable('a closed watcher has no batches')
  expect(() => watcher.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
  await expect(watcher.ready).resolves.toBeUndefined()
  await watcher[Symbol.asyncDispose]()
})

it('a loop that was made before close and begins after it ends at once', async () => {
  const { watcher } = await watchProject({})
  const loop = watcher[Symbol.asyncIterator]()
  await watcher.close()
  expect(await within(loop.next(), 'the end of the loop')).toEqual({ done: true, value: undefined })
})

it('close before it is ready rejects ready', async () => {
  const watcher = createWatcher({ root: createProject({}).root })
  const ready = watcher.ready
  await Promise.all([expect(ready).rejects.toMatchObject({ code: 'BINO_ENGINE_CLOSED' }), watcher.close()])
})

it('a listener may close its watcher', async () => {
  const { project, watcher } = await watchProject({})
  const closed = new Promise((resolve) => {
    watcher.on('batch', () => resolve(watcher.close()))
  })
  project.write('a.txt', '1')
  await within(closed, 'the close in a listener')
})

it('a loop may close its watcher', async () => {
  const { project, watcher } = await watchProject({})
  project.write('a.txt', '1')
  let batches = 0
  for await (const _ of watcher) {
    batches++
    void watcher.close()
  }
  expect(batches).toBe(1)
})

it('close while 5,000 files are written leaves no thread and tells nothing more', async () => {
  const { project, watcher } = await watchProject({})
  let after = 0
  let closed = false
  watcher.on('batch', () => {
    if (closed) after++
  })
  for (let count = 0; count < 5000; count++) {
    project.write(`${count % 50}/${count}.txt`, '1')
    if (count === 2500) void watcher.close().then(() => (closed = true))
    if (count % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await watcher.close()
  await new Promise((resolve) => setImmediate(resolve))
  expect(after).toBe(0)
})

it.runIf(process.platform === 'linux')('thirty watchers leave no thread behind', async () => {
  const { root } = createProject({ 'a/b.txt': '' })
  const before = ourThreads()
  for (let count = 0; count < 30; count++) {
    const watcher = createWatcher({ root, threads: 2 })
    if (count % 2) await watcher.ready
    await watcher.close()
  }
  expect(ourThreads()).toBe(before)
})

it('aborting closes', async () => {
  const project = createProject({})
  const controller = new AbortController()
  const watcher = createWatcher({ root: project.root, signal: controller.signal })
  await watcher.ready
  const loop = watcher[Symbol.asyncIterator]().next()
  const closed = new Promise((resolve) => watcher.once('close', () => resolve('closed')))
  controller.abort()
  expect(await within(closed, 'close')).toBe('closed')
  expect(await loop).toEqual({ done: true, value: undefined })
})

it('aborting before it is ready rejects ready with the reason', async () => {
  const controller = new AbortController()
  const watcher = createWatcher({ root: createProject({}).root, signal: controller.signal })
  const { ready } = watcher
  controller.abort(new Error('enough'))
  await expect(ready).rejects.toThrow('enough')
  await watcher.close()
})

it('a signal that is aborted already starts nothing', async () => {
  const watcher = createWatcher({
    root: createProject({}).root,
    signal: AbortSignal.abort(new Error('early')),
  })
  const closed = new Promise((resolve) => watcher.once('close', () => resolve('closed')))
  await expect(watcher.ready).rejects.toThrow('early')
  expect(await closed).toBe('closed')
  for await (const _ of watcher) expect.unreachable('nothing was started')
  expect(() => watcher.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
})

it('workers that are terminated while they watch do not take the process along', async () => {
  const project = createProject({ 'a.txt': '' })
  const script = `
    import { parentPort } from 'node:worker_threads'
    import { createWatcher } from ${JSON.stringify(PACKAGE)}
    const watchers = [0, 1, 2].map(() => createWatcher({ root: ${JSON.stringify(project.root)}, threads: 2 }))
    for (const watcher of watchers) watcher.on('batch', () => parentPort.postMessage('batch'))
    watchers[2].close()
    await Promise.all(watchers.slice(0, 2).map(({ ready }) => ready))
    parentPort.postMessage('ready')`
  for (let count = 0; count < 10; count++) {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`))
    onTestFinished(async () => void (await worker.terminate()))
    /** @type {string[]} */
    const messages = []
    worker.on('message', (message) => messages.push(message))
    worker.on('error', (error) => messages.push(String(error)))
    const said = (/** @type {string} */ text) =>
      waitFor(
        () => messages.includes(text) || undefined,
        () => `${text} among ${messages}`,
      )
    await said('ready')
    // Terminated while it starts to tell, while it tells, and after.
    project.write('a.txt', String(count))
    if (count % 2) await said('batch')
    for (let file = 0; file < 50; file++) project.write(`${count}/${file}`, '')
    await worker.terminate()
  }
})

it('a process that crashes with open watchers ends with its own error', async () => {
  const { root } = createProject({})
  const { code, stderr } = await runScript(
    `const watcher = createWatcher({ root })
     watcher.on('batch', () => { throw new Error('from a listener') })
     await watcher.ready
     fs.writeFileSync(root + '/a.txt', '1')`,
    { root },
  )
  expect(code).toBe(1)
  expect(stderr).toContain('from a listener')
})
