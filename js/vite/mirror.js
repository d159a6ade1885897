/**
 * Keeps the native graph of one environment equal to Vite's module graph.
 *
 * Owns: which modules changed since the last delta, and the compact form in which they cross to Rust (described in
 * `src/graph/delta.rs`). Never decides anything about an update.
 *
 * A module is marked when `updateModuleInfo`, `updateModuleTransformResult` or `onFileDelete` of the graph touched
 * it. What plugins change on a module directly is found by `compare`, after a walk, on the modules that it visited.
 */

import { isOrphan, Orphans } from './orphans.js'

/** The place of a module in the native graph, kept on the module itself: a look-up in a Map costs more than a walk. */
const INDEX = Symbol('bino-hmr.index')

const IDENTITY = 1
const FLAGS = 2
const IMPORTERS = 4
const ACCEPTED_DEPS = 8
const ACCEPTED_EXPORTS = 16
const IMPORTED_BINDINGS = 32
const ALL = 63

/** In the word of `FLAGS`, whose lowest two bits are the kind of the module. */
const HAS_ID = 4
const ACCEPTANCE_SHIFT = 3
const ORPHAN = 32

const NO_FILE = 0xffffffff

/** After this long without a new mark the delta is sent ahead of the next save, which then pays nothing for it. */
const IDLE_MS = 30

/** @typedef {import('./orphans.js').Module & { [INDEX]?: number }} Module */

export class Mirror {
  /** Modules by index. Vite never forgets a module of an environment, so neither does this. @type {Module[]} */
  modules = []
  /** What of a module changed since it was last sent. @type {Map<Module, number>} */
  #dirty = new Map()
  /** What was last sent, by index, to compare with. @type {Sent[]} */
  #sent = []
  /** Names of exports, each with the number that stands for it. @type {Map<string, number>} */
  #names = new Map()
  #words = new Words()
  #marks = 0
  /** @type {NodeJS.Timeout | undefined} */
  #idle
  #closed = false
  #changes = 0
  #changing = 0

  /**
   * @param {import('vite').EnvironmentModuleGraph} moduleGraph
   * @param {(words: Uint32Array, strings: string[]) => void} send applies one delta to the native graph
   * @param {(flush: () => void) => void} sendAhead does a flush outside of a walk, and what follows from it
   */
  constructor(moduleGraph, send, sendAhead) {
    this.graph = moduleGraph
    this.send = send
    this.sendAhead = sendAhead
    /** Who ever asked for each module. */
    this.orphans = new Orphans(moduleGraph.environment === 'client', this.modules, (module) =>
      this.#mark(module, FLAGS),
    )
    this.#observe()
    for (const module of moduleGraph.idToModuleMap.values()) this.#mark(module, ALL)
    for (const modules of moduleGraph.fileToModulesMap.values()) {
      // Files without a module of their own (CSS dependencies) have no id.
      for (const module of modules) if (module.id === null) this.#mark(module, ALL)
    }
  }

  /** Counts the changes of Vite's graph; `undefined` while one is under way. */
  get version() {
    return this.#changing > 0 ? undefined : this.#changes
  }

  /** Ends the idle timer; the graph may go on being used by Vite. */
  close() {
    this.#closed = true
    clearTimeout(this.#idle)
    this.#dirty.clear()
  }

  /**
   * The module's index, assigned on first sight.
   *
   * @param {Module} module
   */
  indexOf(module) {
    const index = module[INDEX]
    if (index !== undefined && this.modules[index] === module) return index
    return this.#adopt(module)
  }

  /** Sends all that changed as one delta. */
  flush() {
    if (this.#dirty.size === 0) return
    const words = this.#words
    words.length = 0
    /** @type {string[]} */
    const strings = []
    // Writing a module may meet new ones, which join the end of the map and are written in the same pass.
    for (const [module, mask] of this.#dirty) this.#write(module, mask, words, strings)
    this.#dirty.clear()
    this.send(words.taken(), strings)
  }

  /**
   * Marks those of a walk's modules that are no longer what was sent. True when all are as sent, so that the walk holds.
   *
   * @param {Iterable<number>} walked indexes
   */
  compare(walked) {
    for (const index of walked) {
      const module = this.modules[index]
      const mask = this.#sent[index]?.difference(module) ?? ALL
      if (mask === 0) continue
      this.#changes += 1
      this.#mark(module, mask)
    }
    return this.#dirty.size === 0
  }

  /** Wraps what changes the graph. */
  #observe() {
    const { graph } = this
    const { updateModuleInfo, updateModuleTransformResult, onFileDelete } = graph

    graph.updateModuleInfo = async (module, ...rest) => {
      // Vite replaces this set rather than change it, so holding the old one costs nothing.
      const before = module.importedModules
      this.#changing += 1
      try {
        return await updateModuleInfo.call(graph, module, ...rest)
      } finally {
        this.#changing -= 1
        this.#changes += 1
        this.#mark(module, FLAGS | ACCEPTED_DEPS | ACCEPTED_EXPORTS | IMPORTED_BINDINGS)
        for (const dep of /** @type {Set<Module>} */ (module.importedModules)) {
          this.orphans.imported(dep)
          // A file that was deleted and comes back imports what it did, but its imports had lost it.
          if (!before.has(dep) || this.#sentOf(dep)?.importers.length !== dep.importers.size) {
            this.#mark(dep, IMPORTERS)
          }
        }
        for (const dep of before) if (!module.importedModules.has(dep)) this.#mark(dep, IMPORTERS)
      }
    }

    graph.updateModuleTransformResult = (module, result) => {
      if (result) this.orphans.transformed(module, result.code)
      updateModuleTransformResult.call(graph, module, result)
      this.#changes += 1
      const mask = this.#sent[this.indexOf(module)]?.difference(module) ?? 0
      if (mask !== 0) this.#mark(module, mask)
    }

    graph.onFileDelete = (file) => {
      onFileDelete.call(graph, file)
      this.#changes += 1
      for (const module of graph.getModulesByFile(file) ?? []) {
        for (const dep of module.importedModules) this.#mark(dep, IMPORTERS)
      }
    }
  }

  /** @param {Module} module */
  #adopt(module) {
    const index = this.modules.push(module) - 1
    module[INDEX] = index
    this.#mark(module, ALL)
    return index
  }

  /**
   * @param {Module} module
   * @param {number} mask
   */
  #mark(module, mask) {
    if (this.#closed) return
    const index = module[INDEX]
    if (index === undefined || this.modules[index] !== module) {
      this.#adopt(module)
      return
    }
    this.#dirty.set(module, (this.#dirty.get(module) ?? 0) | mask)
    this.#marks += 1
    if (!this.#idle) this.#armIdle()
  }

  /** One timer at a time: marks only count up, so that a page load of 10,000 modules sets a few timers, not 10,000. */
  #armIdle() {
    const marks = this.#marks
    this.#idle = setTimeout(() => {
      this.#idle = undefined
      if (this.#closed || this.#dirty.size === 0) return
      if (marks !== this.#marks) return this.#armIdle()
      this.sendAhead(() => this.flush())
    }, IDLE_MS)
    this.#idle.unref()
  }

  /**
   * @param {Module} module
   * @param {number} mask
   * @param {Words} words
   * @param {string[]} strings
   */
  #write(module, mask, words, strings) {
    const index = /** @type {number} */ (module[INDEX])
    this.#sent[index] ??= new Sent()
    // What a plugin changed unseen goes along: all of the module counts as sent from here on.
    mask |= this.#sent[index].difference(module)
    words.push(index)
    words.push(mask)
    if (mask & IDENTITY) {
      words.push(strings.push(module.url) - 1)
      words.push(module.file === null ? NO_FILE : strings.push(module.file) - 1)
    }
    if (mask & FLAGS) words.push(flagsOf(module))
    if (mask & IMPORTERS) this.#writeModules(module.importers, words)
    if (mask & ACCEPTED_DEPS) this.#writeModules(module.acceptedHmrDeps, words)
    if (mask & ACCEPTED_EXPORTS) {
      const accepted = module.acceptedHmrExports
      words.push(accepted ? 1 : 0)
      if (accepted) this.#writeNames(accepted, words)
    }
    if (mask & IMPORTED_BINDINGS) this.#writeBindings(module, words)
    this.#sent[index].remember(module, mask)
  }

  /** @param {Module} module */
  #sentOf(module) {
    return this.#sent[module[INDEX] ?? -1]
  }

  /**
   * @param {Set<Module>} modules
   * @param {Words} words
   */
  #writeModules(modules, words) {
    words.push(modules.size)
    for (const module of modules) words.push(this.indexOf(module))
  }

  /**
   * @param {Set<string>} names
   * @param {Words} words
   */
  #writeNames(names, words) {
    words.push(names.size)
    for (const name of names) {
      let number = this.#names.get(name)
      if (number === undefined) {
        number = this.#names.size
        this.#names.set(name, number)
      }
      words.push(number)
    }
  }

  /**
   * @param {Module} module
   * @param {Words} words
   */
  #writeBindings(module, words) {
    const bindings = module.importedBindings
    words.push(bindings ? 1 : 0)
    if (!bindings) return
    const countAt = words.length
    words.push(0)
    let count = 0
    for (const [id, names] of bindings) {
      // Vite keys by the dependency's id; one that was never loaded cannot be a module on the way of a walk.
      const dep = this.graph.idToModuleMap.get(id)
      if (!dep) continue
      count += 1
      words.push(this.indexOf(dep))
      this.#writeNames(names, words)
    }
    words.values[countAt] = count
  }
}

/** What of a module was last sent, mostly as references and sizes: enough to see that a plugin changed it since. */
class Sent {
  flags = -1
  /** All of them: their order decides the order of updates. @type {Module[]} */
  importers = []
  acceptedDeps = /** @type {Set<Module> | null} */ (null)
  acceptedDepsSize = 0
  acceptedExports = /** @type {Set<string> | null} */ (null)
  acceptedExportsSize = 0
  importedBindings = /** @type {Map<string, Set<string>> | null} */ (null)

  /**
   * @param {Module} module
   * @param {number} mask what was sent of it
   */
  remember(module, mask) {
    this.flags = flagsOf(module)
    if (mask & IMPORTERS) this.importers = [...module.importers]
    this.acceptedDeps = module.acceptedHmrDeps
    this.acceptedDepsSize = module.acceptedHmrDeps.size
    this.acceptedExports = module.acceptedHmrExports
    this.acceptedExportsSize = module.acceptedHmrExports?.size ?? 0
    this.importedBindings = module.importedBindings
  }

  /**
   * A mask of what is no longer as sent.
   *
   * @param {Module} module
   */
  difference(module) {
    let mask = 0
    if (this.flags !== flagsOf(module)) mask |= FLAGS
    // A walk ends at a module that accepts itself, so the order of its importers is nothing that it could have met.
    const same = module.isSelfAccepting
      ? this.importers.length === module.importers.size
      : sameModules(this.importers, module.importers)
    if (!same) mask |= IMPORTERS
    if (
      this.acceptedDeps !== module.acceptedHmrDeps ||
      this.acceptedDepsSize !== module.acceptedHmrDeps.size
    ) {
      mask |= ACCEPTED_DEPS
    }
    if (
      this.acceptedExports !== module.acceptedHmrExports ||
      this.acceptedExportsSize !== (module.acceptedHmrExports?.size ?? 0)
    ) {
      mask |= ACCEPTED_EXPORTS
    }
    if (this.importedBindings !== module.importedBindings) mask |= IMPORTED_BINDINGS
    return mask
  }
}

/**
 * @param {Module[]} list
 * @param {Set<Module>} set
 */
function sameModules(list, set) {
  if (list.length !== set.size) return false
  let at = 0
  for (const module of set) if (list[at++] !== module) return false
  return true
}

/** @param {Module} module */
function flagsOf(module) {
  const kind = module.type === 'js' ? 0 : module.type === 'css' ? 1 : 2
  const acceptance = module.isSelfAccepting === undefined ? 0 : module.isSelfAccepting ? 2 : 1
  return kind | (module.id ? HAS_ID : 0) | (acceptance << ACCEPTANCE_SHIFT) | (isOrphan(module) ? ORPHAN : 0)
}

/** A growing array of 32-bit words, used again for each delta. */
class Words {
  values = new Uint32Array(1024)
  length = 0

  /** @param {number} word */
  push(word) {
    if (this.length === this.values.length) {
      const larger = new Uint32Array(this.values.length * 2)
      larger.set(this.values)
      this.values = larger
    }
    this.values[this.length++] = word
  }

  taken() {
    return this.values.subarray(0, this.length)
  }
}
