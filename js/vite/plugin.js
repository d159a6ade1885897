/**
 * `binoHmr()`: the hooks of the Vite plugin. Each names a step; the steps are in the files beside this one.
 */

import { readOptions } from '../options.js'
import { Session, sessionOf } from './session.js'
import { offerShortcut } from './shortcut.js'
import { currentPass } from './transaction.js'
import { awaitUnresolved } from './unresolved.js'
import { ownGlobs, readWatchOptions, restartFiles } from './watch-options.js'

/**
 * What is remembered between `configResolved` and `configureServer`, by config: one plugin may serve several servers, and
 * after a restart the old and the new one live side by side.
 *
 * @typedef {object} Taken
 * @property {import('vite').ResolvedServerOptions['watch']} users the user's own `server.watch`, put back later
 * @property {import('vite').ResolvedServerOptions['watch']} ours what stands there until then
 * @property {() => boolean} ignoreAll told to chokidar beside what the user ignores
 * @property {() => void} unignore makes `ignoreAll` say no from now on
 */

/** Configs that a `binoHmr()` serves already: the plugin listed twice is one plugin. */
const served = new WeakSet()

/**
 * @param {import('../../index.d.ts').BinoHmrOptions} [given]
 * @returns {[import('../../index.d.ts').BinoHmrPlugin, import('vite').Plugin]}
 */
export function binoHmr(given = {}) {
  const options = readOptions(given, process.env)
  /** @type {WeakMap<object, Taken>} */
  const taken = new WeakMap()
  /** The server that was started last: its session, or why it has none. */
  let latest = /** @type {{ ready: Promise<unknown>, session?: Session }} */ ({ ready: Promise.resolve() })

  /** @type {import('../../index.d.ts').BinoHmrPlugin} */
  const plugin = {
    name: 'bino-hmr',
    enforce: 'pre',

    api: {
      get ready() {
        return latest.ready.then(() => {})
      },
      stats: () => latest.session?.stats(),
      hold: () => void latest.session?.hold.begin(),
      release: () => void latest.session?.hold.end(),
    },

    configResolved: {
      // After the plugins that set `server.watch` themselves.
      order: 'post',
      handler(config) {
        if (!options.enabled || config.command !== 'serve' || served.has(config)) return
        served.add(config)
        if (standsDown(config)) return
        const users = config.server.watch
        let ignoresAll = true
        const ignoreAll = () => ignoresAll
        const unignore = () => {
          ignoresAll = false
        }
        // chokidar is made, and every plugin gets to hold it, but it is told to watch nothing. What the user ignores is
        // kept from it until then: a negation would have it watch, and a function that throws would end the process.
        const ours = { ...users, ignored: [ignoreAll] }
        taken.set(config, { users, ours, ignoreAll, unignore })
        setWatch(config, ours)
      },
    },

    configureServer: {
      order: 'pre',
      async handler(server) {
        const { config } = server
        const mine = taken.get(config)
        if (!mine) return
        taken.delete(config)
        if (config.server.watch === mine.ours) setWatch(config, mine.users)
        const ignored = [server.watcher.options.ignored ?? []].flat()
        const at = ignored.indexOf(mine.ignoreAll)
        if (at < 0) {
          // Two watchers would tell everything twice.
          config.logger.warn(
            '[bino-hmr] stands down: another plugin replaced `server.watch` after the config was resolved.',
            { timestamp: true },
          )
          return
        }
        ignored.splice(at, 1, ...[mine.users?.ignored ?? []].flat())
        // By now chokidar has asked about all that it was to watch. Whoever reads the options finds what belongs there.
        const theirs = /** @type {unknown[]} */ (server.watcher.options.ignored)
        theirs.splice(0, theirs.length, ...ignored)
        /** @type {Session} */
        let session
        try {
          const watch = readWatchOptions(config, { ...server.watcher.options, ignored }, options)
          session = new Session(server, options, watch, mine.unignore)
        } catch (error) {
          if (isOurGlob(error, ownGlobs(options.ignore, config.root))) {
            const { message } = /** @type {Error} */ (error)
            throw Object.assign(new Error(`the option "ignore" of binoHmr(): ${message}`, { cause: error }), {
              code: codeOf(error),
            })
          }
          startStockWatching(server, mine.unignore, error)
          latest = { ready: Promise.reject(error) }
          // Whoever awaits it is told; nobody has to.
          latest.ready.catch(() => {})
          return
        }
        latest = { ready: session.ready, session }
        offerShortcut(server, (current) => sessionOf(current)?.hold.toggle())
        // Ready means watching: no edit is lost from the moment that Vite says it is ready.
        await Promise.all([session.ready.catch(() => {}), session.control?.ready])
        return () => setImmediate(() => session.face.ready())
      },
    },

    transformIndexHtml: {
      order: 'pre',
      handler(html, { server, filename }) {
        if (server) sessionOf(server)?.pageServed(filename.replaceAll('\\', '/'), html)
      },
    },

    hotUpdate: {
      order: 'pre',
      handler(update) {
        // Returns nothing: the object is kept, and by the end of the pass it holds what every other hook left.
        currentPass()?.options.set(this.environment, update)
      },
    },
  }
  return [plugin, awaitUnresolved()]
}

/**
 * Cases in which Vite stays as it is.
 *
 * @param {import('vite').ResolvedConfig} config
 */
function standsDown(config) {
  // The user asked for no watching at all.
  if (config.server.watch === null) return true
  if (!config.experimental.bundledDev) return false
  config.logger.info(
    '[bino-hmr] stands down: with experimental.bundledDev Rolldown watches and updates the page by itself.',
    { timestamp: true },
  )
  return true
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
 * @param {import('vite').ViteDevServer} server
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
 * @param {import('vite').ResolvedServerOptions['watch']} watch
 */
function setWatch(config, watch) {
  /** @type {{ watch?: typeof watch }} */
  const server = config.server
  server.watch = watch
}

/** @param {unknown} error */
const codeOf = (error) => /** @type {{ code?: string } | undefined} */ (error)?.code
