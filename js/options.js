/**
 * The options of `binoHmr()` and those that it shares with `createWatcher()`: names, defaults and checks. Pure.
 */

import os from 'node:os'
import { checkOptions } from './check-options.js'
import { POLL_RULE } from './polling.js'

/** @typedef {import('./check-options.js').Rule} Rule */

const LOG_LEVELS = ['silent', 'info', 'debug']

/** @param {unknown} value */
const isBoolean = (value) => typeof value === 'boolean'

/** Of everything that watches. @type {Record<'ignore' | 'gitignore' | 'debounce' | 'poll' | 'threads', Rule>} */
export const WATCH_RULES = {
  ignore: {
    takes: 'an array of globs or paths',
    accepts: (value) =>
      Array.isArray(value) && value.every((glob) => typeof glob === 'string' && glob !== ''),
    fallback: [],
  },
  gitignore: { takes: 'a boolean', accepts: isBoolean, fallback: true },
  debounce: {
    takes: "'adaptive' or a number of milliseconds from 0 to 60000",
    accepts: (value) => value === 'adaptive' || (typeof value === 'number' && value >= 0 && value <= 60_000),
    fallback: 'adaptive',
  },
  poll: POLL_RULE,
  threads: {
    takes: 'a whole number from 1 to 256',
    accepts: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 256,
    fallback: os.availableParallelism(),
  },
}

/** What a variable of the environment may say. @type {Record<string, boolean>} */
const SWITCH = Object.assign(Object.create(null), { 0: false, 1: true, false: false, true: true })

/** @param {string | undefined} value of a variable */
const wordOf = (value) => value?.trim().toLowerCase() ?? ''

/**
 * The options as they are used: only `poll` may be left open.
 *
 * @typedef {import('../index.d.ts').BinoHmrOptions} Given
 * @typedef {Required<Omit<Given, 'poll'>> & Pick<Given, 'poll'>} Options
 */

/** @type {Record<keyof Options, Rule>} */
const RULES = {
  enabled: { takes: 'a boolean', accepts: isBoolean, fallback: true },
  ignore: WATCH_RULES.ignore,
  gitignore: WATCH_RULES.gitignore,
  debounce: WATCH_RULES.debounce,
  poll: WATCH_RULES.poll,
  control: { takes: 'a boolean', accepts: isBoolean, fallback: true },
  verify: { takes: 'a boolean', accepts: isBoolean, fallback: false },
  threads: WATCH_RULES.threads,
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
 * @returns {Options}
 * @throws {TypeError} with `code: 'BINO_OPTION_INVALID'`, naming the option
 */
export function readOptions(given, env) {
  /** @type {Options} */
  const options = checkOptions('binoHmr()', RULES, given)
  options.enabled = SWITCH[wordOf(env.BINO_HMR_ENABLED)] ?? options.enabled
  if (SWITCH[wordOf(env.BINO_HMR_DEBUG)]) options.log = 'debug'
  return options
}

/**
 * What is wrong with the environment. A wrong option is refused; a variable may come from far away, so it is ignored and
 * warned of.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function environmentProblems(env) {
  return ['BINO_HMR_ENABLED', 'BINO_HMR_DEBUG'].flatMap((name) => {
    const word = wordOf(env[name])
    if (word === '' || word in SWITCH) return []
    const takes = `the environment variable ${name} takes 0, 1, false or true`
    return { code: 'BINO_ENV_INVALID', message: `${takes}; ${JSON.stringify(env[name])} is ignored` }
  })
}
