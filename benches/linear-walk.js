/**
 * The same linear algorithm as the native one, in JavaScript, straight on Vite's own modules: it needs no mirror. It is
 * here so that the native walk is held against the best that JavaScript does, and not only against Vite's recursion.
 */

/**
 * @typedef {import('vite').EnvironmentModuleNode} Module
 * @typedef {{ boundary: Module, acceptedVia: Module, isWithinCircularImport: boolean }} Boundary
 */

const INDEX = Symbol('bench.index')

export class LinearWalk {
  /** The round in which a module was last visited, by index. */
  #visited = new Uint32Array(0)
  #round = 0
  /** Whether a module lies in an import cycle, by index; forgotten when an edge comes or goes. @type {Uint8Array | undefined} */
  #circular

  /** @param {import('vite').EnvironmentModuleGraph} graph */
  constructor(graph) {
    this.graph = graph
  }

  /** Some module imports another one than before. */
  edgesChanged() {
    this.#circular = undefined
  }

  /**
   * @param {Module} saved
   * @returns {Boundary[] | undefined} nothing when somebody on the way is accepted by nobody: the page has to reload
   */
  walk(saved) {
    this.#circular ??= this.#findCycles()
    this.#round += 1
    const visited = this.#visited
    /** @type {Boundary[]} */
    const boundaries = []
    const path = [saved]
    const importers = [this.#arrive(saved, boundaries)]
    if (importers[0] === null) return undefined
    while (path.length > 0) {
      const top = path.length - 1
      const next = importers[top]?.next()
      if (!next || next.done) {
        path.pop()
        importers.pop()
        continue
      }
      const module = path[top]
      const importer = next.value
      if (importer.acceptedHmrDeps.has(module)) {
        this.#boundary(importer, module, boundaries)
      } else if (visited[indexOf(importer)] !== this.#round && !ignores(importer, module)) {
        const above = this.#arrive(importer, boundaries)
        if (above === null) return undefined
        if (above) {
          path.push(importer)
          importers.push(above)
        }
      }
    }
    return boundaries
  }

  /**
   * The importers to go on with; `undefined` when the change stops here, `null` at a dead end.
   *
   * @param {Module} module
   * @param {Boundary[]} boundaries
   */
  #arrive(module, boundaries) {
    this.#visited[indexOf(module)] = this.#round
    if (module.id && module.isSelfAccepting === undefined) return undefined
    if (module.isSelfAccepting) {
      this.#boundary(module, module, boundaries)
      return undefined
    }
    if (module.acceptedHmrExports) this.#boundary(module, module, boundaries)
    else if (module.importers.size === 0) return null
    return module.importers.values()
  }

  /**
   * @param {Module} boundary
   * @param {Module} acceptedVia
   * @param {Boundary[]} boundaries
   */
  #boundary(boundary, acceptedVia, boundaries) {
    const isWithinCircularImport = this.#circular?.[indexOf(boundary)] === 1
    boundaries.push({ boundary, acceptedVia, isWithinCircularImport })
  }

  /** Tarjan's strongly connected components, on a stack of its own. */
  #findCycles() {
    const modules = [...new Set(this.graph.idToModuleMap.values())]
    modules.forEach((module, index) => {
      /** @type {any} */
      module[INDEX] = index
    })
    if (this.#visited.length < modules.length) this.#visited = new Uint32Array(modules.length)
    const circular = new Uint8Array(modules.length)
    const order = new Uint32Array(modules.length)
    const low = new Uint32Array(modules.length)
    const waiting = new Uint8Array(modules.length)
    /** @type {number[]} */
    const component = []
    /** @type {number[]} */
    const path = []
    /** @type {Iterator<Module>[]} */
    const importers = []
    let count = 0
    const enter = (/** @type {number} */ index) => {
      order[index] = low[index] = ++count
      waiting[index] = 1
      component.push(index)
      path.push(index)
      importers.push(modules[index].importers.values())
    }
    for (let root = 0; root < modules.length; root++) {
      if (order[root] !== 0) continue
      enter(root)
      while (path.length > 0) {
        const top = path.length - 1
        const index = path[top]
        const next = importers[top].next()
        if (!next.done) {
          const importer = indexOf(next.value)
          if (order[importer] === 0) enter(importer)
          else if (waiting[importer] && order[importer] < low[index]) low[index] = order[importer]
          continue
        }
        path.pop()
        importers.pop()
        if (top > 0 && low[index] < low[path[top - 1]]) low[path[top - 1]] = low[index]
        if (low[index] !== order[index]) continue
        const alone = component[component.length - 1] === index
        for (let member = -1; member !== index; ) {
          member = /** @type {number} */ (component.pop())
          waiting[member] = 0
          if (!alone) circular[member] = 1
        }
      }
    }
    return circular
  }
}

/** @param {Module} module */
const indexOf = (module) => /** @type {any} */ (module)[INDEX]

/**
 * @param {Module} importer
 * @param {Module} module
 */
function ignores(importer, module) {
  const accepted = module.acceptedHmrExports
  const names = module.id && accepted ? importer.importedBindings?.get(module.id) : undefined
  return names !== undefined && [...names].every((name) => accepted?.has(name))
}
