/**
 * One `for await` loop over a watcher: asks for a batch when the loop does, and never ahead of it.
 */

/**
 * @template T
 * @typedef {{ promise: Promise<T>, resolve: (value: T) => void, reject: (reason: unknown) => void }} Deferred
 */

/**
 * @template Batch
 * @typedef {object} Source what a loop needs of its watcher
 * @property {() => number} open opens a feed
 * @property {(feed: number) => Batch | null} take what the feed has not seen
 * @property {(feed: number | undefined) => void} end the loop has ended, and with it the feed that it opened
 * @property {() => void} attend looks again at who waits
 */

/**
 * @template Batch
 * @implements {AsyncIterableIterator<Batch, undefined>}
 */
export class Loop {
  /** @type {Source<Batch>} */
  #source
  /** Opened by the first `next()`: an iterator that is never used holds nothing. @type {number | undefined} */
  #feed
  /** Calls of `next()` without an answer. @type {Deferred<IteratorResult<Batch, undefined>>[]} */
  #asked = []
  /** What was there when the watcher failed, and goes before the error. @type {Batch | null} */
  #rest = null
  /** How every further `next()` is answered. @type {{ error: unknown } | 'done' | undefined} */
  #ended

  /** @param {Source<Batch>} source */
  constructor(source) {
    this.#source = source
  }

  get waits() {
    return this.#asked.length > 0
  }

  /** Hands on what there is, if the loop waits for it. */
  serve() {
    if (!this.waits || this.#feed === undefined) return
    const batch = this.#source.take(this.#feed)
    if (batch) this.#asked.shift()?.resolve({ done: false, value: batch })
  }

  /**
   * Ends the loop. With an error it takes what is there first, then throws, once.
   *
   * @param {{ error: unknown }} [failure]
   */
  end(failure) {
    if (this.#ended) return
    this.#ended = failure ?? 'done'
    if (failure && this.#feed !== undefined) this.#rest = this.#source.take(this.#feed)
    this.#source.end(this.#feed)
    this.#feed = undefined
    for (const asked of this.#asked.splice(0)) this.#answer(asked)
  }

  /** @returns {Promise<IteratorResult<Batch, undefined>>} */
  next() {
    const asked = withResolvers()
    if (this.#ended) this.#answer(asked)
    else {
      this.#feed ??= this.#source.open()
      this.#asked.push(asked)
      this.#source.attend()
    }
    return asked.promise
  }

  /** `break` comes here. What the loop did not take is held for the next one. */
  async return() {
    this.end()
    this.#rest = null
    this.#ended = 'done'
    this.#source.attend()
    return { done: /** @type {const} */ (true), value: undefined }
  }

  [Symbol.asyncIterator]() {
    return this
  }

  /** @param {Deferred<IteratorResult<Batch, undefined>>} asked */
  #answer(asked) {
    const [rest, ended] = [this.#rest, this.#ended]
    this.#rest = null
    if (rest) return asked.resolve({ done: false, value: rest })
    this.#ended = 'done'
    if (typeof ended === 'object') asked.reject(ended.error)
    else asked.resolve({ done: true, value: undefined })
  }
}

/**
 * `Promise.withResolvers`, which Node 20 does not have.
 *
 * @template T
 * @returns {Deferred<T>}
 */
export function withResolvers() {
  /** @type {any} */
  const parts = {}
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }))
  return parts
}
