/**
 * Runs one batch of changes through Vite as a transaction: emits what chokidar would have emitted, lets Vite do its pass
 * over each file (watchers, `watchChange`, `hotUpdate`, `handleHotUpdate`), and collects what the hooks left over.
 *
 * Owns: which pass belongs to which transaction, and when a pass has ended. Never decides what is sent.
 *
 * Vite gives a pass no name. An AsyncLocalStorage does: the store is set where the event is emitted and reaches every
 * hook of that file's pass, however asynchronous.
 */

import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * @typedef {import('vite').DevEnvironment} Environment
 * @typedef {import('vite').EnvironmentModuleNode} Module
 * @typedef {import('vite').HotUpdateOptions} HotUpdateOptions
 * @typedef {import('vite').HotPayload} Payload
 * @typedef {(environment: Environment) => Promise<void>} Hmr Vite's own update of one environment for one file
 * @typedef {{ kind: 'create' | 'update' | 'delete', path: string, type: 'file' | 'directory' }} Change
 */

/** One file's pass through Vite. */
export class Pass {
  /** Vite's options for each environment: one object that every hook sees, whose `modules` Vite replaces. */
  options = /** @type {Map<Environment, HotUpdateOptions>} */ (new Map())
  /** The modules that all hooks left, once the pass came to its end in that environment. */
  seeds = /** @type {Map<Environment, Module[]>} */ (new Map())
  /** What Vite sent instead of an update: the error of a hook. */
  errors = /** @type {Map<Environment, Payload[]>} */ (new Map())
  /** What Vite itself would have sent; only with `verify`. */
  expected = /** @type {Map<Environment, Payload[]>} */ (new Map())
  /** Environments whose pages have what is on disk, each with the urls for which nothing is sent. */
  same = /** @type {Map<Environment, string[]>} */ (new Map())
  /** Vite's own way, for when ours fails. */
  hmr = /** @type {Hmr | undefined} */ (undefined)
  /** What ties the code of this pass to it; emptied at its end. */
  store = { pass: /** @type {Pass | undefined} */ (this) }
  ended = false
  /** While the listeners of the watcher are called for it, Vite's own among them. */
  emitting = false

  /**
   * @param {Change} change
   * @param {Transaction} transaction
   * @param {(pass: Pass) => void} onEnd
   */
  constructor(change, transaction, onEnd) {
    this.file = change.path
    this.kind = change.kind
    this.transaction = transaction
    this.onEnd = onEnd
  }

  /** Nothing more will come of it; what its code sends from here on goes straight through. */
  end() {
    if (this.ended) return
    this.ended = true
    this.store.pass = undefined
    this.onEnd(this)
  }
}

/** All passes that end in one walk and one payload. */
export class Transaction {
  /** In the order of the changes, which is the order of the walk. */
  passes = /** @type {Pass[]} */ ([])
  /** Reloads that Vite or a plugin sent during a pass. */
  reloads = /** @type {Map<Environment, Payload[]>} */ (new Map())
  /** Reloads that Vite sends and we do not, each with its rule. @type {{ environment: Environment, rule: string }[]} */
  spared = []
  /** Whether its changes were told as they happened, and not found by looking or held for a while. */
  isPrompt = false
  pending = 0
  patience = /** @type {NodeJS.Timeout | undefined} */ (undefined)
  /** When it runs out, as `performance.now()`. */
  patientUntil = 0

  /** @param {number} epoch of the batch */
  constructor(epoch) {
    this.epoch = epoch
    /** When it began, as `performance.now()`. */
    this.startedAt = performance.now()
  }
}

/**
 * The pass that the running code belongs to. A store outlives its pass (a restart runs inside one, so every later
 * request of the new server would inherit it): `pass` is emptied at the pass's end.
 *
 * @type {AsyncLocalStorage<{ pass: Pass | undefined }>}
 */
const current = new AsyncLocalStorage()

/** The pass in which the caller runs, if any. */
export const currentPass = () => current.getStore()?.pass

/**
 * Runs `body` as code of no pass.
 *
 * @template T
 * @param {() => T} body
 */
export const outsideOfPasses = (body) => current.exit(body)

/**
 * A hung hook of one plugin must not hold back the other files of its transaction: when no pass has ended for this long,
 * those that did are sent, and the rest becomes a transaction of its own. Long enough for a hook that works through
 * 2,000 files one by one, as each end starts the wait anew.
 */
const PATIENCE_MS = 1000

/** A timer that comes so much too late had a busy event loop before it. */
const BUSY_MS = 50

export class Transactions {
  /** @type {Set<Transaction>} */
  #live = new Set()
  #closed = false

  /**
   * @param {object} hooks
   * @param {(event: string, path: string) => void} hooks.emit emits on the server's watcher
   * @param {(file: string) => boolean} hooks.hasPass false for a file whose event ends in no update, such as the config
   * @param {(transaction: Transaction) => void} hooks.finish decides and sends
   * @param {(error: unknown, file: string) => void} hooks.report told of what a listener of the watcher threw
   * @param {(files: string[]) => void} hooks.warnOfHungHooks
   */
  constructor({ emit, hasPass, finish, report, warnOfHungHooks }) {
    this.emit = emit
    this.report = report
    this.warnOfHungHooks = warnOfHungHooks
    this.hasPass = hasPass
    this.finish = finish
  }

  /** Transactions that have not been sent yet, without passes that hang. */
  get size() {
    return this.#live.size
  }

  /**
   * @param {{ epoch: number, changes: Change[], isPrompt: boolean }} batch
   * @returns {number} how many passes it has; without any it is over already
   */
  run({ epoch, changes, isPrompt }) {
    const transaction = new Transaction(epoch)
    transaction.isPrompt = isPrompt
    const events = changes.map((change) => {
      if (change.type === 'directory' || !this.hasPass(change.path))
        return { change, store: { pass: undefined } }
      const pass = new Pass(change, transaction, (ended) => this.#onEnd(ended))
      transaction.passes.push(pass)
      return { change, store: pass.store }
    })
    transaction.pending = transaction.passes.length
    if (transaction.pending > 0) {
      this.#live.add(transaction)
      this.#startPatience(transaction)
    }
    for (const { change, store } of events) {
      if (this.#closed) break
      try {
        if (store.pass) store.pass.emitting = true
        current.run(store, () => this.emit(eventOf(change), change.path))
      } catch (error) {
        // One plugin's listener must not swallow the events of the files behind it. If it stood before Vite's own, the
        // pass never starts and counts as hung.
        this.report(error, change.path)
      } finally {
        if (store.pass) store.pass.emitting = false
      }
    }
    return transaction.passes.length
  }

  /** @param {Pass} pass */
  #onEnd({ transaction }) {
    transaction.pending -= 1
    if (this.#closed) return
    if (transaction.pending === 0) this.#close(transaction)
    else this.#startPatience(transaction)
  }

  /** @param {Transaction} transaction */
  #startPatience(transaction) {
    transaction.patientUntil = performance.now() + PATIENCE_MS
    if (transaction.patience) transaction.patience.refresh()
    else transaction.patience = setTimeout(() => this.#runOut(transaction), PATIENCE_MS).unref()
  }

  /** @param {Transaction} transaction */
  #runOut(transaction) {
    // Whoever has the event loop busy, as with the events of 10,000 files, keeps hooks from ending that do not hang.
    const wasBusy = performance.now() > transaction.patientUntil + BUSY_MS
    if (wasBusy) this.#startPatience(transaction)
    else this.#split(transaction)
  }

  /** Forgets all that is under way: the server is closing, and the next one starts anew. */
  close() {
    this.#closed = true
    for (const transaction of this.#live) {
      clearTimeout(transaction.patience)
      // Code that goes on in a pass of ours is code of no pass from here on.
      for (const pass of transaction.passes) pass.store.pass = undefined
    }
    this.#live.clear()
  }

  /** @param {Transaction} transaction */
  #close(transaction) {
    clearTimeout(transaction.patience)
    this.#live.delete(transaction)
    this.finish(transaction)
  }

  /**
   * Sends what has ended and lets the rest go on as a transaction of its own, which only its passes know: one that never
   * ends is forgotten with them.
   *
   * @param {Transaction} transaction
   */
  #split(transaction) {
    if (this.#closed) return
    const rest = new Transaction(transaction.epoch)
    // Of the same changes, at the same time.
    rest.isPrompt = transaction.isPrompt
    rest.startedAt = transaction.startedAt
    rest.passes = transaction.passes.filter((pass) => !pass.ended)
    rest.pending = rest.passes.length
    for (const pass of rest.passes) pass.transaction = rest
    transaction.passes = transaction.passes.filter((pass) => pass.ended)
    this.warnOfHungHooks(rest.passes.map((pass) => pass.file))
    this.#close(transaction)
  }
}

/**
 * chokidar's name for a change.
 *
 * @param {Change} change
 */
function eventOf({ kind, type }) {
  if (type === 'directory') return kind === 'delete' ? 'unlinkDir' : 'addDir'
  return kind === 'create' ? 'add' : kind === 'delete' ? 'unlink' : 'change'
}
