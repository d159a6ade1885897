/**
 * Which bytes others read from files while they made a module: a style sheet that another one imports, an image, a file that
 * a plugin watches. No text of these passes by us, so we look at the file after the module was made, when nothing is loading.
 *
 * Owns: what those files held, and when that look proves anything. Never reads while a page waits.
 *
 *     request begins ──── somebody reads ──── module is made ──── we look ──── ... ──── an event
 *           │                                                         │
 *           └── the file's last change lies long before here, or before the server: these bytes were read (*old*)
 *
 * Where the change is younger than that, time tells: what was written after the reading is told soon, while what we saw is
 * still *fresh*, and as long as it is, the file is not the same. Nor is it in doubt.
 */

import { statSync } from 'node:fs'
import { Contents, grown, roomFor } from './contents.js'

/**
 * @typedef {import('../native.js').ContentHashes} ContentHashes
 * @typedef {import('./transaction.js').Transaction} Transaction
 *
 * @typedef {object} Request when a request for a module began
 * @property {number} at as `performance.now()`
 * @property {number} on as `Date.now()`
 *
 * @typedef {Request & { file: string }} Look
 */

/**
 * How long before a transaction reaches us its first change can have happened: the engine closes one after 10 s (`CAP` in
 * `src/change/schedule.rs`). Who loaded anything since then may have read what lay there in between.
 */
export const LONGEST_TRANSACTION_MS = 15_000

/** How far the time of a change may lie before the change: Linux takes it from a clock that ticks every 4 or 10 ms. */
const TICK_MS = 50

/** The same where only whole seconds are kept: two at a time by FAT. */
const COARSE_TICK_MS = 2500

/** A larger file is taken for changed: nobody has read it before us, perhaps, and reading it keeps the event loop. */
const LARGEST_READ = 2 * 2 ** 20

/** Long enough after a module for those that it imports to begin. */
const IDLE_MS = 50

/** How long looks may keep the event loop at a time. */
const SLICE_MS = 4

export class Reads {
  #contents
  /** When the file was last changed, as it says itself. */
  #changes = new Float64Array(0)
  /** When we looked, in seconds of `performance.now()`, rounded up; 0 where the file was old already. */
  #looks = new Uint32Array(0)
  /** What is still to be looked at, each with the first request that read it. @type {Map<number, Look>} */
  #waiting = new Map()
  /** When a file's event was last judged, as `performance.now()`. @type {Map<string, number>} */
  #told = new Map()
  /** @type {NodeJS.Timeout | undefined} */
  #idle

  /**
   * @param {ContentHashes['hashFile']} hashFile
   * @param {number} startedOn when the watcher was started, as `Date.now()`: no event will tell of what was before that
   * @param {() => boolean} isLoading whether anything is being loaded
   */
  constructor(hashFile, startedOn, isLoading) {
    this.#contents = new Contents(hashFile)
    this.hashFile = hashFile
    this.startedOn = startedOn
    this.isLoading = isLoading
  }

  /** How much memory it takes, in bytes. */
  get bytes() {
    return this.#contents.bytes + this.#changes.byteLength + this.#looks.byteLength
  }

  /** Whether all was looked at that was read. */
  get isIdle() {
    return this.#waiting.size === 0
  }

  /**
   * Somebody read a file for a module that is made now.
   *
   * @param {number} index of the file's node
   * @param {string} file
   * @param {Request} request
   */
  read(index, file, { at, on }) {
    if (this.#waiting.has(index)) return
    this.#waiting.set(index, { file, at, on })
    this.#idle ??= setTimeout(() => this.#lookAll(), IDLE_MS).unref()
  }

  /**
   * Whether all who read the file since pages were last told of it read what lies there now. Not if its event may be about
   * something that happened before we looked.
   *
   * @param {number} index
   * @param {string} file
   * @param {Transaction} transaction
   */
  is(index, file, { isPrompt, startedAt }) {
    if (!this.#contents.isOne(index) || this.#waiting.has(index) || !isPrompt) return false
    if (this.#looks[index] > 0 && this.#looks[index] * 1000 > startedAt - LONGEST_TRANSACTION_MS) return false
    if (statOf(file)?.ctimeMs === this.#changes[index]) return false
    return this.#contents.isIn(index, file)
  }

  /**
   * Whether those who read it were told to do so again, and none has yet.
   *
   * @param {number} index
   */
  isRenewed(index) {
    return this.#contents.isRenewed(index)
  }

  /**
   * An event of the file was judged.
   *
   * @param {string} file
   * @param {number[]} changed the nodes of it that are not the same
   */
  told(file, changed) {
    this.#told.set(file, performance.now())
    // What is being looked at was read before the event, or after it: nobody knows.
    for (const index of changed) if (this.#waiting.has(index)) this.forget(index)
  }

  /**
   * Those who read it are told to do so again.
   *
   * @param {number} index
   */
  renew(index) {
    if (this.#waiting.has(index)) this.forget(index)
    this.#contents.renew(index)
  }

  /**
   * Nobody knows any more what of it was read.
   *
   * @param {number} index
   */
  forget(index) {
    if (this.#waiting.delete(index)) this.#contents.lose(index)
    else this.#contents.forget(index)
  }

  /**
   * It may have been read unseen.
   *
   * @param {number} index
   */
  lose(index) {
    this.#contents.lose(index)
  }

  /** Nobody knows anything any more. */
  forgetAll() {
    for (const index of [...this.#waiting.keys()]) this.forget(index)
    this.#contents.forgetAll()
  }

  #lookAll() {
    this.#idle = undefined
    const end = performance.now() + SLICE_MS
    for (const [index, look] of this.#waiting) {
      if (this.isLoading() || performance.now() > end) {
        this.#idle = setTimeout(() => this.#lookAll(), IDLE_MS).unref()
        return
      }
      this.#look(index, look)
      this.#waiting.delete(index)
    }
  }

  /**
   * @param {number} index
   * @param {Look} look
   */
  #look(index, { file, at, on }) {
    const stat = statOf(file)
    if (!stat || !this.#isProof(stat, file, at, on)) return this.forget(index)
    const { size, mtimeMs, ctimeMs } = stat
    const isOld = Math.max(mtimeMs, ctimeMs) < Math.max(on - LONGEST_TRANSACTION_MS, this.startedOn)
    const known = this.#changes[index] === ctimeMs ? this.#contents.hashOf(index) : undefined
    const hash = known ?? this.hashFile(file, size)
    const after = known === undefined ? statOf(file) : stat
    if (hash === null || after?.ctimeMs !== ctimeMs || after.ino !== stat.ino) return this.forget(index)
    this.#contents.note(index, hash, size)
    this.#makeRoom(index)
    this.#changes[index] = ctimeMs
    this.#looks[index] = isOld ? 0 : Math.ceil(performance.now() / 1000)
  }

  /**
   * @param {import('node:fs').Stats} stat
   * @param {string} file
   * @param {number} at
   * @param {number} on
   */
  #isProof({ size, mtimeMs, ctimeMs }, file, at, on) {
    if (size > LARGEST_READ) return false
    const told = this.#told.get(file)
    // Nobody has told us of it yet: it may not have been watched when it was changed.
    if (told === undefined) return ctimeMs < on - (ctimeMs % 1000 === 0 ? COARSE_TICK_MS : TICK_MS)
    // Who goes by the time of a file, as Tailwind, takes one that was moved here or dated back for what it read before.
    return told < at && mtimeMs > ctimeMs - COARSE_TICK_MS
  }

  /** @param {number} index */
  #makeRoom(index) {
    if (index < this.#changes.length) return
    const length = roomFor(index, this.#changes.length)
    this.#changes = grown(new Float64Array(length), this.#changes)
    this.#looks = grown(new Uint32Array(length), this.#looks)
  }
}

/** @param {string} file */
function statOf(file) {
  try {
    const stat = statSync(file, { throwIfNoEntry: false })
    return stat?.isFile() ? stat : undefined
  } catch {
    // Not to be seen, so nothing is known of it.
    return undefined
  }
}
