/**
 * Vite's invalidation (`EnvironmentModuleGraph.onFileChange`, `invalidateModule`, `invalidateAll`) without its
 * recursion: the originals call themselves once for every importer on the way up and overflow the stack on a chain of
 * some 3,000 modules, before any hook runs. The states that they leave behind, soft and hard, are the same.
 */

/**
 * The private fields that Vite's own invalidation reads and writes.
 *
 * @typedef {import('vite').EnvironmentModuleNode & {
 *   invalidationState?: import('vite').TransformResult | 'HARD_INVALIDATED',
 *   lastHMRInvalidationReceived: boolean,
 *   staticImportedUrls?: Set<string>,
 * }} ModuleState
 *
 * @typedef {import('vite').EnvironmentModuleGraph & {
 *   etagToModuleMap: Map<string, ModuleState>,
 *   _hasResolveFailedErrorModules: Set<ModuleState>,
 * }} GraphState
 */

const HARD = 'HARD_INVALIDATED'

/**
 * Gives one environment's graph instance the iterative bodies.
 *
 * @param {import('vite').EnvironmentModuleGraph} moduleGraph
 * @param {() => number | undefined} version a number that changes with the graph; `undefined` while a change is under way
 */
export function makeInvalidationIterative(moduleGraph, version = () => undefined) {
  const graph = /** @type {GraphState} */ (moduleGraph)
  const now = vitesClock(graph)
  /** What the last `onFileChange` reached. */
  const last = {
    file: '',
    reached: /** @type {Set<ModuleState>} */ (new Set()),
    edges: 0,
    version: version(),
  }

  /** @type {typeof graph.invalidateModule} */
  graph.invalidateModule = (module, seen = new Set(), timestamp = now(), isHmr = false, soft = false) => {
    invalidate(graph, /** @type {ModuleState} */ (module), seen, timestamp, isHmr, soft)
  }

  graph.onFileChange = (file) => {
    const modules = graph.getModulesByFile(file)
    if (!modules) return
    const reached = new Set()
    for (const module of modules) graph.invalidateModule(module, reached)
    Object.assign(last, { file, reached, edges: edgesOf(reached), version: version() })
  }

  graph.invalidateAll = () => {
    const timestamp = now()
    const seen = new Set()
    for (const module of graph.idToModuleMap.values()) graph.invalidateModule(module, seen, timestamp)
  }

  return {
    /**
     * Vite invalidates the modules of a file twice: in `onFileChange`, before the hooks, and with the update, where all
     * that is new is the time of the update. While the graph is the same, the second way up reaches what the first did.
     *
     * @param {string} file
     * @param {number} timestamp
     * @returns {boolean} false when the way up has to be gone again
     */
    stampAgain(file, timestamp) {
      if (last.file !== file || last.version === undefined || last.version !== version()) return false
      // A plugin that adds an importer by hand changes no version.
      if (last.edges !== edgesOf(last.reached)) return false
      for (const module of last.reached) {
        // Asked for since, and on its way to new code: it has to be invalidated once more.
        if (module.invalidationState === undefined) return false
        module.lastHMRTimestamp = timestamp
        module.lastHMRInvalidationReceived = false
      }
      return true
    },
  }
}

/** @param {Set<import('vite').EnvironmentModuleNode>} modules */
function edgesOf(modules) {
  let edges = 0
  for (const module of modules) edges += module.importers.size
  return edges
}

/**
 * Vite's own clock, which never gives the same time twice and so runs ahead of `Date.now()` under load. An
 * invalidation stamped by any other clock could look older than a transform that is still in flight, and that
 * transform's stale code would be kept. It is not exported: we read the stamp that the original leaves on a module.
 *
 * @param {GraphState} graph
 * @returns {() => number}
 */
function vitesClock(graph) {
  const original = graph.invalidateModule
  const probe = /** @type {ModuleState} */ (
    /** @type {unknown} */ ({ importers: new Set(), transformResult: null, lastInvalidationTimestamp: 0 })
  )
  return () => {
    original.call(graph, probe)
    return probe.lastInvalidationTimestamp
  }
}

/**
 * Depth first in the order of Vite's recursion. The order matters in one corner: a module without code that is first
 * reached softly ends up hard, and a later hard visit then stops at it.
 *
 * @param {GraphState} graph
 * @param {ModuleState} first
 * @param {Set<import('vite').EnvironmentModuleNode>} seen
 * @param {number} timestamp
 * @param {boolean} isHmr
 * @param {boolean} softly
 */
function invalidate(graph, first, seen, timestamp, isHmr, softly) {
  if (!visit(graph, first, seen, timestamp, isHmr, softly)) return
  /** One frame for each module whose importers are being gone through: three arrays rather than many objects. */
  const modules = [first]
  const softs = [softly]
  const importers = [first.importers.values()]
  while (modules.length > 0) {
    const top = modules.length - 1
    const module = modules[top]
    const next = importers[top].next()
    if (next.done) {
      graph._hasResolveFailedErrorModules?.delete(module)
      modules.pop()
      softs.pop()
      importers.pop()
      continue
    }
    const importer = /** @type {ModuleState} */ (next.value)
    // Nothing can change it any more. Most edges end here in a graph of many, so this is asked first.
    if (importer.invalidationState === HARD && seen.has(importer)) continue
    if (importer.acceptedHmrDeps.size > 0 && importer.acceptedHmrDeps.has(module)) continue
    const soft =
      importer.type === 'js' && (softs[top] || Boolean(importer.staticImportedUrls?.has(module.url)))
    if (visit(graph, importer, seen, timestamp, isHmr, soft)) {
      modules.push(importer)
      softs.push(soft)
      importers.push(importer.importers.values())
    }
  }
}

/**
 * Marks one module. True when its importers have to be visited too.
 *
 * @param {GraphState} graph
 * @param {ModuleState} module
 * @param {Set<import('vite').EnvironmentModuleNode>} seen
 * @param {number} timestamp
 * @param {boolean} isHmr
 * @param {boolean} soft
 */
function visit(graph, module, seen, timestamp, isHmr, soft) {
  const before = module.invalidationState
  if (soft) module.invalidationState ??= module.transformResult ?? HARD
  else module.invalidationState = HARD
  if (before === module.invalidationState && seen.has(module)) return false
  seen.add(module)
  if (isHmr) {
    module.lastHMRTimestamp = timestamp
    module.lastHMRInvalidationReceived = false
  } else {
    module.lastInvalidationTimestamp = timestamp
  }
  const etag = module.transformResult?.etag
  if (etag) graph.etagToModuleMap.delete(etag)
  module.transformResult = null
  module.ssrModule = null
  module.ssrError = null
  return true
}
