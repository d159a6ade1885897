/**
 * Updates of one server that are held back, from `hold()` to `release()`.
 *
 * Owns: whether they are held, and what is said about it. The engine gathers and merges; events, hooks and payloads come
 * from the one transaction that it tells at the release.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { isShortcutBound } from './shortcut.js'
import { makeStale } from './stale.js'

/**
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./transaction.js').Change} Change
 */

/**
 * A restart under way, for the server that is made in it: the old one is still there then, and hands its hold on, to one.
 *
 * @type {AsyncLocalStorage<{ from?: Hold, to?: Hold }>}
 */
const restarting = new AsyncLocalStorage()

export class Hold {
  isOn = false
  /** Whether something waits that made a graph stale. */
  #isStale = false
  /** Who waits for each release that the engine has not answered yet. @type {((files: number) => void)[]} */
  #asked = []
  /** Releases whose transaction is under way. @type {{ epoch: number, files: number, answer: (files: number) => void }[]} */
  #leaving = []

  /** @param {Session} session */
  constructor(session) {
    this.session = session
    const restart = restarting.getStore()
    // Whoever holds wants to be left in peace, also by a restart; the pages load anew with it, so nothing of what waited
    // is missed. A release ends the hold wherever it is.
    if (restart?.from?.isOn) {
      restart.from = undefined
      restart.to = this
      this.#begin()
    }
  }

  /**
   * A hold goes on in the server that takes this one's place, and is told of again: behind what Vite says of the restart.
   *
   * @param {() => Promise<void>} restart
   */
  async outlive(restart) {
    /** @type {{ from?: Hold, to?: Hold }} */
    const handover = { from: this }
    try {
      await restarting.run(handover, restart)
    } finally {
      // What was begun in there may know of it for as long as the server runs.
      handover.from = undefined
    }
    // Where it failed, this server goes on.
    const hold = this.session.closing ? handover.to : this
    if (hold?.isOn) hold.#tell('updates are still held')
    handover.to = undefined
  }

  /** @returns {boolean} false when they were held already */
  begin() {
    if (this.isOn || this.session.closing) return false
    this.#begin()
    this.#tell('updates are held')
    return true
  }

  #begin() {
    this.isOn = true
    this.session.engine.hold()
  }

  /** Says that they are held, and how that ends. @param {string} what */
  #tell(what) {
    const ways = [
      ...(isShortcutBound() ? ['press p + enter'] : []),
      ...(this.session.control?.isOpen ? ['run `bino release`'] : []),
    ]
    this.#say(ways.length > 0 ? `${what} (${ways.join(' or ')} to let them go on)` : what)
  }

  /** @returns {Promise<number | undefined>} how many files went out; `undefined` when nothing was held */
  end() {
    if (!this.isOn) return Promise.resolve(undefined)
    this.isOn = false
    this.session.engine.release()
    return new Promise((resolve) => this.#asked.push(resolve))
  }

  toggle() {
    if (this.isOn) void this.end()
    else this.begin()
  }

  /**
   * A transaction waits. A page that is loaded from now on shall have the new code all the same.
   *
   * @param {Change[]} changes
   */
  wait(changes) {
    this.#isStale ||= changes.length > 0
    for (const environment of Object.values(this.session.environments)) makeStale(environment, changes)
  }

  /**
   * What waited goes out with this transaction.
   *
   * @param {number} epoch
   * @param {Change[]} changes
   */
  leave(epoch, changes) {
    this.#isStale = false
    const files = changes.filter(({ type }) => type === 'file').length
    this.#leaving.push({ epoch, files, answer: this.#asked.shift() ?? (() => {}) })
  }

  /**
   * A transaction was sent, or came to nothing.
   *
   * @param {number} epoch
   */
  sent(epoch) {
    const at = this.#leaving.findIndex((one) => one.epoch === epoch)
    if (at < 0) return
    const [{ files, answer }] = this.#leaving.splice(at, 1)
    const what =
      files === 0
        ? 'nothing has changed'
        : `${files} ${files === 1 ? 'file' : 'files'} taken in as one change`
    this.#say(`updates go on: ${what}`)
    answer(files)
  }

  /** The server is closing: what waits is dropped, and so is the hold, unless a restart has taken it over. */
  close() {
    this.isOn = false
    for (const { files, answer } of this.#leaving.splice(0)) answer(files)
    for (const answer of this.#asked.splice(0)) answer(0)
  }

  /** The engine has failed, and with it went what waited: only loading anew brings a page up to date. */
  abandon() {
    const { environments } = this.session
    if (this.#isStale) {
      for (const { hot } of Object.values(environments)) hot.send({ type: 'full-reload', path: '*' })
    }
    this.close()
  }

  /** @param {string} what */
  #say(what) {
    const { config, options } = this.session
    if (options.log !== 'silent') config.logger.info(`[bino-hmr] ${what}`, { timestamp: true })
  }
}
