/**
 * For each index, which content of a file was taken: by pages, or by those who made modules of it.
 *
 * Owns: whether it was only one since the last update, and its hash and size, in 13 bytes.
 * Never decides what counts as taken, nor when.
 */

/** @typedef {import('../native.js').ContentHashes} ContentHashes */

const NEVER = 0
const ONLY = 1
const SEVERAL = 2
/** Besides one of the others: what is taken next takes its place. */
const RENEWED = 4

/** How many there is room for as soon as there is one. */
const LEAST = 256

export class Contents {
  #states = new Uint8Array(0)
  #hashes = new Float64Array(0)
  #sizes = new Uint32Array(0)

  /** @param {ContentHashes['hashFile']} hashFile */
  constructor(hashFile) {
    this.hashFile = hashFile
  }

  /** How much memory it takes. */
  get bytes() {
    return this.#states.byteLength + this.#hashes.byteLength + this.#sizes.byteLength
  }

  /**
   * A content is taken.
   *
   * @param {number} index
   * @param {number} hash
   * @param {number} size in bytes
   */
  note(index, hash, size) {
    this.#makeRoom(index)
    const state = this.#states[index]
    if (state === NEVER || state & RENEWED) {
      this.#states[index] = ONLY
      this.#hashes[index] = hash
      this.#sizes[index] = size
    } else if (state === ONLY && (this.#hashes[index] !== hash || this.#sizes[index] !== size)) {
      this.#states[index] = SEVERAL
    }
  }

  /**
   * Whether any was taken.
   *
   * @param {number} index
   */
  wasTaken(index) {
    return this.#stateOf(index) !== NEVER
  }

  /**
   * Whether only one was taken.
   *
   * @param {number} index
   */
  isOne(index) {
    return (this.#stateOf(index) & ONLY) !== 0
  }

  /**
   * Whether only one was taken, and it is what lies in the file now.
   *
   * @param {number} index
   * @param {string} file
   */
  isIn(index, file) {
    return this.isOne(index) && this.hashFile(file, this.#sizes[index]) === this.#hashes[index]
  }

  /**
   * The hash of the only one, unless it is to be taken anew.
   *
   * @param {number} index
   */
  hashOf(index) {
    return this.#stateOf(index) === ONLY ? this.#hashes[index] : undefined
  }

  /**
   * Whether those who took it were told to do so anew, and none has yet.
   *
   * @param {number} index
   */
  isRenewed(index) {
    return (this.#stateOf(index) & RENEWED) !== 0
  }

  /**
   * Those who took it are told to do so anew. What they take first takes the place of what they took.
   *
   * @param {number} index
   */
  renew(index) {
    if (this.wasTaken(index)) this.#states[index] |= RENEWED
  }

  /**
   * Nobody knows any more what was taken, if anything was.
   *
   * @param {number} index
   */
  forget(index) {
    if (this.wasTaken(index)) this.#states[index] = SEVERAL
  }

  /**
   * Something was taken, or may have been, and nobody knows what.
   *
   * @param {number} index
   */
  lose(index) {
    this.#makeRoom(index)
    this.#states[index] = SEVERAL
  }

  /**
   * Nobody knows anything any more.
   *
   * @param {number} [except] the one index of which all is known as before
   */
  forgetAll(except) {
    for (let index = 0; index < this.#states.length; index++) if (index !== except) this.forget(index)
  }

  /**
   * Of an index that there is no room for yet, nothing was ever taken.
   *
   * @param {number} index
   */
  #stateOf(index) {
    return this.#states[index] ?? NEVER
  }

  /** @param {number} index */
  #makeRoom(index) {
    if (index < this.#states.length) return
    const length = roomFor(index, this.#states.length)
    this.#states = grown(new Uint8Array(length), this.#states)
    this.#hashes = grown(new Float64Array(length), this.#hashes)
    this.#sizes = grown(new Uint32Array(length), this.#sizes)
  }
}

/**
 * How long a column becomes that has no place for an index.
 *
 * @param {number} index
 * @param {number} length how long it is
 */
export const roomFor = (index, length) => Math.max(index + 1, length * 2, LEAST)

/**
 * @template {Uint8Array | Uint32Array | Float64Array} Words
 * @param {Words} words
 * @param {Words} before
 */
export function grown(words, before) {
  words.set(before)
  return words
}
