/**
 * The options of `binoHmr()`: their names, defaults and checks. Pure.
 */

import os from 'node:os'

/**
 * What one option takes, for the check and for the message when it fails.
 *
 * @typedef {{ takes: string, accepts: (value: unknown) => boolean, fallback: unknown }} Rule
 */

const LOG_LEVELS = ['silent', 'info', 'debug']

/** @param {unknown} value */
const isBoolean = (value) => typeof value === 'boolean'

/** @type {Record<keyof Required<import('../index.d.ts').BinoHmrOptions>, Rule>} */
const RULES = {
  enabled: { takes: 'a boolean', accepts: isBoolean, fallback: true },
  ignore: {
    takes: 'an array of globs or paths',
    accepts: (value) =>
      Array.isArray(value) && value.every((glob) => typeof glob === 'string' && glob !== ''),
    fallback: [],
  },
  debounce: {
    takes: "'adaptive' or a number of milliseconds from 0 to 60000",
    accepts: (value) => value === 'adaptive' || (typeof value === 'number' && value >= 0 && value <= 60_000),
    fallback: 'adaptive',
  },
  verify: { takes: 'a boolean', accepts: isBoolean, fallback: false },
  threads: {
    takes: 'a whole number from 1 to 256',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 256,
    fallback: os.availableParallelism(),
  },
  log: {
    takes: "'silent', 'info' or 'debug'",
    accepts: (value) => LOG_LEVELS.includes(/** @type {string} */ (value)),
    fallback: 'info',
  },
}

/**
 * Fills in the defaults and refuses what is wrong, before anything is started.
 *
 * @param {unknown} given
 * @param {NodeJS.ProcessEnv} env `BINO_HMR_ENABLED` and `BINO_HMR_DEBUG` win over the options
 * @returns {Required<import('../index.d.ts').BinoHmrOptions>}
 * @throws {TypeError} with `code: 'BINO_OPTION_INVALID'`, naming the option
 */
export function readOptions(given, env) {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw invalid(`binoHmr() takes an object of options, but got ${show(given)}`)
  }
  const known = Object.keys(RULES)
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw invalid(`binoHmr() has no option "${name}"; it takes ${known.join(', ')}`)
    }
  }
  const options = Object.fromEntries(
    Object.entries(RULES).map(([name, rule]) => {
      const value = /** @type {Record<string, unknown>} */ (given)[name]
      if (value === undefined) return [name, rule.fallback]
      if (rule.accepts(value)) return [name, value]
      throw invalid(`the option "${name}" of binoHmr() takes ${rule.takes}, but got ${show(value)}`)
    }),
  )
  const enabled = env.BINO_HMR_ENABLED
  if (enabled !== undefined && enabled !== '') options.enabled = enabled !== '0' && enabled !== 'false'
  if (env.BINO_HMR_DEBUG && env.BINO_HMR_DEBUG !== '0') options.log = 'debug'
  return /** @type {Required<import('../index.d.ts').BinoHmrOptions>} */ (options)
}

/** @param {string} message */
function invalid(message) {
  return Object.assign(new TypeError(message), { code: 'BINO_OPTION_INVALID' })
}

/**
 * A value as a person would write it, short.
 *
 * @param {unknown} value
 */
function show(value) {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'number')
    return String(value)
  if (value === undefined) return 'undefined'
  try {
    const text = JSON.stringify(value)
    return text.length > 80 ? `${text.slice(0, 77)}...` : text
  } catch {
    // Circular or hostile: the type is all that can be said.
    return `a value of type ${typeof value}`
  }
}
