/**
 * One server's life with the engine: from `configureServer` to `watcher.close()`.
 *
 * Owns: the native engine, the mirror of each environment, the transactions under way, and the way back to stock Vite.
 */

import path from 'node:path'
import { listen } from '../control/listen.js'
import { contentHashes, createEngine } from '../native.js'
import { Baseline } from './baseline.js'
import { gatherAtTheEndOfPasses } from './gather.js'
import { Hold } from './hold.js'
import { standInFront } from './hot-channel.js'
import { makeInvalidationIterative } from './invalidation.js'
import { Mirror } from './mirror.js'
import { noteWhatPagesAskFor } from './requests.js'
import { Restarts } from './restarts.js'
import { list, send } from './send.js'
import { outsideOfPasses, Transactions } from './transaction.js'
import { WatcherFace } from './watcher-face.js'
import { wirePathOf } from './wire-path.js'

/**
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Transaction} Transaction
 * @typedef {import('vite').ViteDevServer} ViteDevServer
 *
 * @typedef {object} Mirrored one environment's place in the engine
 * @property {number} graph the native graph
 * @property {Mirror} mirror keeps it current
 * @property {Baseline} baseline what its pages hold
 * @property {(file: string, timestamp: number) => boolean} stampAgain invalidates what `onFileChange` just reached
 * @property {(url: string) => string} wirePath how this Vite writes a url in a payload
 */

/** Files for which Vite reloads every page without a pass: its own client. */
const VITE_CLIENT = /\/vite\/dist\/client\//

/** Each config's session, for the hooks that Vite calls with a config or a server. @type {WeakMap<object, Session>} */
const sessions = new WeakMap()

/** @param {{ config: object }} server */
export const sessionOf = (server) => sessions.get(server.config)

export class Session {
  /** @type {Map<Environment, Mirrored>} */
  #mirrored = new Map()
  #closed = false
  #started = performance.now()
  /** Set as soon as the engine's threads are being joined. @type {Promise<void> | undefined} */
  closing
  /** Why stock Vite took over, if it did. @type {unknown} */
  failure
  /** The `.html` files that pages were made of. @type {Set<string>} */
  #pages = new Set()
  /** Whether every page is known by its file. */
  #knowsPages = true
  /** When a page last asked for anything, or was answered, as `performance.now()`. In middleware mode nobody can tell. */
  #lastRequest = Number.POSITIVE_INFINITY

  /**
   * @param {ViteDevServer} server
   * @param {import('../options.js').Options} options
   * @param {import('./watch-options.js').WatchOptions} watch
   * @param {() => void} unignore makes chokidar watch again what it was told to ignore
   */
  constructor(server, options, watch, unignore) {
    // The server given to hooks turns into the next one at a restart; a session stays with the first.
    this.config = server.config
    this.environments = server.environments
    this.options = options
    this.watch = watch
    this.unignore = unignore

    this.ready = new Promise((resolve, reject) => {
      this.becomeReady = resolve
      this.becomeFailed = reject
    })
    // Whoever awaits it sees the error; without this line a failure before that would end the process.
    this.ready.catch(() => {})

    this.hashes = contentHashes()
    this.startedOn = Date.now()
    this.engine = createEngine(
      { ...watch.engine, debounce: debounceOf(options, watch), threads: options.threads },
      (event) => this.#onEvent(event),
    )
    // As chokidar with `persistent`, its default: Vitest and servers in middleware mode live by it. The engine's own
    // events keep nothing alive.
    if (server.watcher.options.persistent !== false) this.alive = setInterval(() => {}, 2 ** 30)
    this.face = new WatcherFace(server.watcher, {
      add: (paths) => this.engine.add(paths),
      addGlobs: (globs) => this.engine.addGlobs(globs),
      unwatch: (paths) => this.engine.unwatch(paths),
      watched: () => this.#watched(),
      close: () => this.close(),
    })
    this.transactions = new Transactions({
      emit: (event, file) => this.face.emit(event, file),
      hasPass: (file) =>
        this.config.server.hmr !== false && !watch.restarts.has(file) && !VITE_CLIENT.test(file),
      finish: (transaction) => this.#finish(transaction),
      report: (error, file) =>
        this.config.logger.error(
          `[bino-hmr] a listener of server.watcher threw for ${file}:\n${asError(error).stack}`,
          { error: asError(error), timestamp: true },
        ),
      warnOfHungHooks: (files) =>
        this.config.logger.warn(
          `[bino-hmr] a hook of a plugin is still at work on ${list(files)}; nothing else waits for it`,
          { timestamp: true },
        ),
    })
    this.restarts = new Restarts(server, (restart) => this.hold.outlive(restart))
    for (const environment of Object.values(this.environments)) this.mirrorOf(environment)
    const { client } = this.environments
    server.middlewares.use(
      noteWhatPagesAskFor(this.config, client.moduleGraph, (module) => {
        // A request may end after its server.
        if (!this.#closed) this.mirrorOf(client).mirror.orphans.keep(module)
      }),
    )
    this.#noteRequests(server)
    gatherAtTheEndOfPasses(this)
    if (options.control && !isVitest(this.config)) this.control = this.#listen()
    // It says by which ways it ends, and the socket is one.
    this.hold = new Hold(this)
    sessions.set(this.config, this)
  }

  /** @param {ViteDevServer} server */
  #noteRequests({ httpServer }) {
    if (!httpServer) return
    const note = () => {
      this.#lastRequest = performance.now()
    }
    note()
    httpServer.on('request', (_request, response) => {
      note()
      response.once('close', note)
    })
  }

  /**
   * The native graph of an environment, made when it is first asked for.
   *
   * @param {Environment} environment
   */
  mirrorOf(environment) {
    const known = this.#mirrored.get(environment)
    if (known) return known
    const graph = this.engine.openGraph()
    const mirror = new Mirror(
      environment.moduleGraph,
      (words, strings) => this.engine.applyDelta(graph, words, strings),
      (flush) => {
        try {
          flush()
          this.engine.prepare(graph)
        } catch (error) {
          this.fallBack(error)
        }
      },
    )
    standInFront(environment)
    this.#watchAddedFiles(environment)
    const baseline = new Baseline(
      environment,
      (module) => mirror.indexOf(module),
      this.hashes,
      this.startedOn,
      () => this.#lastRequest,
    )
    const { stampAgain } = makeInvalidationIterative(environment.moduleGraph, () => mirror.version)
    const mirrored = { graph, mirror, baseline, stampAgain, wirePath: wirePathOf(environment) }
    this.#mirrored.set(environment, mirrored)
    return mirrored
  }

  /**
   * Notes that a page is about to be made of a file.
   *
   * @param {string} file as Vite's `transformIndexHtml` names it: where a framework brings its own HTML, by the url
   * @param {string} html the text of it
   */
  pageServed(file, html) {
    this.#pages.add(file)
    if (!this.#closed) this.mirrorOf(this.environments.client).baseline.served(file, html)
    if (!file.endsWith('.html')) this.#knowsPages = false
  }

  /**
   * Whether a page may have been made of an `.html` file. In middleware mode nobody can tell: the framework reads it.
   *
   * @param {string} file
   */
  hasPageOf(file) {
    return Boolean(this.config.server.middlewareMode) || !this.#knowsPages || this.#pages.has(file)
  }

  /**
   * Vite leaves what a plugin adds below the root to the root's own watch, which spares ignored folders here.
   *
   * @param {Environment} environment
   */
  #watchAddedFiles(environment) {
    const { watchFiles } = environment.pluginContainer ?? {}
    if (!watchFiles) return
    const { add } = watchFiles
    watchFiles.add = (file) => {
      if (!watchFiles.has(file)) this.awaitFiles([path.resolve(file)])
      return add.call(watchFiles, file)
    }
  }

  /**
   * Watches single files wherever they lie, there or not, unless the user ignores them.
   *
   * @param {string[]} files
   */
  awaitFiles(files) {
    if (!this.closing) this.engine.watchFiles(files)
  }

  /** Ends the engine and joins its threads. Does not wait for transactions: one of them may be what closes us. */
  async close() {
    if (this.#closed) return this.closing
    this.#closed = true
    clearInterval(this.alive)
    this.closing ??= this.engine.close()
    this.hold.close()
    this.control?.close()
    this.transactions.close()
    for (const { mirror } of this.#mirrored.values()) mirror.close()
    // A server that closes before it was ready must not leave anybody waiting.
    this.becomeReady?.(undefined)
    this.#mirrored.clear()
    return this.closing
  }

  /**
   * Stock watching and Vite's own updates from here on.
   *
   * @param {unknown} error
   */
  fallBack(error) {
    if (this.failure !== undefined || this.#closed) return
    this.failure = error
    this.config.logger.error(
      `[bino-hmr] ${describe(error)}\n[bino-hmr] Vite's own watcher and updates take over until the next restart.`,
      { error: asError(error), timestamp: true },
    )
    this.becomeFailed?.(error)
    this.ready = Promise.reject(error)
    this.ready.catch(() => {})
    for (const { mirror } of this.#mirrored.values()) mirror.close()
    clearInterval(this.alive)
    this.closing = this.engine.close()
    this.hold.abandon()
    this.control?.close()
    const { watcher } = this.face
    this.face.restore()
    const close = watcher.close
    watcher.close = async () => {
      await Promise.all([this.close(), close.call(watcher)])
    }
    this.unignore()
    watcher.add([...this.watch.engine.roots, ...this.watch.engine.extra])
  }

  /** Directories with the names in them, without what only JavaScript knows to be ignored. */
  #watched() {
    if (this.closing) return {}
    const { ignored } = this.watch
    const watched = this.engine.watched()
    if (!ignored) return watched
    return Object.fromEntries(
      Object.entries(watched)
        .filter(([directory]) => !ignored(directory))
        .map(([directory, names]) => [directory, names.filter((name) => !ignored(`${directory}/${name}`))]),
    )
  }

  /**
   * Gives back the watches of folders that only JavaScript knows to be ignored.
   *
   * @param {() => string[]} folders
   */
  #leaveOut(folders) {
    const { ignored, engine } = this.watch
    if (!ignored) return
    const asked = [...engine.roots, ...engine.extra]
    const left = folders().filter((folder) => !asked.some((one) => isBelow(one, folder)) && ignored(folder))
    if (left.length > 0) this.engine.unwatch(left)
  }

  /** Undefined once the engine is closed or has failed. */
  stats() {
    if (this.closing) return undefined
    return { ...this.engine.stats(), transactions: this.transactions.size }
  }

  /** Opens the socket for the command line. */
  #listen() {
    const { root, logger } = this.config
    const who = { pid: process.pid, root }
    return listen({
      root,
      answers: {
        stats: () => ({ ...who, ...this.stats() }),
        hold: () => ({ ...who, wasHeld: !this.hold.begin() }),
        release: async () => {
          const files = await this.hold.end()
          return { ...who, wasHeld: files !== undefined, files: files ?? 0 }
        },
      },
      fail: ({ code, message }) =>
        logger.warn(`[bino-hmr] ${code}: the command line cannot reach this server: ${message}`, {
          timestamp: true,
        }),
    })
  }

  /** @param {import('../native.js').EngineEvent} event */
  #onEvent(event) {
    if (this.#closed) return
    if (event.type === 'batch' || event.type === 'held' || event.type === 'released') {
      try {
        // Plugins may add environments at any time; each is stood in front of before a pass sends through it.
        for (const environment of Object.values(this.environments)) this.mirrorOf(environment)
      } catch (error) {
        return this.fallBack(error)
      }
      const { ignored } = this.watch
      const changes = event.changes.filter(({ path }) => !ignored?.(path) && this.face.tells(path))
      this.#leaveOut(() =>
        event.changes.flatMap(({ kind, type, path }) =>
          kind === 'create' && type === 'directory' ? path : [],
        ),
      )
      if (event.type === 'held') return this.hold.wait(changes)
      if (event.type === 'released') this.hold.leave(event.epoch, changes)
      const restarts = changes.some(({ path, type }) => type === 'file' && this.watch.restarts.has(path))
      if (restarts && this.config.server.hmr !== false) this.restarts.expect()
      const isPrompt = event.type === 'batch' && !event.looked
      const passes = this.transactions.run({ epoch: event.epoch, changes, isPrompt })
      if (passes === 0) this.hold.sent(event.epoch)
    } else if (event.type === 'ready') {
      try {
        this.#leaveOut(() => Object.keys(this.engine.watched()))
        if (this.options.log === 'debug') this.#tellOfStart()
      } catch (error) {
        // It ended after it had said so.
        return this.fallBack(error)
      }
      this.becomeReady?.(undefined)
    } else if (event.type === 'warning') this.#warn(event.error)
    else this.fallBack(event.error)
  }

  /** Only for who asked: a line in front of Vite's own would keep Vite from clearing the screen. */
  #tellOfStart() {
    const { directories, files, watches } = this.engine.stats()
    const figures = `directories ${directories}, files ${files}, watches ${watches}`
    const took = Math.round(performance.now() - this.#started)
    this.config.logger.info(`[bino-hmr] watches everything after ${took} ms: ${figures}`, { timestamp: true })
  }

  /** @param {Error & { code?: string }} error what could not be watched, or is polled */
  #warn(error) {
    const { logger } = this.config
    const line = `[bino-hmr] ${error.message}`
    if (error.code === 'BINO_WATCH_POLLING') {
      if (this.options.log !== 'silent') logger.info(line, { timestamp: true })
      return
    }
    logger.warn(line, { timestamp: true })
    this.face.error(error)
  }

  /** @param {Transaction} transaction */
  #finish(transaction) {
    const restart = this.restarts.underWay
    if (restart) {
      // If it fails, the old server goes on, and its pages need the update.
      void restart.then(() => {
        if (!this.#closed && this.failure === undefined) outsideOfPasses(() => this.#finish(transaction))
      })
      return
    }
    try {
      send(transaction, this)
      this.hold.sent(transaction.epoch)
    } catch (error) {
      this.fallBack(error)
      outsideOfPasses(() => this.#leaveToVite(transaction))
    }
  }

  /**
   * Nothing was sent: Vite still can, the errors of hooks included, and the reloads that were to be merged go out.
   *
   * @param {Transaction} transaction
   */
  #leaveToVite(transaction) {
    for (const environment of Object.values(this.environments)) {
      for (const pass of transaction.passes) {
        if (pass.seeds.has(environment) || pass.errors.has(environment)) pass.hmr?.(environment)
      }
      for (const reload of transaction.reloads.get(environment) ?? []) environment.hot.send(reload)
    }
  }
}

/**
 * Vitest has a server, too, and nobody looks at its pages.
 *
 * @param {ViteDevServer['config']} config
 */
const isVitest = ({ plugins }) => plugins.some(({ name }) => name === 'vitest')

/**
 * @param {import('../options.js').Options} options
 * @param {import('./watch-options.js').WatchOptions} watch
 */
function debounceOf(options, watch) {
  return options.debounce === 'adaptive' ? watch.debounce : options.debounce
}

/**
 * @param {string} file
 * @param {string} folder
 */
const isBelow = (file, folder) => file === folder || file.startsWith(`${folder}/`)

/** @param {unknown} error */
const describe = (error) => (error instanceof Error ? error.message : String(error))

/** @param {unknown} error */
const asError = (error) => (error instanceof Error ? error : new Error(String(error)))
