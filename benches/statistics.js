/** Figures of a list of samples. Pure. */

/**
 * @typedef {object} Summary
 * @property {number} n
 * @property {number} p50
 * @property {number} p95
 * @property {number} p99
 * @property {number} max
 */

/**
 * @param {number[]} samples
 * @returns {Summary}
 */
export function summarize(samples) {
  const sorted = [...samples].sort((a, b) => a - b)
  return {
    n: sorted.length,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    p99: percentile(sorted, 0.99),
    max: sorted[sorted.length - 1] ?? Number.NaN,
  }
}

/** @param {number[]} samples */
export const median = (samples) => summarize(samples).p50

/**
 * The nearest rank: a sample that was seen, never one between two. With few samples p99 is the largest.
 *
 * @param {number[]} sorted
 * @param {number} share
 */
const percentile = (sorted, share) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
