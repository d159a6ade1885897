/**
 * What Vite's configuration says about watching, in the engine's words. Reads options; starts nothing.
 */

import { statSync } from 'node:fs'
import path from 'node:path'
import { types } from 'node:util'
import { escapeGlob, globBelow } from '../globs.js'
import { readPolling } from '../polling.js'
import { globToRegExp, hasExtendedGlob } from './glob.js'

/**
 * @typedef {import('vite').ResolvedConfig} ResolvedConfig
 * @typedef {(string | RegExp | ((path: string) => boolean) | { path: string })} Matcher one of chokidar's `ignored`
 *
 * @typedef {object} WatchOptions
 * @property {Omit<import('../native.js').EngineOptions, 'debounce' | 'threads'>} engine
 * @property {number | undefined} debounce milliseconds of `awaitWriteFinish`
 * @property {((path: string) => boolean) | undefined} ignored what only JavaScript can decide: expressions, functions and
 *   extended globs; undefined without any
 * @property {Set<string>} restarts the files for which Vite restarts the server
 */

/**
 * @param {ResolvedConfig} config
 * @param {import('vite').ViteDevServer['watcher']['options']} watcher Vite's resolved options, with its default ignores
 * @param {Pick<import('../options.js').Options, 'ignore' | 'poll'> & { gitignore?: boolean }} options our own
 * @returns {WatchOptions}
 */
export function readWatchOptions(config, watcher, { ignore, gitignore = true, poll }) {
  const matchers = /** @type {Matcher[]} */ ([watcher.ignored ?? []].flat())
  /** @type {string[]} */
  const globs = []
  /** @type {((path: string) => boolean)[]} */
  const tests = []
  for (const matcher of matchers) {
    if (typeof matcher === 'string') {
      // A negation takes out of the engine's globs, too, so it cannot be judged here: the engine refuses it by name.
      if (hasExtendedGlob(matcher) && !matcher.startsWith('!')) {
        const expression = globToRegExp(below(matcher, watcher.cwd))
        tests.push((file) => expression.test(file))
      } else globs.push(matcher)
    } else if (types.isRegExp(matcher)) tests.push((file) => file.search(matcher) >= 0)
    else if (typeof matcher === 'function') tests.push(harmless(withStats(matcher), config.logger))
    // Whatever else it is, it matches nothing, as for chokidar.
    else if (typeof matcher?.path === 'string') globs.push(matcher.path)
  }
  const negations = globs
    .filter((glob) => glob.startsWith('!') && !hasExtendedGlob(glob.slice(1)))
    .map((glob) => globToRegExp(below(glob, watcher.cwd).slice(1)))
  const restarts = restartFiles(config)
  const finish = watcher.awaitWriteFinish
  return {
    engine: {
      roots: [config.root],
      extra: [...restarts, ...(config.publicDir ? [config.publicDir] : [])],
      ignore: [...globs.map((glob) => below(glob, watcher.cwd)), ...ownGlobs(ignore, config.root)],
      // A negation of the user must never un-ignore the optimizer's own files: they would become changes.
      alwaysIgnore: [`${escapeGlob(config.cacheDir)}/**`],
      gitignore,
      depth: watcher.depth,
      // chokidar fills in `usePolling: false` by itself; only the user's own says that he does not want it.
      ...readPolling(poll, process.env, { ...watcher, usePolling: config.server.watch?.usePolling }),
    },
    debounce: finish ? (finish === true ? 2000 : (finish.stabilityThreshold ?? 2000)) : undefined,
    ignored: tests.length > 0 ? (file) => isIgnored(file, config.root, tests, negations) : undefined,
    restarts: new Set(restarts),
  }
}

/**
 * The files that `handleHMRUpdate` answers with a restart: the config, what it imports, and the mode's env files
 * (Vite's `getEnvFilesForMode`).
 *
 * @param {ResolvedConfig} config
 */
export function restartFiles({ configFile, configFileDependencies, envDir, mode }) {
  const env = envDir
    ? ['.env', '.env.local', `.env.${mode}`, `.env.${mode}.local`].map((name) =>
        path.posix.join(envDir, name),
      )
    : []
  return [...(configFile ? [configFile] : []), ...configFileDependencies, ...env]
}

/**
 * Our own option's globs: below the root, but for those that begin with `**`.
 *
 * @param {string[]} globs
 * @param {string} root
 */
export const ownGlobs = (globs, root) => globs.map((glob) => belowUnlessFree(glob, root))

/**
 * chokidar does not look into a folder that is ignored, so what lies below is ignored too.
 *
 * @param {string} file
 * @param {string} root
 * @param {((path: string) => boolean)[]} tests
 * @param {RegExp[]} negations what they match is not ignored, whatever else says so
 */
function isIgnored(file, root, tests, negations) {
  for (let at = file; ; at = path.posix.dirname(at)) {
    if (tests.some((test) => test(at)) && !negations.some((negation) => negation.test(at))) return true
    if (at === root || at === path.posix.dirname(at)) return false
  }
}

/**
 * chokidar calls a function with the path alone and with its `Stats`. Both calls are made but for one that declares only
 * the path: who declares nothing may take them as `...rest`.
 *
 * @param {(path: string, stats?: import('node:fs').Stats) => boolean} matcher
 * @returns {(path: string) => boolean}
 */
function withStats(matcher) {
  if (matcher.length === 1) return matcher
  return (file) => matcher(file) || matcher(file, statsOf(file))
}

/** @param {string} file */
function statsOf(file) {
  try {
    return statSync(file)
  } catch {
    // Not there, a link in circles, or not for us to see: there are none, and that is not the function's fault.
    return undefined
  }
}

/**
 * What throws ignores nothing, and says so once: it is asked on the way from the engine, where nobody would catch it.
 *
 * @param {(path: string) => boolean} test
 * @param {import('vite').Logger} logger
 * @returns {(path: string) => boolean}
 */
function harmless(test, logger) {
  let told = false
  return (file) => {
    try {
      return test(file)
    } catch (error) {
      if (!told) logger.error(`[bino-hmr] a function in server.watch.ignored threw for ${file}: ${error}`)
      told = true
      return false
    }
  }
}

/**
 * @param {string} glob
 * @param {string | undefined} cwd
 */
const below = (glob, cwd) => (cwd ? belowUnlessFree(glob, cwd) : glob)

/**
 * A pattern as chokidar takes it with a `cwd`: below it, unless it may begin anywhere.
 *
 * @param {string} glob
 * @param {string} folder
 */
const belowUnlessFree = (glob, folder) => (/^!?\*\*/.test(glob) ? glob : globBelow(folder, glob))
