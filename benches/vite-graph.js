/**
 * A shape as the module graph of a Vite environment, made by Vite's own functions as if a page had loaded it, but
 * without files.
 */

/**
 * @typedef {import('vite').EnvironmentModuleNode} Module
 * @typedef {import('./shapes.js').Shape} Shape
 */

/** Resolves the modules of a shape, so that Vite looks for no file. @returns {import('vite').Plugin} */
export function resolveShape() {
  let root = ''
  return {
    name: 'bench:resolve',
    enforce: 'pre',
    configResolved(config) {
      root = config.root
    },
    resolveId: (id) => (id.startsWith('/m/') ? root + id : undefined),
  }
}

export class LoadedShape {
  /** By the shape's index. @type {Module[]} */
  modules = []
  #extra = false

  /**
   * @param {import('vite').DevEnvironment} environment
   * @param {Shape} shape
   */
  constructor(environment, shape) {
    this.graph = environment.moduleGraph
    this.shape = shape
  }

  /** The entry first, then what it imports, and so on: the order in which a page asks. */
  async load() {
    const { graph, shape } = this
    for (let index = 0; index < shape.modules.length; index++) {
      this.modules.push(await graph.ensureEntryFromUrl(`/m/${index}.js`))
    }
    const queue = [0]
    const seen = new Uint8Array(shape.modules.length)
    seen[0] = 1
    for (const index of queue) {
      await this.#analyse(index)
      for (const dep of shape.modules[index].imports) {
        if (seen[dep] === 0) {
          seen[dep] = 1
          queue.push(dep)
        }
      }
    }
    if (queue.length !== shape.modules.length) {
      const lost = shape.modules.length - queue.length
      throw new Error(`${shape.name}: ${lost} modules are imported by nobody`)
    }
  }

  /**
   * What the page does after an update, without the code: every module is transformed again. Without it the second
   * invalidation of a module would find less to do than the first.
   */
  transformAgain() {
    const { graph } = this
    for (const module of this.modules) {
      if (module.transformResult) continue
      graph.updateModuleTransformResult(module, {
        code: '',
        map: null,
        etag: module.url,
      })
      module.invalidationState = undefined
    }
  }

  /** Adds an import that changes no payload, or takes it away again. */
  async toggleExtraImport() {
    this.#extra = !this.#extra
    await this.#analyse(this.shape.extra[0])
  }

  get saved() {
    return this.modules[this.shape.saved]
  }

  /** @param {number} index */
  #analyse(index) {
    const { imports, accepts } = this.shape.modules[index]
    const [from, to] = this.shape.extra
    const all = this.#extra && index === from ? [...imports, to] : imports
    const deps = new Set(all.map((dep) => this.modules[dep]))
    const urls = new Set(all.map((dep) => this.modules[dep].url))
    return this.graph.updateModuleInfo(this.modules[index], deps, null, new Set(), null, accepts, urls)
  }
}
