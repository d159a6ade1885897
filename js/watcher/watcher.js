/**
 * A watcher: the engine's batches as events and as an async iterator.
 *
 * Owns: who waits for what, and with it when the engine may wake the event loop and whether the process stays alive.
 * Never decides what is in a batch: what is not taken at once is merged natively.
 *
 * ```text
 *  engine's thread ─▶ feeds (native, merged) ── wakes only if somebody waits ──▶ look() ─▶ loops, then listeners
 * ```
 */

import { EventEmitter } from 'node:events'
import { createNativeWatcher } from '../native.js'
import { Loop, withResolvers } from './loop.js'

/**
 * @typedef {import('../../index.d.ts').WatcherUpdate} WatcherUpdate with entries; without, its graph's part is missing
 * @typedef {import('../../index.d.ts').WatcherEvents} WatcherEvents
 * @typedef {import('../../index.d.ts').WatcherError} WatcherError
 * @typedef {import('../../index.d.ts').GraphWatcher} PublicWatcher
 * @typedef {{ graph?: import('../../index.d.ts').WatcherGraph, problem?: { code: string, message: string } }} GraphAnswer
 */

/** Each changes who listens. `once` and its kin come down to these. */
const LISTENER_METHODS = /** @type {const} */ ([
  'on',
  'addListener',
  'prependListener',
  'off',
  'removeListener',
  'removeAllListeners',
])

/**
 * @extends {EventEmitter<WatcherEvents>}
 * @implements {PublicWatcher}
 */
export class Watcher extends EventEmitter {
  /** @type {import('../native.js').NativeWatcher | undefined} */
  #native
  #hasGraph
  /** The feed of all listeners of batches and updates together, while there are any. @type {number | undefined} */
  #feed
  /** @type {Set<Loop<WatcherUpdate>>} */
  #loops = new Set()
  #isReady = false
  /** Made when somebody asks for it. @type {import('./loop.js').Deferred<void> | undefined} */
  #ready
  /** @type {WatcherError | undefined} */
  #failure
  /** Keeps the process alive. @type {NodeJS.Timeout | undefined} */
  #alive
  /**
   * One question at a time, and one that waits for all who ask meanwhile: each takes a thread of Node's pool, which reads
   * files, too.
   *
   * @type {Promise<unknown>}
   */
  #lastGraph = Promise.resolve()
  /** @type {Promise<GraphAnswer> | undefined} */
  #nextGraph
  #lookIsDue = false
  /** @type {Promise<void> | undefined} */
  #closing
  /** @type {AbortSignal | undefined} */
  #signal

  /** @param {import('./options.js').EngineWords} options */
  constructor({ engine, entries, signal }) {
    super()
    this.#hasGraph = entries.length > 0
    this.#signal = signal
    if (signal?.aborted) void this.close()
    else {
      this.#native = createNativeWatcher(engine, entries, () => this.#look())
      signal?.addEventListener('abort', this.#abort)
    }
  }

  get ready() {
    if (!this.#ready) {
      this.#ready = withResolvers()
      if (this.#isReady) this.#ready.resolve()
      else if (this.#closing) this.#ready.reject(this.#whyNeverReady())
      else this.#attend()
    }
    return this.#ready.promise
  }

  async graph() {
    if (!this.#hasGraph) {
      const message = 'graph() needs the option "entries" of createWatcher(): the files that it is built from'
      throw Object.assign(new TypeError(message), { code: 'BINO_OPTION_INVALID' })
    }
    if (!this.#native || this.#closing) throw closedError()
    this.#nextGraph ??= this.#lastGraph.then(() => {
      this.#nextGraph = undefined
      const asked = /** @type {Promise<GraphAnswer>} */ (this.#running.graph())
      this.#lastGraph = asked
      return asked
    })
    const { graph, problem } = await this.#nextGraph
    if (!graph) throw problem ? asError(problem) : closedError()
    return graph
  }

  hold() {
    if (!this.#closing) this.#native?.hold()
  }

  release() {
    if (!this.#closing) this.#native?.release()
  }

  stats() {
    if (!this.#native || this.#closing) throw closedError()
    return this.#native.stats()
  }

  close() {
    this.#closing ??= this.#end()
    return this.#closing
  }

  async [Symbol.asyncDispose]() {
    await this.close()
  }

  [Symbol.asyncIterator]() {
    /** @type {Loop<WatcherUpdate>} */
    const loop = new Loop({
      open: () => this.#running.openFeed(),
      take: (feed) => this.#take(feed),
      end: (feed) => {
        this.#loops.delete(loop)
        if (feed !== undefined) this.#running.closeFeed(feed)
      },
      attend: () => this.#attend(),
    })
    if (this.#failure) loop.end({ error: this.#failure })
    else if (this.#closing) loop.end()
    else this.#loops.add(loop)
    return loop
  }

  static {
    const inherited = /** @type {Record<string, any>} */ (EventEmitter.prototype)
    for (const name of LISTENER_METHODS) {
      const method = inherited[name]
      /** @this {Watcher} @param {...unknown} args */
      const attending = function (...args) {
        const result = method.apply(this, args)
        this.#attend()
        return result
      }
      Object.defineProperty(Watcher.prototype, name, { value: attending, writable: true, configurable: true })
    }
  }

  get #running() {
    if (!this.#native) throw closedError()
    return this.#native
  }

  get #listens() {
    return this.listenerCount('batch') + this.listenerCount('update') > 0
  }

  /** @param {number} feed */
  #take(feed) {
    const taken = this.#running.take(feed)
    if (!taken) return null
    const { update, ...batch } = taken
    return /** @type {WatcherUpdate} */ ({ ...batch, ...update })
  }

  /** Called whenever somebody may have begun to wait: what is there already wakes nobody. */
  #attend() {
    if (!this.#settle() || this.#lookIsDue) return
    this.#lookIsDue = true
    process.nextTick(() => {
      this.#lookIsDue = false
      this.#look()
    })
  }

  /** Works out who waits for what, and tells the engine. Gives whether anybody waits. */
  #settle() {
    if (!this.#native || this.#closing) return false
    const listens = this.#listens
    const loops = [...this.#loops].some((loop) => loop.waits)
    const untilReady = !this.#isReady && (this.#ready !== undefined || this.listenerCount('ready') > 0)
    this.#keepAlive(listens || loops || untilReady)

    if (listens) this.#feed ??= this.#native.openFeed()
    else if (this.#feed !== undefined) {
      this.#native.closeFeed(this.#feed)
      this.#feed = undefined
    }
    const batches = listens || loops
    const news = batches || untilReady || this.listenerCount('error') + this.listenerCount('close') > 0
    this.#native.waitFor(news, batches)
    return news
  }

  /** Takes what the engine has for whoever waits. Nothing a listener does or throws stops it halfway. */
  #look() {
    if (!this.#native || this.#closing) return
    const { ready, warnings, failure } = this.#native.news()
    if (ready && !this.#isReady) {
      this.#isReady = true
      this.#ready?.resolve()
      this.#tell('ready')
    }
    for (const warning of warnings) if (!this.#closing) this.#warn(asError(warning))
    for (const loop of this.#loops) loop.serve()
    if (this.#feed !== undefined && !this.#closing) {
      const batch = this.#take(this.#feed)
      if (batch) this.#tell('batch', batch)
      if (batch && this.#hasGraph && !this.#closing) this.#tell('update', batch)
    }
    if (failure && !this.#closing) this.#fail(asError(failure))
    // A loop that was served waits no longer.
    this.#settle()
  }

  /**
   * What could not be watched. The watcher goes on, so nobody who does not listen is made to fail.
   *
   * @param {WatcherError} error
   */
  #warn(error) {
    // That something is polled is no error.
    const isError = error.code !== 'BINO_WATCH_POLLING'
    if (isError && this.listenerCount('error') > 0) this.#tell('error', error)
    else process.emitWarning(error)
  }

  /**
   * The engine has stopped. Whoever waits is told, each in his way.
   *
   * @param {WatcherError} error
   */
  #fail(error) {
    this.#failure = error
    for (const loop of this.#loops) loop.end({ error })
    // Without a listener for it, Node makes it an uncaught exception: right for whoever relies on events alone.
    if (this.#listens || this.listenerCount('error') > 0) this.#tell('error', error)
    void this.close()
  }

  async #end() {
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#keepAlive(false)
    this.#native?.waitFor(false, false)
    for (const loop of this.#loops) loop.end()
    if (!this.#isReady) this.#ready?.reject(this.#whyNeverReady())
    await this.#native?.close()
    this.#tell('close')
  }

  #abort = () => void this.close()

  #whyNeverReady() {
    if (this.#failure) return this.#failure
    return this.#signal?.aborted ? this.#signal.reason : closedError()
  }

  /**
   * What a listener throws is an uncaught exception, as ever, but not in the middle of our own work.
   *
   * @template {keyof WatcherEvents} Event
   * @param {Event} event
   * @param {WatcherEvents[Event]} args
   */
  #tell(event, ...args) {
    try {
      // @ts-expect-error Node's types do not relate a generic event to its own arguments.
      this.emit(event, ...args)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }

  /** The engine itself keeps nothing alive. @param {boolean} wanted */
  #keepAlive(wanted) {
    if (!wanted) {
      clearInterval(this.#alive)
      this.#alive = undefined
    } else this.#alive ??= setInterval(() => {}, 2 ** 30)
  }
}

/** @param {{ code: string, message: string }} problem */
const asError = ({ code, message }) => Object.assign(new Error(message), { code })

const closedError = () =>
  asError({ code: 'BINO_ENGINE_CLOSED', message: 'the watcher is closed; create a new one' })
