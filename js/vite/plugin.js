/**
 * `binoHmr()`: the hooks of the Vite plugin. Each names a step; the steps are in the files beside this one.
 */

import { globProblems } from '../globs.js'
import { environmentProblems, readOptions } from '../options.js'
import { sessionOf } from './session.js'
import { offerShortcut } from './shortcut.js'
import { putWatchBack, startSession, takeWatch } from './takeover.js'
import { currentPass } from './transaction.js'
import { awaitUnresolved } from './unresolved.js'

/** Configs that a `binoHmr()` serves already: the plugin listed twice is one plugin. */
const served = new WeakSet()

/**
 * @param {import('../../index.d.ts').BinoHmrOptions} [given]
 * @returns {[import('../../index.d.ts').BinoHmrPlugin, import('vite').Plugin]}
 */
export function binoHmr(given = {}) {
  const options = readOptions(given, process.env)
  /**
   * Between `configResolved` and `configureServer`, by config: one plugin may serve several servers, and after a restart the
   * old and the new one live side by side.
   *
   * @type {WeakMap<object, import('./takeover.js').Taken>}
   */
  const taken = new WeakMap()
  /** The server that was started last: its session, or why it has none. @type {ReturnType<typeof startSession>} */
  let latest = { ready: Promise.resolve() }

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
        if (!standsDown(config)) taken.set(config, takeWatch(config))
      },
    },

    configureServer: {
      order: 'pre',
      async handler(server) {
        warn(server, environmentProblems(process.env))
        const mine = taken.get(server.config)
        if (!mine) return
        taken.delete(server.config)
        const watcherOptions = putWatchBack(server, mine)
        if (!watcherOptions) return
        latest = startSession(server, options, watcherOptions, mine.unignore)
        const { session } = latest
        if (!session) return
        warn(server, globProblems('binoHmr()', options.ignore))
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
 * `plugins: [binoHmr]`, the call forgotten: to Vite a function in that list is a plugin without a hook, and nothing would
 * be said. It is one with this hook.
 */
Object.defineProperty(binoHmr, 'config', {
  value() {
    throw Object.assign(new TypeError('binoHmr is a function to call: write `plugins: [binoHmr()]`'), {
      code: 'BINO_OPTION_INVALID',
    })
  },
})

/**
 * @param {import('vite').ViteDevServer} server
 * @param {{ code: string, message: string }[]} problems each said once, though the plugin be listed twice
 */
function warn({ config }, problems) {
  for (const { code, message } of problems) {
    config.logger.warnOnce(`[bino-hmr] ${code}: ${message}`, { timestamp: true })
  }
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
