/**
 * Graphs of 100,000 modules, through Vite's own calls and as fast as those go.
 */

/**
 * @typedef {any} Module
 * @typedef {any} ModuleGraph
 */

/**
 * Modules without any import, `m0.js` first.
 *
 * @param {ModuleGraph} graph
 * @param {number} count
 * @returns {Promise<Module[]>}
 */
export function buildModules(graph, count, folder = 'large') {
  const urls = Array.from({ length: count }, (_, index) => `/${folder}/m${index}.js`)
  // Resolved already, as when Vite's import analysis has resolved them: no plugin is asked 100,000 times.
  return Promise.all(urls.map((url) => graph._ensureEntryFromUrl(url, true, { id: `/project${url}` })))
}

/**
 * @param {ModuleGraph} graph
 * @param {Module} module
 * @param {Module[]} imports
 * @param {{ accepts?: Module[], selfAccepting?: boolean }} [flags]
 * @returns {Promise<unknown>}
 */
export function analyze(graph, module, imports, { accepts = [], selfAccepting = false } = {}) {
  return graph.updateModuleInfo(module, new Set(imports), null, new Set(accepts), null, selfAccepting)
}

/**
 * Each module imports the one before; in a ring the first imports the last.
 *
 * @param {ModuleGraph} graph
 * @param {number} count
 * @param {'chain' | 'ring'} shape
 */
export async function buildChain(graph, count, shape) {
  const modules = await buildModules(graph, count)
  await Promise.all(
    modules.map((module, index) => {
      if (index > 0) return analyze(graph, module, [modules[index - 1]])
      return analyze(graph, module, shape === 'ring' ? [modules[count - 1]] : [])
    }),
  )
  return modules
}
