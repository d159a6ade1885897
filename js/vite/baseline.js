/**
 * Which texts of a file the pages of one environment may hold, and so whether a save brings them anything new.
 *
 * Owns: what Vite was given to transform of each module since the last update, and the rule *same bytes, nothing is sent*.
 * Never reads a file that no page has, and never hides an event from a plugin.
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

import { listenTo } from './hot-channel.js'

/**
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Module} Module
 * @typedef {import('./transaction.js').Payload} Payload
 * @typedef {import('./transaction.js').Pass} Pass
 * @typedef {import('../native.js').ContentHashes} ContentHashes
 *
 * @typedef {Environment & {
 *   _registerRequestProcessing?: (id: string, done: () => Promise<unknown>) => void
 * }} Requests
 *
 * @typedef {object} AlreadyThere
 * @property {Set<Module>} modules those of a pass for which there is nothing to send
 * @property {boolean} page whether the page of an `.html` file need not reload
 */

/** A larger file is taken for changed: reading it would keep the event loop longer than an update does. */
const LARGEST = 16 * 2 ** 20

/**
 * How long before a transaction reaches us its first change can have happened: the engine closes one after 10 s (`CAP` in
 * `src/change/schedule.rs`). Who loaded anything since then may have read what lay there in between.
 */
const LONGEST_TRANSACTION_MS = 15_000

/** A script or a style that stands in an `.html` file. */
const HTML_PROXY = /[?&]html-proxy\b/

const NEVER = 0
const ONLY = 1
const SEVERAL = 2
const RENEWED = 4

export class Baseline {
  #texts
  /** The texts of `.html` files, by the place of their names. */
  #pages
  #pageNames = /** @type {Map<string, number>} */ (new Map())
  /** How many requests for a module have begun and not ended, by its id. @type {Map<string, number>} */
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
   */
  constructor(environment, indexOf, hashes) {
    this.environment = environment
    this.indexOf = indexOf
    this.hashFile = hashes.hashFile
    this.#texts = new Texts(hashes.hashText)
    this.#pages = new Texts(hashes.hashText)
    this.#observes = this.#observe()
    // Whatever was loaded before we looked on.
    for (const module of environment.moduleGraph.idToModuleMap.values()) this.#texts.lose(indexOf(module))
  }

  /** How much memory the baselines take, in bytes. */
  get bytes() {
    return this.#texts.bytes + this.#pages.bytes
  }

  /**
   * An `.html` file's text is on its way to a page.
   *
   * @param {string} file
   * @param {string} html
   */
  served(file, html) {
    this.#lastText = performance.now()
    this.#pages.note(this.#pageIndex(file), html)
  }

  /**
   * What need not be sent of one file's pass, since the pages have it already.
   *
   * @param {Pass} pass
   * @param {Module[]} modules that all hooks left
   * @returns {AlreadyThere}
   */
  alreadyThere(pass, modules) {
    const { file } = pass
    const own = this.environment.moduleGraph.getModulesByFile(file) ?? new Set()
    const isPage = this.environment.name === 'client' && file.endsWith('.html')
    if (pass.kind !== 'update') {
      for (const module of own) this.#texts.forget(this.indexOf(module))
      if (isPage) this.#pages.forget(this.#pageIndex(file))
      return NOTHING
    }
    if ((modules.length === 0 && !isPage) || !this.#observes || this.#isInError()) return NOTHING

    const page = isPage && this.#pages.is(this.#pageIndex(file), file, this.hashFile)
    /** Its modules that have the bytes on disk for their text. */
    const same = new Set()
    let allSame = true
    for (const module of own) {
      const { id } = module
      if (id === null) continue
      const index = this.indexOf(module)
      const isSame = HTML_PROXY.test(id)
        ? page
        : !this.#loading.has(id) && !this.#failed.has(id) && this.#texts.is(index, file, this.hashFile)
      if (isSame) same.add(module)
      else if (this.#texts.wasHandedOut(index)) allSame = false
    }
    if (same.size === 0 && !page) return NOTHING

    const isSettled =
      allSame &&
      this.#isQuiet(pass) &&
      !(page && this.#pages.isRenewed(this.#pageIndex(file))) &&
      ![...same].some((module) => this.#texts.isRenewed(this.indexOf(module)))
    // Others may have read the file too, each at a time of its own: a style sheet that is made of the classes in it, a
    // module that a hook added. What they read is what the pages have only if nothing was loaded for a while.
    const isOwnAffair = isSettled || !this.environment.pluginContainer.watchFiles.has(file)
    const there = modules.filter((module) =>
      module.file === file && module.id !== null ? isOwnAffair && same.has(module) : isSettled,
    )
    return { modules: new Set(there), page: page && isOwnAffair }
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
      this.#note(id, code)
      return transform.call(container, code, id, ...rest)
    }
    // Vite calls this in the moment in which it begins to load, before anything is read.
    environment._registerRequestProcessing = (id, done) => {
      register.call(environment, id, done)
      this.#loading.set(id, (this.#loading.get(id) ?? 0) + 1)
      done().then(
        () => this.#loaded(id, true),
        () => this.#loaded(id, false),
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
  #note(id, text) {
    this.#lastText = performance.now()
    const module = this.environment.moduleGraph.getModuleById(id)
    if (module) this.#texts.note(this.indexOf(module), text)
  }

  /**
   * @param {string} id
   * @param {boolean} well
   */
  #loaded(id, well) {
    this.#lastText = performance.now()
    const others = (this.#loading.get(id) ?? 1) - 1
    if (others > 0) this.#loading.set(id, others)
    else this.#loading.delete(id)
    const module = this.environment.moduleGraph.getModuleById(id)
    const index = module && this.indexOf(module)
    if (!well) {
      this.#failed.add(id)
      // A page that asked for it holds what it held before.
      if (index !== undefined) this.#texts.forget(index)
    } else if (this.#failed.delete(id)) {
      this.#texts.forgetAll(index)
      this.#isFailing = this.#failedModulesAreImported()
    }
  }

  /**
   * A module that cannot be loaded takes everything with it that a page imports together with it: what was transformed
   * well may still not have run anywhere. So nothing is the same until that is over, and then all begins anew.
   */
  #isInError() {
    const isFailing = this.#failedModulesAreImported()
    if (this.#isFailing && !isFailing) this.#texts.forgetAll()
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

/** @type {AlreadyThere} */
const NOTHING = { modules: new Set(), page: false }

/** For each index what was handed out of it: 13 bytes. */
class Texts {
  #states = new Uint8Array(256)
  #hashes = new Float64Array(256)
  #sizes = new Uint32Array(256)

  /** @param {ContentHashes['hashText']} hashText */
  constructor(hashText) {
    this.hashText = hashText
  }

  get bytes() {
    return this.#states.byteLength + this.#hashes.byteLength + this.#sizes.byteLength
  }

  /**
   * A text is handed out.
   *
   * @param {number} index
   * @param {string} text
   */
  note(index, text) {
    const size = Buffer.byteLength(text)
    if (index >= this.#states.length) this.#grow(index)
    const state = this.#states[index]
    if (size > LARGEST) {
      this.#states[index] = SEVERAL
      return
    }
    const hash = this.hashText(text)
    if (state === NEVER || state & RENEWED) {
      this.#states[index] = ONLY
      this.#hashes[index] = hash
      this.#sizes[index] = size
    } else if (state === ONLY && (this.#hashes[index] !== hash || this.#sizes[index] !== size)) {
      this.#states[index] = SEVERAL
    }
  }

  /**
   * Whether only one text was handed out, and it is what lies in the file now.
   *
   * @param {number} index
   * @param {string} file
   * @param {ContentHashes['hashFile']} hashFile
   */
  is(index, file, hashFile) {
    const state = this.#states[index]
    return (state & ONLY) !== 0 && hashFile(file, this.#sizes[index]) === this.#hashes[index]
  }

  /** @param {number} index */
  wasHandedOut(index) {
    return (this.#states[index] ?? NEVER) !== NEVER
  }

  /**
   * Whether those who hold it were told to load it anew, and none has yet.
   *
   * @param {number} index
   */
  isRenewed(index) {
    return (this.#states[index] & RENEWED) !== 0
  }

  /**
   * Those who hold it are told to load it anew. What they load first takes the place of what they hold.
   *
   * @param {number} index
   */
  renew(index) {
    if (this.wasHandedOut(index)) this.#states[index] |= RENEWED
  }

  /**
   * Nobody knows any more what of it the pages hold.
   *
   * @param {number} index
   */
  forget(index) {
    if (this.wasHandedOut(index)) this.#states[index] = SEVERAL
  }

  /**
   * It may have been handed out unseen.
   *
   * @param {number} index
   */
  lose(index) {
    if (index >= this.#states.length) this.#grow(index)
    this.#states[index] = SEVERAL
  }

  /** @param {number} [except] */
  forgetAll(except) {
    const kept = except === undefined ? NEVER : this.#states[except]
    for (let index = 0; index < this.#states.length; index++) this.forget(index)
    if (except !== undefined && except < this.#states.length) this.#states[except] = kept
  }

  /** @param {number} index */
  #grow(index) {
    const length = Math.max(index + 1, this.#states.length * 2)
    const states = new Uint8Array(length)
    states.set(this.#states)
    const hashes = new Float64Array(length)
    hashes.set(this.#hashes)
    const sizes = new Uint32Array(length)
    sizes.set(this.#sizes)
    this.#states = states
    this.#hashes = hashes
    this.#sizes = sizes
  }
}
