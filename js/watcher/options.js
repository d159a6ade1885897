/**
 * The options of `createWatcher()` and what they are in the engine's words. Starts nothing, touches no disk.
 */

import path from 'node:path'
import { checkOptions } from '../check-options.js'
import { globBelow, globProblems } from '../globs.js'
import { WATCH_RULES } from '../options.js'
import { readPolling } from '../polling.js'

/**
 * @typedef {import('../../index.d.ts').WatcherOptions} WatcherOptions
 * @typedef {'root' | 'poll' | 'signal'} Open what has no default to fill in
 * @typedef {Required<Omit<WatcherOptions, Open>> & Pick<WatcherOptions, Open>} Checked
 *
 * @typedef {object} EngineWords
 * @property {import('../native.js').EngineOptions} engine
 * @property {string[]} entries
 * @property {AbortSignal | undefined} signal
 * @property {{ code: string, message: string }[]} problems what to warn of
 */

/** What hardly any build script means when it says "this folder", and what costs most to watch. */
const ALWAYS = ['**/.git/**', '**/node_modules/**']

/** @type {Record<keyof WatcherOptions, import('../check-options.js').Rule>} */
const RULES = {
  root: {
    takes: 'the path of a folder',
    accepts: (value) => typeof value === 'string' && value !== '',
    fallback: undefined,
  },
  entries: {
    takes: 'an array of paths of files, at least one',
    accepts: (value) => isTexts(value) && value.length > 0,
    fallback: [],
  },
  ignore: WATCH_RULES.ignore,
  gitignore: WATCH_RULES.gitignore,
  debounce: WATCH_RULES.debounce,
  poll: WATCH_RULES.poll,
  threads: WATCH_RULES.threads,
  signal: {
    takes: 'an AbortSignal',
    // As Node checks it: there is more than one class of that name in a process.
    accepts: (value) => typeof value === 'object' && value !== null && 'aborted' in value,
    fallback: undefined,
  },
}

/** @type {(value: unknown) => value is string[]} */
const isTexts = (value) =>
  Array.isArray(value) && value.every((text) => typeof text === 'string' && text !== '')

/**
 * @param {unknown} given
 * @returns {EngineWords}
 * @throws {TypeError} with `code: 'BINO_OPTION_INVALID'`, naming the option
 */
export function readWatcherOptions(given) {
  /** @type {Checked} */
  const options = checkOptions('createWatcher()', RULES, given)
  const root = path.resolve(options.root ?? process.cwd())
  const engine = {
    roots: [root],
    extra: [],
    // All of them: a glob for `dist` must not silence a root that itself lies in a `dist`.
    ignore: [...ALWAYS, ...options.ignore].map((glob) => globBelow(root, glob)),
    alwaysIgnore: [],
    gitignore: options.gitignore,
    depth: undefined,
    debounce: options.debounce === 'adaptive' ? undefined : options.debounce,
    ...readPolling(options.poll, process.env),
    threads: options.threads,
  }
  const problems = globProblems('createWatcher()', options.ignore)
  return { engine, entries: options.entries, signal: options.signal, problems }
}
