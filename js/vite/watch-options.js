/**
 * What Vite's configuration says about watching, in the engine's words. Reads options; starts nothing.
 */

import path from 'node:path'

/**
 * @typedef {import('vite').ResolvedConfig} ResolvedConfig
 * @typedef {(string | RegExp | ((path: string) => boolean) | { path: string })} Matcher one of chokidar's `ignored`
 *
 * @typedef {object} WatchOptions
 * @property {Omit<import('../native.js').EngineOptions, 'debounce' | 'threads'>} engine
 * @property {number | undefined} debounce milliseconds of `awaitWriteFinish`
 * @property {(path: string) => boolean} ignored what only JavaScript can decide: expressions and functions
 * @property {Set<string>} restarts the files for which Vite restarts the server
 */

/**
 * @param {ResolvedConfig} config
 * @param {import('vite').ViteDevServer['watcher']['options']} watcher Vite's resolved options, with its default ignores
 * @param {string[]} ignore our own option
 * @returns {WatchOptions}
 */
export function readWatchOptions(config, watcher, ignore) {
  const matchers = /** @type {Matcher[]} */ ([watcher.ignored ?? []].flat())
  /** @type {string[]} */
  const globs = []
  /** @type {((path: string) => boolean)[]} */
  const tests = []
  for (const matcher of matchers) {
    if (typeof matcher === 'string') globs.push(matcher)
    else if (matcher instanceof RegExp) tests.push((file) => matcher.test(file))
    else if (typeof matcher === 'function') tests.push(matcher)
    else globs.push(matcher.path)
  }
  const restarts = restartFiles(config)
  const cwd = watcher.cwd ?? config.root
  const finish = watcher.awaitWriteFinish
  return {
    engine: {
      roots: [config.root],
      extra: [...restarts, ...(config.publicDir ? [config.publicDir] : [])],
      ignore: [...globs, ...ignore].map((glob) => absoluteGlob(glob, cwd)),
      // A negation of the user must never un-ignore the optimizer's own files: they would become changes.
      alwaysIgnore: [`${escapeGlob(config.cacheDir)}/**`],
      depth: watcher.depth,
      poll: watcher.usePolling ? (watcher.interval ?? 100) : undefined,
    },
    debounce: finish ? (finish === true ? 2000 : (finish.stabilityThreshold ?? 2000)) : undefined,
    ignored: (file) => tests.some((test) => test(file)),
    restarts: new Set(restarts),
  }
}

/**
 * The files that `handleHMRUpdate` answers with a restart: the config, what it imports, and the mode's env files
 * (Vite's `getEnvFilesForMode`).
 *
 * @param {ResolvedConfig} config
 */
function restartFiles({ configFile, configFileDependencies, envDir, mode }) {
  const env = envDir
    ? ['.env', '.env.local', `.env.${mode}`, `.env.${mode}.local`].map((name) =>
        path.posix.join(envDir, name),
      )
    : []
  return [...(configFile ? [configFile] : []), ...configFileDependencies, ...env]
}

/**
 * A pattern without a wildcard at its start is a path below `cwd`, for chokidar as for us.
 *
 * @param {string} glob
 * @param {string} cwd
 */
function absoluteGlob(glob, cwd) {
  const negated = glob.startsWith('!')
  const pattern = negated ? glob.slice(1) : glob
  if (path.isAbsolute(pattern) || pattern.startsWith('**')) return glob
  return `${negated ? '!' : ''}${path.posix.join(cwd, pattern)}`
}

/** @param {string} file */
const escapeGlob = (file) => file.replace(/[?*[\]{}()!]/g, '\\$&')
