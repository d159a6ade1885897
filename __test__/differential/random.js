/**
 * Repeatable chance: the same seed gives the same case, on every machine and Node.
 */

/** Thirty-two bits of state (mulberry32): enough for test cases, and short. */
export class Random {
  #state

  /** @param {number} seed */
  constructor(seed) {
    // Neighbouring seeds must not give neighbouring cases.
    this.#state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0
  }

  /** From 0 up to, and without, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }

  /**
   * A whole number from 0 up to, and without, `limit`.
   *
   * @param {number} limit
   */
  below(limit) {
    return Math.floor(this.next() * limit)
  }

  /**
   * A whole number; both ends can come.
   *
   * @param {number} low
   * @param {number} high
   */
  between(low, high) {
    return low + this.below(high - low + 1)
  }

  /** @param {number} probability */
  chance(probability) {
    return this.next() < probability
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  pick(list) {
    return list[this.below(list.length)]
  }

  /**
   * Each member by itself with the same probability, in the order of the list.
   *
   * @template T
   * @param {readonly T[]} list
   * @param {number} probability
   */
  some(list, probability) {
    return list.filter(() => this.chance(probability))
  }

  /**
   * The members in any order.
   *
   * @template T
   * @param {readonly T[]} list
   */
  shuffled(list) {
    const result = [...list]
    for (let at = result.length - 1; at > 0; at--) {
      const other = this.below(at + 1)
      const kept = result[at]
      result[at] = result[other]
      result[other] = kept
    }
    return result
  }
}
