/**
 * Random numbers that a seed determines (mulberry32).
 *
 * @param {number} seed
 */
export function randomOf(seed) {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    /** From 0 up to, and without, `limit`. @param {number} limit */
    below: (limit) => Math.floor(next() * limit),
    /** Once in `times`. @param {number} times */
    once: (times) => next() * times < 1,
    /**
     * @template T
     * @param {readonly T[]} list
     * @returns {T}
     */
    pick: (list) => list[Math.floor(next() * list.length)],
  }
}

/** @typedef {ReturnType<typeof randomOf>} Random */
