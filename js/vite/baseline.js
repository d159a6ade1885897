/**
 * Which texts of a file the pages of one environment may hold, and so whether a save brings them anything new.
 *
 * Owns: what Vite was given to transform of each module since the last update, and the rule *same bytes, nothing is sent*.
 * Never reads a file that no page was made of, and never hides an event from a plugin.
 *
 * The baseline of a module is the text that Vite last transformed, if that is the only one that was handed out:
 *
 *     never ── text A ──► only A ── text A ──► only A ── text B, no update in between ──► several
 *                           │  ▲                                                             │
 *                   update  ▼  │ text: only that one, pages that take the update load it     │ update
 *                        only A, renewed ◄───────────────────────────────────────────────────┘
 *
 * A file is the same when each of its texts that may be in a page has the bytes that lie on disk while we look. A write
 * after that look makes an event of its own, and is judged by itself. In doubt it is not the same: an update too many
 * costs a moment, one too few is a lost save.
 */

import { Contents } from './contents.js'
import { listenTo } from './hot-channel.js'
import { LONGEST_TRANSACTION_MS, Reads } from './reads.js'

/**
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Module} Module
 * @typedef {import('./transaction.js').Payload} Payload
 * @typedef {import('./transaction.js').Pass} Pass
 * @typedef {import('./reads.js').Request} Request
 * @typedef {import('../native.js').ContentHashes} ContentHashes
 *
 * @typedef {Environment & {
 *   _registerRequestProcessing?: (id: string, done: () => Promise<unknown>) => void
 * }} Requests
 *
 * @typedef {object} AlreadyThere
 * @property {Set<Module>} modules those of a pass for which there is nothing to send
 * @property {boolean} page whether the page of an `.html` file need not reload
 *
 * @typedef {object} Source a node of a file that others were made of: what it holds passes by us nowhere
 * @property {Module} node
 * @property {boolean} isFetched by pages, see `#isFetched`
 * @property {boolean} isOnlyRead by its importers, see `#isOnlyRead`. A style sheet that the user's `assetsInclude` names is both
 *
 * @typedef {object} Same what of one file is as it lies on disk
 * @property {boolean} page whether that is the text of the `.html` file that was last served
 * @property {Set<Module>} texts its modules of which that is the text
 * @property {Set<Module>} sources its nodes of which others were made, by who read just those bytes
 */

/** A larger file is taken for changed: reading it would keep the event loop longer than an update does. */
const LARGEST_TEXT = 16 * 2 ** 20

/** A script or a style that stands in an `.html` file. */
const HTML_PROXY = /[?&]html-proxy\b/

/** A module that gives the text of its file. */
const RAW = /[?&]raw(?:&|$)/

/** What Vite makes of such a file. */
const RAW_MODULE = 'export default '

/** A module that gives the url of its file. */
const URL_OF_FILE = /[?&]url(?:&|$)/

/** As Vite knows a style sheet. */
const STYLE = /\.(?:css|less|sass|scss|styl|stylus|pcss|postcss|sss)$/

export class Baseline {
  #texts
  /** The texts of `.html` files, by the place of their names. */
  #pages
  #pageNames = /** @type {Map<string, number>} */ (new Map())
  #reads
  /** Requests for a module that have begun and not ended, by its id. @type {Map<string, Request & { count: number }>} */
  #loading = new Map()
  /** Modules whose last request failed, by id. What was imported together with one may never have run in a page. */
  #failed = /** @type {Set<string>} */ (new Set())
  /** Whether a page's import may have failed because of them, when that was last asked. */
  #isFailing = false
  /** Whether the last that was sent was an error: an overlay that only an update or a reload takes away. */
  #showsError = false
  /** When anything was last transformed, as `performance.now()`. */
  #lastText = Number.NEGATIVE_INFINITY
  #observes

  /**
   * @param {Environment} environment
   * @param {(module: Module) => number} indexOf the module's place in the mirror
   * @param {ContentHashes} hashes
   * @param {number} startedOn when the watcher was started, as `Date.now()`
   * @param {() => number} lastRequest when a page last asked for anything, as `performance.now()`
   */
  constructor(environment, indexOf, hashes, startedOn, lastRequest) {
    this.environment = environment
    this.lastRequest = lastRequest
    this.indexOf = indexOf
    this.hashText = hashes.hashText
    this.#texts = new Contents(hashes.hashFile)
    this.#pages = new Contents(hashes.hashFile)
    this.#reads = new Reads(hashes.hashFile, startedOn, () => this.#loading.size > 0)
    this.#observes = this.#observe()
    // Whatever was loaded before we looked on.
    for (const module of environment.moduleGraph.idToModuleMap.values()) this.#texts.lose(indexOf(module))
    for (const modules of environment.moduleGraph.fileToModulesMap.values()) {
      for (const module of modules) if (module.id === null) this.#reads.lose(indexOf(module))
    }
  }

  /** How much memory the baselines take, in bytes. */
  get bytes() {
    return this.#texts.bytes + this.#pages.bytes + this.#reads.bytes
  }

  /** Whether all was looked at that was read of files whose text does not pass by here. */
  get isIdle() {
    return this.#reads.isIdle
  }

  /**
   * An `.html` file's text is on its way to a page.
   *
   * @param {string} file
   * @param {string} html
   */
  served(file, html) {
    this.#lastText = performance.now()
    this.#noteText(this.#pages, this.#pageIndex(file), html)
  }

  /**
   * What need not be sent of one file's pass, since the pages have it already.
   *
   * @param {Pass} pass
   * @param {Module[]} modules that all hooks left
   * @returns {AlreadyThere}
   */
  alreadyThere(pass, modules) {
    const { file, kind } = pass
    const own = this.environment.moduleGraph.getModulesByFile(file) ?? new Set()
    const isPage = this.environment.name === 'client' && file.endsWith('.html')
    if (kind !== 'update') {
      this.#forgetFile(file, own, isPage)
      return NOTHING
    }
    if (!this.#observes) return NOTHING
    const isJudged = (modules.length > 0 || isPage) && !this.#isInError()
    const sources = this.#sourcesAmong(own)
    const same = isJudged ? this.#compare(pass, own, sources, isPage) : undefined
    this.#tellReads(file, sources, same)
    return same ? this.#judge(pass, modules, own, same) : NOTHING
  }

  /**
   * It was created or deleted.
   *
   * @param {string} file
   * @param {Set<Module>} own its modules
   * @param {boolean} isPage
   */
  #forgetFile(file, own, isPage) {
    for (const module of own) {
      this.#texts.forget(this.indexOf(module))
      this.#reads.forget(this.indexOf(module))
    }
    if (isPage) this.#pages.forget(this.#pageIndex(file))
  }

  /**
   * @param {Set<Module>} own modules of a file
   * @returns {Source[]}
   */
  #sourcesAmong(own) {
    return [...own]
      .map((node) => ({ node, isFetched: this.#isFetched(node), isOnlyRead: this.#isOnlyRead(node) }))
      .filter(({ isFetched, isOnlyRead }) => isFetched || isOnlyRead)
  }

  /**
   * Whether pages have the url of a file, and not what is in it: an image, a font.
   *
   * @param {Module} module
   */
  #isFetched(module) {
    const { id, file } = module
    if (file === null || id === null) return file !== null && this.environment.config.assetsInclude(file)
    if (!this.#texts.wasTaken(this.indexOf(module)) || RAW.test(id)) return false
    return URL_OF_FILE.test(id) || this.environment.config.assetsInclude(file)
  }

  /**
   * Whether a node is not a module of its own, and those that Vite takes for its importers read the file.
   *
   * @param {Module} module
   */
  #isOnlyRead(module) {
    const { id, file } = module
    if (file === null) return false
    if (id === null) return STYLE.test(file)
    const { watchFiles } = this.environment.pluginContainer
    return id === file && watchFiles.has(file) && !this.#texts.wasTaken(this.indexOf(module))
  }

  /**
   * @param {Pass} pass
   * @param {Set<Module>} own
   * @param {Source[]} sources
   * @param {boolean} isPage
   * @returns {Same}
   */
  #compare(pass, own, sources, isPage) {
    const { file } = pass
    const page = isPage && this.#pages.isIn(this.#pageIndex(file), file)
    const texts = new Set([...own].filter((module) => this.#hasText(module, file, page)))
    const readAsTheyAre = sources.filter((source) => this.#wasReadAsItIs(source, pass, texts))
    return { page, texts, sources: new Set(readAsTheyAre.map(({ node }) => node)) }
  }

  /**
   * Whether what lies in its file is the only text that pages may have of a module.
   *
   * @param {Module} module
   * @param {string} file
   * @param {boolean} page whether the file is an `.html` file whose page is the same
   */
  #hasText(module, file, page) {
    const { id } = module
    if (id === null) return false
    if (HTML_PROXY.test(id)) return page
    return !this.#loading.has(id) && !this.#failed.has(id) && this.#texts.isIn(this.indexOf(module), file)
  }

  /**
   * Whether all that others made of the file was made of what lies there now.
   *
   * @param {Source} source
   * @param {Pass} pass
   * @param {Set<Module>} texts modules of the file that are the same by their text
   */
  #wasReadAsItIs({ node, isFetched, isOnlyRead }, pass, texts) {
    const { file, transaction } = pass
    const { importers } = node
    const others = [...importers].filter((importer) => importer.file !== file || !texts.has(importer))
    if (isOnlyRead && importers.size > 0 && others.length === 0) return true
    if (this.#loading.size > 0 || others.some(({ id }) => id !== null && this.#failed.has(id))) return false
    if (isFetched && !this.#wasFetchedBefore(node, pass)) return false
    return this.#reads.is(this.indexOf(node), file, transaction)
  }

  /**
   * Whether all who have a file by its url fetched it long before this change. Pages do so whenever they want, and so
   * perhaps in the midst of a change.
   *
   * @param {Module} node
   * @param {Pass} pass
   */
  #wasFetchedBefore(node, pass) {
    return (
      this.#isQuiet(pass) &&
      this.lastRequest() < pass.transaction.startedAt - LONGEST_TRANSACTION_MS &&
      !this.#failed.has(node.id ?? '') &&
      !this.#reads.isRenewed(this.indexOf(node))
    )
  }

  /**
   * @param {string} file
   * @param {Source[]} sources
   * @param {Same} [same] nothing is, if it was not compared
   */
  #tellReads(file, sources, same) {
    if (sources.length === 0) return
    const changed = sources.filter(({ node }) => !same?.sources.has(node))
    this.#reads.told(
      file,
      changed.map(({ node }) => this.indexOf(node)),
    )
  }

  /**
   * What follows of that for what hooks left of the pass.
   *
   * @param {Pass} pass
   * @param {Module[]} modules
   * @param {Set<Module>} own
   * @param {Same} same
   * @returns {AlreadyThere}
   */
  #judge(pass, modules, own, same) {
    const { file } = pass
    const isSettled = this.#isSettled(pass, own, same)
    // Others may have read the file too, each at a time of its own: a style sheet that is made of the classes in it, a
    // module that a hook added. What they read is what the pages have only if nothing was loaded for a while.
    const { watchFiles } = this.environment.pluginContainer
    const isOwnAffair = isSettled || !watchFiles.has(file)
    const isThere = (/** @type {Module} */ module) => {
      const { id } = module
      if (module.file !== file) return isSettled
      // Who reads a file is known by an edge to the node of the file itself, never to one with a query.
      if (same.texts.has(module)) return isOwnAffair || (id !== file && !watchFiles.has(id ?? ''))
      return same.sources.has(module) || (id === null && isSettled)
    }
    return { modules: new Set(modules.filter(isThere)), page: same.page && isOwnAffair }
  }

  /**
   * Whether the file is the same for whoever has anything of it, and has been for long.
   *
   * @param {Pass} pass
   * @param {Set<Module>} own
   * @param {Same} same
   */
  #isSettled(pass, own, { page, texts }) {
    if (texts.size === 0 && !page) return false
    if (page && this.#pages.isRenewed(this.#pageIndex(pass.file))) return false
    return (
      this.#isQuiet(pass) &&
      [...own].every((module) => {
        const index = this.indexOf(module)
        if (texts.has(module)) return !this.#texts.isRenewed(index)
        return module.id === null || !this.#texts.wasTaken(index)
      })
    )
  }

  /**
   * Pages were told to load these anew.
   *
   * @param {Pass[]} passes
   * @param {Payload[]} payloads
   */
  renew(passes, payloads) {
    if (payloads.length === 0) return
    const reloads = payloads.some((payload) => payload.type === 'full-reload')
    for (const pass of passes) {
      for (const module of pass.seeds.get(this.environment) ?? []) {
        const index = this.indexOf(module)
        // Vite hands out what is being transformed now to those who come for the update, too.
        if (module.id !== null && this.#loading.has(module.id)) this.#texts.forget(index)
        else this.#texts.renew(index)
        if (this.#loading.size > 0) this.#reads.forget(index)
        else this.#reads.renew(index)
      }
      const page = this.#pageNames.get(pass.file)
      if (page !== undefined && reloads) this.#pages.renew(page)
    }
  }

  /**
   * Looks on while Vite loads and sends. False when this Vite does not let us: then nothing is ever the same.
   */
  #observe() {
    const environment = /** @type {Requests} */ (this.environment)
    const { _registerRequestProcessing: register } = environment
    if (!register) return false
    let container
    try {
      container = environment.pluginContainer
    } catch {
      // An environment that a plugin added and did not initialise yet. It throws for Vite too.
      return false
    }
    const { transform } = container
    // Not a hook: this is the text as it was loaded, before every plugin, and costs the others nothing.
    container.transform = (code, id, ...rest) => {
      this.#transformed(id, code)
      return transform.call(container, code, id, ...rest)
    }
    // Vite calls this in the moment in which it begins to load, before anything is read.
    environment._registerRequestProcessing = (id, done) => {
      register.call(environment, id, done)
      const request = this.#loading.get(id) ?? { count: 0, at: performance.now(), on: Date.now() }
      request.count += 1
      this.#loading.set(id, request)
      done().then(
        () => this.#loaded(id, request, true),
        () => this.#loaded(id, request, false),
      )
    }
    listenTo(environment, ({ type }) => {
      if (type === 'error') this.#showsError = true
      else if (type === 'update' || type === 'full-reload') this.#showsError = false
    })
    return true
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #transformed(id, text) {
    this.#lastText = performance.now()
    const module = this.environment.moduleGraph.getModuleById(id)
    if (module) this.#noteText(this.#texts, this.indexOf(module), RAW.test(id) ? rawTextOf(text) : text)
  }

  /**
   * @param {Contents} contents
   * @param {number} index
   * @param {string} text
   */
  #noteText(contents, index, text) {
    const size = Buffer.byteLength(text)
    if (size > LARGEST_TEXT) contents.lose(index)
    else contents.note(index, this.hashText(text), size)
  }

  /**
   * @param {string} id
   * @param {Request & { count: number }} request
   * @param {boolean} well
   */
  #loaded(id, request, well) {
    this.#lastText = performance.now()
    request.count -= 1
    if (request.count === 0) this.#loading.delete(id)
    const module = this.environment.moduleGraph.getModuleById(id)
    const index = module && this.indexOf(module)
    if (module) this.#noteWhatItRead(module, request, well)
    if (!well) {
      this.#failed.add(id)
      // A page that asked for it holds what it held before.
      if (index !== undefined) this.#texts.forget(index)
    } else if (this.#failed.delete(id)) {
      this.#texts.forgetAll(index)
      this.#reads.forgetAll()
      this.#isFailing = this.#failedModulesAreImported()
    }
  }

  /**
   * @param {Module} module that was made, or could not be
   * @param {Request} request
   * @param {boolean} well
   */
  #noteWhatItRead(module, request, well) {
    const note = (/** @type {Module} */ { file }, /** @type {number} */ index) => {
      if (well && file !== null) this.#reads.read(index, file, request)
      else this.#reads.forget(index)
    }
    if (this.#isFetched(module)) note(module, this.indexOf(module))
    for (const node of module.importedModules) {
      // Of its own file, what it was made of is known by its text, or not at all.
      if (node.file === module.file) continue
      const isRead = (node.id === null && this.#isFetched(node)) || this.#isOnlyRead(node)
      if (isRead) note(node, this.indexOf(node))
    }
  }

  /**
   * A module that cannot be loaded takes everything with it that a page imports together with it: what was transformed
   * well may still not have run anywhere. So nothing is the same until that is over, and then all begins anew.
   */
  #isInError() {
    const isFailing = this.#failedModulesAreImported()
    if (this.#isFailing && !isFailing) {
      this.#texts.forgetAll()
      this.#reads.forgetAll()
    }
    this.#isFailing = isFailing
    return isFailing || this.#showsError
  }

  /** One that nobody imports, such as a script that is not there, fails alone. */
  #failedModulesAreImported() {
    const { moduleGraph } = this.environment
    return [...this.#failed].some((id) => (moduleGraph.getModuleById(id)?.importers.size ?? 0) > 0)
  }

  /**
   * Whether nothing was loaded since long before the first of the transaction's changes.
   *
   * @param {Pass} pass
   */
  #isQuiet({ transaction }) {
    const { isPrompt, startedAt } = transaction
    return isPrompt && this.#loading.size === 0 && this.#lastText < startedAt - LONGEST_TRANSACTION_MS
  }

  /** @param {string} file */
  #pageIndex(file) {
    let index = this.#pageNames.get(file)
    if (index === undefined) {
      index = this.#pageNames.size
      this.#pageNames.set(file, index)
    }
    return index
  }
}

/**
 * The text of a file, out of the module that Vite makes of it for `?raw`. Of one that looks otherwise, all of it.
 *
 * @param {string} code
 */
function rawTextOf(code) {
  try {
    const text = code.startsWith(RAW_MODULE) ? JSON.parse(code.slice(RAW_MODULE.length)) : undefined
    return typeof text === 'string' ? text : code
  } catch {
    return code
  }
}

/** @type {AlreadyThere} */
const NOTHING = { modules: new Set(), page: false }
