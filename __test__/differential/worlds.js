/**
 * A real Vite server in which cases are built and played: one stock, one with bino-hmr, otherwise alike. No file is ever
 * written: modules come from Vite's own module graph API, and a save is what the watcher would have emitted.
 */

import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { binoHmr } from '../../js/index.js'
import { sessionOf } from '../../js/vite/session.js'
import { fileOf } from './cases.js'

/**
 * @typedef {import('./cases.js').Case} Case
 * @typedef {import('./cases.js').Step} Step
 * @typedef {import('./cases.js').Edit} Edit
 * @typedef {import('./cases.js').ModuleCase} ModuleCase
 * @typedef {import('vite').HotPayload} Payload
 * @typedef {any} Module Vite's module with its private fields
 *
 * @typedef {object} State what an update may change on a module, and what it must not
 * @property {string} state
 * @property {string} result
 * @property {number} hmr
 * @property {number} invalidated
 * @property {boolean} received
 * @property {string} importers
 * @property {boolean} byEtag
 * @property {boolean} failed
 * @property {boolean} ssr
 *
 * @typedef {object} Outcome of one step in one environment
 * @property {Payload[]} payloads
 * @property {Map<string, State>} before
 * @property {Map<string, State>} after
 */

const EVENTS = { update: 'change', create: 'add', delete: 'unlink' }

/** An empty folder that both servers of a pair call their root. */
export function createRoot() {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'bino-differential-')))
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) }
}

export class World {
  /** The step that the hooks belong to. @type {Step | undefined} */
  #step
  /** Which file's pass runs, by its place among the changes. @type {AsyncLocalStorage<number>} */
  #place = new AsyncLocalStorage()
  /** @type {Map<string, Payload[]>} */
  #sent = new Map()
  /** Lines of the log that tell of trouble. @type {string[]} */
  logged = []

  /**
   * @param {object} options
   * @param {string} options.root
   * @param {string} options.vite the package
   * @param {import('../../index.d.ts').BinoHmrOptions | false} options.bino
   * @param {boolean} [options.hooks] whether plugins take part in updates. With them stock Vite announces all files
   *   of a save before it updates the first; without them it may be done with one before it hears of the next.
   * @param {boolean} [options.middlewareMode] in it a page never reloads alone
   */
  static async start({ root, vite, bino, hooks = true, middlewareMode = false }) {
    const world = new World()
    const { createServer, createLogger } = await import(vite)
    const logger = createLogger('silent')
    logger.warn = logger.error = (message) => world.logged.push(message)
    world.stock = bino === false
    world.root = root
    world.server = await createServer({
      root,
      configFile: false,
      envDir: false,
      appType: 'custom',
      customLogger: logger,
      optimizeDeps: { noDiscovery: true },
      // No port is ever opened: nobody listens on the server that the page's channel belongs to.
      server: {
        ...(world.stock && { watch: { ignored: () => true } }),
        ...(middlewareMode && { middlewareMode, hmr: { server: http.createServer() } }),
      },
      plugins: [world.#plugin(), ...(hooks ? world.#hooks() : []), ...(bino === false ? [] : binoHmr(bino))],
    })
    if (world.stock) world.#takePasses(hooks)
    else {
      world.session = sessionOf(world.server)
      await world.session.ready
    }
    return world
  }

  /**
   * A world of one module graph without a server around it.
   *
   * @param {new (environment: string, resolve: (url: string) => Promise<{ id: string }>) => any} ModuleGraph Vite's class
   */
  static around(ModuleGraph) {
    const world = new World()
    world.stock = true
    world.root = '/project'
    const moduleGraph = new ModuleGraph('client', async (url) => ({ id: idOf(url, world.root) }))
    world.server = { environments: { client: { moduleGraph } } }
    return world
  }

  close() {
    return this.server.close()
  }

  /**
   * Builds the graphs of a case.
   *
   * @param {Case} made
   * @param {string} folder of its own, so that cases never meet
   */
  async build(made, folder) {
    this.folder = folder
    /** @type {Record<string, Module[]>} */
    this.modules = {}
    for (const [environment, cases] of Object.entries(made.graphs)) {
      const graph = this.graph(environment)
      // The one thing of an earlier case that could show in this one.
      graph._hasResolveFailedErrorModules.clear()
      const modules = []
      for (const { url, fileOnly, unanalyzed, info } of cases) {
        modules.push(
          fileOnly
            ? graph.createFileOnlyEntry(this.file(url))
            : await graph.ensureEntryFromUrl(this.#url(url), info !== undefined || !unanalyzed),
        )
      }
      this.modules[environment] = modules
      for (const [index, one] of cases.entries()) await this.#fill(environment, modules[index], one)
      // Here everything is compared that we do as Vite does; what is different on purpose has tests of its own.
      const environments = this.session?.environments ?? {}
      const mirrored = environments[environment] && this.session.mirrorOf(environments[environment])
      for (const module of modules) mirrored?.mirror.orphans.keep(module)
    }
    this.session?.pageServed('/made/by/a/framework', '')
  }

  /**
   * Plays one step and waits until all that it sends is sent.
   *
   * @param {Step} step
   * @returns {Promise<Record<string, Outcome>>} by environment
   */
  async play(step) {
    for (const { environment, edit } of step.edits) await this.edit(environment, edit)
    const environments = Object.keys(this.modules)
    const before = environments.map((environment) => this.states(environment))
    this.#step = step
    const sent = await this.save(step.changes.map(({ kind, file }) => ({ kind, file: this.file(file) })))
    this.#step = undefined
    return Object.fromEntries(
      environments.map((environment, index) => [
        environment,
        { payloads: sent[environment], before: before[index], after: this.states(environment) },
      ]),
    )
  }

  /**
   * One save of absolute files, until all that it sends is sent.
   *
   * @param {{ kind: 'update' | 'create' | 'delete', file: string }[]} changes
   * @returns {Promise<Record<string, Payload[]>>} by environment
   */
  async save(changes) {
    for (const payloads of this.#sent.values()) payloads.length = 0
    if (changes.length > 0) await (this.stock ? this.#emit(changes) : this.#transact(changes))
    return Object.fromEntries([...this.#sent].map(([environment, payloads]) => [environment, [...payloads]]))
  }

  /** @param {string} environment */
  graph(environment) {
    return this.server.environments[environment].moduleGraph
  }

  /**
   * The file of a url of the case.
   *
   * @param {string} url
   */
  file(url) {
    return `${this.root}/${this.folder}/${fileOf(url).replace('virtual:', 'not-')}`
  }

  /** @param {string} url */
  #url(url) {
    return url.startsWith('virtual:')
      ? `virtual:${this.folder}/${url.slice('virtual:'.length)}`
      : `/${this.folder}/${url}`
  }

  /**
   * @param {string} environment
   * @param {Module} module
   * @param {ModuleCase} one
   */
  async #fill(environment, module, { info, result, state, received, failed }) {
    const graph = this.graph(environment)
    if (info) await this.#analyze(environment, module, info)
    if (result !== 'none') graph.updateModuleTransformResult(module, resultOf(module, result))
    if (state !== 'none') {
      module.invalidationState = state === 'hard' ? 'HARD_INVALIDATED' : resultOf(module, 'plain', 'older')
    }
    module.lastHMRInvalidationReceived = received
    module.ssrModule = {}
    module.ssrError = new Error('left over')
    if (failed) graph._hasResolveFailedErrorModules.add(module)
  }

  /**
   * @param {string} environment
   * @param {Module} module
   * @param {import('./cases.js').Info} info
   */
  #analyze(environment, module, info) {
    const { imports, accepts, acceptedExports, bindings, selfAccepting, statics, byUrl } = info
    const modules = this.modules[environment]
    /** @param {number} index */
    const given = (index) => (byUrl && modules[index].id ? modules[index].url : modules[index])
    return this.graph(environment).updateModuleInfo(
      module,
      new Set(imports.map(given)),
      bindings && new Map(bindings.map(([index, names]) => [modules[index].id, new Set(names)])),
      new Set(accepts.map(given)),
      acceptedExports && new Set(acceptedExports),
      selfAccepting,
      statics && new Set(statics.map((index) => modules[index].url)),
    )
  }

  /**
   * Does what happens to a module between two saves.
   *
   * @param {string} environment
   * @param {Edit} edit
   */
  async edit(environment, edit) {
    const graph = this.graph(environment)
    const modules = this.modules[environment]
    if (edit.do === 'flush') {
      if (!this.stock) this.session.mirrorOf(this.server.environments[environment]).mirror.flush()
      return
    }
    if (edit.do === 'invalidate-all') return graph.invalidateAll()
    const module = modules[edit.module]
    switch (edit.do) {
      case 'analyze':
        return this.#analyze(environment, module, edit.info)
      case 'load':
        module.invalidationState = undefined
        return graph.updateModuleTransformResult(module, resultOf(module, edit.result, 'newer'))
      case 'self-accepting':
        module.isSelfAccepting = edit.value
        return
      case 'accept':
        module.acceptedHmrDeps.add(modules[edit.dep])
        return
      case 'accept-nothing':
        module.acceptedHmrDeps = new Set()
        return
      case 'accept-exports':
        module.acceptedHmrExports = edit.names && new Set(edit.names)
        return
      case 'type':
        module.type = edit.type
        return
      case 'add-importer':
        module.importers.add(modules[edit.importer])
        return
      case 'drop-importer':
        module.importers.delete([...module.importers][edit.place])
        return
      case 'swap-importer':
        if (module.importers.delete([...module.importers][edit.place]))
          module.importers.add(modules[edit.importer])
        return
      case 'received':
        module.lastHMRInvalidationReceived = true
        return
      case 'failed':
        graph._hasResolveFailedErrorModules.add(module)
        return
      case 'invalidate':
        graph.invalidateModule(module, new Set(), undefined, edit.hmr)
    }
  }

  /**
   * As chokidar would tell stock Vite: one file after another, without waiting.
   *
   * @param {{ kind: 'update' | 'create' | 'delete', file: string }[]} changes
   */
  async #emit(changes) {
    this.passes = []
    const ended = new Promise((resolve) => {
      this.passesLeft = changes.length
      this.passesEnd = resolve
    })
    for (const [place, { kind, file }] of changes.entries()) {
      this.#place.run(place, () => this.server.watcher.emit(EVENTS[kind], file))
    }
    await ended
  }

  /**
   * As the engine would tell our plugin.
   *
   * @param {{ kind: 'update' | 'create' | 'delete', file: string }[]} changes
   */
  async #transact(changes) {
    const { transactions } = this.session
    const { finish } = transactions
    await new Promise((resolve) => {
      transactions.finish = (transaction) => {
        finish(transaction)
        resolve(undefined)
      }
      transactions.run({
        epoch: 1,
        changes: changes.map(({ kind, file }) => ({ kind, path: file, type: 'file' })),
      })
    })
    transactions.finish = finish
    if (transactions.size > 0) throw new Error('a pass has not come to its end')
    if (this.session.failure) throw this.session.failure
  }

  /**
   * Learns when each pass of stock Vite has come to its end. How long the hooks of a file take decides which update comes
   * first; to compare, the updates wait for each other and come in the order of the changes.
   *
   * @param {boolean} inOrder
   */
  #takePasses(inOrder) {
    const { config } = this.server
    config.server.hotUpdateEnvironments = async (server, hmr) => {
      const update = () => Promise.all(Object.values(server.environments).map(hmr))
      this.passesLeft -= 1
      if (inOrder) this.passes[this.#place.getStore()] = update
      else await update()
      if (this.passesLeft > 0) return
      for (const one of this.passes) await one?.()
      this.passesEnd(undefined)
    }
  }

  /** Resolves the urls of cases, and records in place of sending. */
  #plugin() {
    const { root } = this
    return {
      name: 'test:world',
      enforce: 'pre',
      resolveId(id) {
        if (id.startsWith('virtual:') || (id[0] === '/' && !id.startsWith(root))) return idOf(id, root)
      },
      configureServer: {
        order: 'pre',
        handler: (server) => {
          for (const environment of Object.values(server.environments)) {
            // Vite 8's own `watchChange` takes a turn through other threads, so that files change places by chance.
            environment.pluginContainer.watchChange = async () => {}
            const sent = []
            this.#sent.set(environment.name, sent)
            environment.hot.send = (payload) => {
              if (typeof payload === 'object') sent.push(payload)
            }
          }
        },
      },
    }
  }

  /** Plugins that change what is updated, each the same way in both worlds. */
  #hooks() {
    const world = this
    /** @param {Module} module */
    const indexOf = (environment, module) =>
      world.modules[environment].findIndex((one) => one === module || (one.id && one.id === module.id))
    return [
      {
        name: 'test:hot-update',
        async hotUpdate({ file, modules }) {
          const environment = this.environment.name
          const hook = world.#hookOf(environment, file)
          if (!hook || hook.kind === 'legacy') return
          for (let turn = 0; turn < hook.turns; turn++) await new Promise((resolve) => setImmediate(resolve))
          if (hook.kind === 'throw') throw new Error(`no update of ${file}`)
          if (hook.kind === 'reload') {
            this.environment.hot.send({
              type: 'full-reload',
              path: hook.drops.length % 2 ? '*' : '/page.html',
            })
          }
          return [
            ...modules.filter((module) => !hook.drops.includes(indexOf(environment, module))),
            ...hook.adds.map((index) => world.modules[environment][index]),
          ]
        },
      },
      {
        name: 'test:handle-hot-update',
        handleHotUpdate({ file, modules, server }) {
          const hook = world.#hookOf('client', file)
          if (hook?.kind !== 'legacy') return
          return [
            ...modules.filter((module) => !hook.drops.includes(indexOf('client', module))),
            ...hook.adds
              .map((index) => server.moduleGraph.getModuleById(world.modules.client[index].id ?? ''))
              .filter(Boolean),
          ]
        },
      },
    ]
  }

  /**
   * @param {string} environment
   * @param {string} file
   */
  #hookOf(environment, file) {
    return this.#step?.hooks.find((hook) => hook.environment === environment && this.file(hook.file) === file)
  }

  /**
   * What is now known of each module, by url.
   *
   * @param {string} environment
   * @returns {Map<string, State>}
   */
  states(environment) {
    const graph = this.graph(environment)
    return new Map(
      this.modules[environment].map((module) => [
        module.url,
        {
          state: nameOf(module.invalidationState),
          result: nameOf(module.transformResult),
          hmr: module.lastHMRTimestamp,
          invalidated: module.lastInvalidationTimestamp,
          received: module.lastHMRInvalidationReceived,
          importers: [...module.importers].map(({ url }) => url).join(' '),
          byEtag: graph.getModuleByEtag(etagOf(module)) === module,
          failed: graph._hasResolveFailedErrorModules.has(module),
          ssr: module.ssrModule !== null || module.ssrError !== null,
        },
      ]),
    )
  }
}

/**
 * @param {string} url
 * @param {string} root
 */
const idOf = (url, root) => (url.startsWith('virtual:') ? `\0${url}` : root + url)

/** @param {Module} module */
const etagOf = (module) => `W/"${module.url}"`

/**
 * @param {Module} module
 * @param {'etag' | 'plain'} kind
 */
function resultOf(module, kind, name = 'first') {
  const result = { code: '', map: null, name }
  return kind === 'etag' ? { ...result, etag: etagOf(module) } : result
}

/** @param {'HARD_INVALIDATED' | { name: string } | null | undefined} value */
const nameOf = (value) => (typeof value === 'string' ? value : (value?.name ?? 'none'))
