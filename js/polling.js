/**
 * What is polled, and how often, in the engine's words: our option wins, then chokidar's environment variables, then
 * Vite's `server.watch`. Pure.
 */

/**
 * @typedef {boolean | { interval: number }} Poll the option `poll`
 *
 * @typedef {object} ChokidarPolling what of chokidar's options is about polling
 * @property {boolean} [usePolling]
 * @property {number} [interval]
 * @property {number} [binaryInterval]
 *
 * @typedef {object} EnginePolling
 * @property {boolean | undefined} poll everything or nothing; without it what has to be
 * @property {number | undefined} interval milliseconds between two looks at what is used
 * @property {number | undefined} restInterval milliseconds between two looks at the rest
 */

/** A look is at thousands of files; more often than this it would do nothing else. */
const SHORTEST_MS = 10
const LONGEST_MS = 3_600_000

/** @type {import('./check-options.js').Rule} */
export const POLL_RULE = {
  takes: 'true, false or { interval }, milliseconds from 10 to 3600000',
  accepts: (value) => typeof value === 'boolean' || isInterval(value),
  fallback: undefined,
}

/** @param {unknown} value */
function isInterval(value) {
  if (value === null || typeof value !== 'object' || Object.keys(value).join() !== 'interval') return false
  const { interval } = /** @type {{ interval: unknown }} */ (value)
  return typeof interval === 'number' && interval >= SHORTEST_MS && interval <= LONGEST_MS
}

/**
 * @param {Poll | undefined} option
 * @param {NodeJS.ProcessEnv} env `CHOKIDAR_USEPOLLING` and `CHOKIDAR_INTERVAL`, as chokidar 3.6 reads them
 * @param {ChokidarPolling} [watch] Vite's `server.watch`
 * @returns {EnginePolling}
 */
export function readPolling(option, env, watch = {}) {
  const interval = env.CHOKIDAR_INTERVAL ? Number.parseInt(env.CHOKIDAR_INTERVAL, 10) : watch.interval
  const words = { interval: bounded(interval), restInterval: bounded(watch.binaryInterval) }
  if (option === undefined) return { poll: usesPolling(env) ?? watch.usePolling, ...words }
  if (typeof option === 'boolean') return { poll: option, interval: undefined, restInterval: undefined }
  // The user named one interval, so it is that of everything.
  return { poll: true, interval: option.interval, restInterval: option.interval }
}

/** @param {NodeJS.ProcessEnv} env */
function usesPolling({ CHOKIDAR_USEPOLLING: value }) {
  if (value === undefined) return undefined
  return value !== '' && !['false', '0'].includes(value.toLowerCase())
}

/** What is no number of milliseconds is left to the engine's default. @param {number | undefined} interval */
function bounded(interval) {
  if (typeof interval !== 'number' || Number.isNaN(interval)) return undefined
  return Math.min(Math.max(interval, SHORTEST_MS), LONGEST_MS)
}
