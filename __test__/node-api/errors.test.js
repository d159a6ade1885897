import { describe, expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { loadAddon } from '../../js/load-addon.js'
import { createProject, runScript, show, waitFor, watchProject, within } from './support.js'

/** What the call throws. @param {() => unknown} call */
function thrown(call) {
  try {
    call()
  } catch (error) {
    return /** @type {Error & { code: string }} */ (error)
  }
  throw new Error('it did not throw')
}

describe('a wrong option is a TypeError that names it, what it got and what it takes', () => {
  /** @type {[string, unknown, string][]} */
  const cases = [
    ['not an object', 'src', 'createWatcher() takes an object of options, but got "src"'],
    [
      'an unknown name',
      { roots: '.' },
      'createWatcher() has no option "roots"; it takes root, entries, ignore',
    ],
    ['root', { root: 3 }, 'the option "root" of createWatcher() takes the path of a folder, but got 3'],
    ['root that is empty', { root: '' }, 'but got ""'],
    ['entries', { entries: 'main.js' }, 'takes an array of paths of files, at least one, but got "main.js"'],
    ['entries without any', { entries: [] }, 'but got []'],
    ['ignore', { ignore: 'dist' }, '"ignore" of createWatcher() takes an array of globs or paths'],
    [
      'debounce',
      { debounce: -1 },
      "takes 'adaptive' or a number of milliseconds from 0 to 60000, but got -1",
    ],
    ['poll', { poll: 100 }, '"poll" of createWatcher() takes true, false or { interval }'],
    ['poll without an interval', { poll: {} }, 'but got {}'],
    ['poll of another name', { poll: { interval: 20, every: 3 } }, 'but got {"interval":20,"every":3}'],
    ['poll too often', { poll: { interval: 0 } }, 'but got {"interval":0}'],
    ['threads', { threads: 0 }, '"threads" of createWatcher() takes a whole number from 1 to 256, but got 0'],
    ['signal', { signal: {} }, '"signal" of createWatcher() takes an AbortSignal, but got {}'],
  ]
  it.each(cases)('%s', (_name, options, message) => {
    const error = thrown(() => createWatcher(/** @type {any} */ (options)))
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('BINO_OPTION_INVALID')
    expect(error.message).toContain(message)
  })
})

it('a graph without entries is refused', async () => {
  const { watcher } = await watchProject({})
  const asked = /** @type {import('../../index.d.ts').GraphWatcher} */ (watcher).graph()
  await expect(asked).rejects.toMatchObject({ name: 'TypeError', code: 'BINO_OPTION_INVALID' })
})

it('a root that is not there is thrown', () => {
  const { path } = createProject({ file: '' })
  for (const root of [path('nowhere'), path('file')]) {
    const error = thrown(() => createWatcher({ root }))
    expect(error).toMatchObject({ code: 'BINO_ROOT_MISSING' })
    expect(error.message).toContain(root)
  }
})

it('a glob that does not parse is thrown', () => {
  const { root } = createProject({})
  const error = thrown(() => createWatcher({ root, ignore: ['src/{a,b/*'] }))
  expect(error).toMatchObject({ code: 'BINO_GLOB_INVALID' })
  expect(error.message).toContain('src/{a,b/*')
})

it('a bracket without its partner is taken as it stands, and the process is warned', async () => {
  /** @type {(Error & { code?: string })[]} */
  const warnings = []
  const listener = (/** @type {Error} */ warning) => void warnings.push(warning)
  process.on('warning', listener)
  onTestFinished(() => void process.off('warning', listener))
  const { watcher } = await watchProject({ '[draft': '', 'a.txt': '' }, { ignore: ['[draft', '[!b-z]'] })
  await watcher.ready
  expect(watcher.stats().files).toBe(1)
  expect(warnings.filter(({ code }) => code === 'BINO_GLOB_UNBALANCED')).toMatchObject([
    { message: expect.stringMatching(/^the option "ignore" of createWatcher\(\): the \[ in "\[draft" /) },
  ])
})

/** Every native watcher that is made while `work` runs. @param {() => Promise<unknown> | unknown} work */
async function withNatives(work) {
  const { prototype } = loadAddon().NativeWatcher
  const { waitFor: original } = prototype
  /** @type {Set<InstanceType<ReturnType<typeof loadAddon>['NativeWatcher']>>} */
  const natives = new Set()
  prototype.waitFor = function (...args) {
    natives.add(this)
    return original.apply(this, args)
  }
  try {
    await work()
  } finally {
    prototype.waitFor = original
  }
  return [...natives]
}

describe('a panic of the engine', () => {
  async function start() {
    /** @type {Awaited<ReturnType<typeof watchProject>> | undefined} */
    let watched
    const [native] = await withNatives(async () => {
      watched = await watchProject({ 'a.txt': '' })
    })
    if (!watched) throw new Error('not started')
    return { ...watched, native }
  }
  const PANIC = { code: 'BINO_ENGINE_PANIC', message: expect.stringContaining('please report it') }

  it('is told to the listeners of error, then the watcher closes', async () => {
    const { watcher, native } = await start()
    const closed = new Promise((resolve) => watcher.on('close', () => resolve('closed')))
    const told = new Promise((resolve) => watcher.on('error', resolve))
    native.fault()
    expect(await within(told, 'error')).toMatchObject(PANIC)
    await within(closed, 'close')
    expect(() => watcher.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
  })

  it('ends loops, after what was there', async () => {
    const { project, watcher, native } = await start()
    const waiting = watcher[Symbol.asyncIterator]()
    const busy = watcher[Symbol.asyncIterator]()
    const first = [waiting.next(), busy.next()]
    project.put('a.txt', '1')
    await within(Promise.all(first), 'the first batch')
    project.put('a.txt', '2')
    await waitFor(
      () => watcher.stats().epoch === 2 || undefined,
      () => 'the second batch',
    )
    native.fault()
    const { value } = await within(busy.next(), 'what was there')
    expect(show(value.changes, project.root)).toEqual(['update file a.txt'])
    await expect(within(busy.next(), 'the error')).rejects.toMatchObject(PANIC)
    expect(await busy.next()).toEqual({ done: true, value: undefined })

    expect((await within(waiting.next(), 'what was there')).value.epoch).toBe(2)
    await expect(within(waiting.next(), 'the error')).rejects.toMatchObject(PANIC)
    await expect(watcher[Symbol.asyncIterator]().next()).rejects.toMatchObject(PANIC)
  })

  it('is thrown when there are only listeners of batch', async () => {
    const { root } = createProject({})
    const { code, stderr } = await runScript(
      `const { loadAddon } = await import(${JSON.stringify(new URL('../../js/load-addon.js', import.meta.url).href)})
       const { prototype } = loadAddon().NativeWatcher
       const { waitFor } = prototype
       let native
       prototype.waitFor = function (...args) { native = this; return waitFor.apply(this, args) }
       const watcher = createWatcher({ root })
       watcher.on('batch', () => {})
       await watcher.ready
       native.fault()`,
      { root },
    )
    expect(code).toBe(1)
    expect(stderr).toContain('BINO_ENGINE_PANIC')
  })
})

it('an engine that is closed while somebody asks says so', async () => {
  const { watcher } = await watchProject({})
  const closing = watcher.close()
  expect(() => watcher.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
  await closing
})

it('a listener that throws is an uncaught exception, and the watcher goes on', async () => {
  const { root } = createProject({})
  const { stdout } = await runScript(
    `process.on('uncaughtException', ({ message }) => console.log(message))
     const watcher = createWatcher({ root })
     let count = 0
     watcher.on('batch', () => {
       count++
       if (count === 2) return watcher.close()
       setTimeout(() => fs.writeFileSync(root + '/b.txt', '1'))
       throw new Error('from a listener')
     })
     watcher.on('close', () => console.log('close'))
     watcher.on('ready', () => fs.writeFileSync(root + '/a.txt', '1'))`,
    { root },
  )
  expect(stdout).toBe('from a listener\nclose\n')
})
