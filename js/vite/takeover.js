/**
 * Takes Vite's watcher over: chokidar is made, and every plugin gets to hold it, but it is told to watch nothing.
 *
 * Owns: `server.watch` from `configResolved` to `configureServer`, and the way back to chokidar when no engine starts.
 */

import { Session } from './session.js'
import { ownGlobs, readWatchOptions, restartFiles } from './watch-options.js'

/**
 * @typedef {import('vite').ViteDevServer} ViteDevServer
 * @typedef {import('vite').ResolvedServerOptions['watch']} Watch
 * @typedef {ViteDevServer['watcher']['options']} WatcherOptions
 *
 * What is remembered between the two hooks.
 *
 * @typedef {object} Taken
 * @property {Watch} users the user's own `server.watch`, put back later
 * @property {Watch} ours what stands there until then
 * @property {() => boolean} ignoreAll told to chokidar beside what the user ignores
 * @property {() => void} unignore makes `ignoreAll` say no from now on
 */

/**
 * Has chokidar ignore everything. What the user ignores is kept from it until then: a negation would have it watch, and a
 * function that throws would end the process.
 *
 * @param {import('vite').ResolvedConfig} config
 * @returns {Taken}
 */
export function takeWatch(config) {
  const users = config.server.watch
  let ignoresAll = true
  const ignoreAll = () => ignoresAll
  const ours = { ...users, ignored: [ignoreAll] }
  setWatch(config, ours)
  return {
    users,
    ours,
    ignoreAll,
    unignore() {
      ignoresAll = false
    },
  }
}

/**
 * Puts everything back where whoever reads the options looks for it: by now chokidar has asked about all that it was to
 * watch.
 *
 * @param {ViteDevServer} server
 * @param {Taken} taken
 * @returns {WatcherOptions | undefined} chokidar's, with what the user ignores; `undefined` if it watches by itself
 */
export function putWatchBack({ config, watcher }, { users, ours, ignoreAll }) {
  if (config.server.watch === ours) setWatch(config, users)
  const ignored = [watcher.options.ignored ?? []].flat()
  const at = ignored.indexOf(ignoreAll)
  if (at < 0) {
    // Two watchers would tell everything twice.
    config.logger.warn(
      '[bino-hmr] stands down: another plugin replaced `server.watch` after the config was resolved.',
      { timestamp: true },
    )
    return undefined
  }
  ignored.splice(at, 1, ...[users?.ignored ?? []].flat())
  const theirs = /** @type {unknown[]} */ (watcher.options.ignored)
  theirs.splice(0, theirs.length, ...ignored)
  return { ...watcher.options, ignored }
}

/**
 * Starts the engine. Without one chokidar watches, except where an option of ours is wrong.
 *
 * @param {ViteDevServer} server
 * @param {import('../options.js').Options} options
 * @param {WatcherOptions} watcherOptions
 * @param {() => void} unignore
 * @returns {{ ready: Promise<unknown>, session?: Session }}
 * @throws {Error} `BINO_GLOB_INVALID` for a glob of our own option
 */
export function startSession(server, options, watcherOptions, unignore) {
  const { config } = server
  try {
    const watch = readWatchOptions(config, watcherOptions, options)
    const session = new Session(server, options, watch, unignore)
    return { ready: session.ready, session }
  } catch (error) {
    if (isOurGlob(error, ownGlobs(options.ignore, config.root))) {
      const { message } = /** @type {Error} */ (error)
      throw Object.assign(new Error(`the option "ignore" of binoHmr(): ${message}`, { cause: error }), {
        code: codeOf(error),
      })
    }
    startStockWatching(server, unignore, error)
    const ready = Promise.reject(error)
    // Whoever awaits it is told; nobody has to.
    ready.catch(() => {})
    return { ready }
  }
}

/**
 * A wrong glob of our own option is an error. One that Vite's configuration holds may mean something to chokidar, so
 * it is a reason to leave the watching to chokidar.
 *
 * @param {unknown} error
 * @param {string[]} ours
 */
function isOurGlob(error, ours) {
  if (codeOf(error) !== 'BINO_GLOB_INVALID') return false
  const { message } = /** @type {Error} */ (error)
  return ours.some((glob) => message.includes(JSON.stringify(glob)))
}

/**
 * @param {ViteDevServer} server
 * @param {() => void} unignore
 * @param {unknown} error
 */
function startStockWatching(server, unignore, error) {
  const message = error instanceof Error ? error.message : String(error)
  server.config.logger.error(
    `[bino-hmr] ${codeOf(error) ?? 'error'}: ${message}\n[bino-hmr] Vite's own watcher and updates are used instead.`,
    { error: error instanceof Error ? error : undefined, timestamp: true },
  )
  unignore()
  const { root, publicDir } = server.config
  server.watcher.add([root, ...restartFiles(server.config), ...(publicDir ? [publicDir] : [])])
}

/**
 * Vite's types call the resolved options read-only; there is no later moment at which they could be set.
 *
 * @param {import('vite').ResolvedConfig} config
 * @param {Watch} watch
 */
function setWatch(config, watch) {
  /** @type {{ watch?: Watch }} */
  const server = config.server
  server.watch = watch
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {{ code?: string } | undefined} */ (error)?.code
