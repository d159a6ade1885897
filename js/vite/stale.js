/**
 * Makes what changed stale in Vite's module graphs, and in what Vite's own plugins remember of the disk, while everybody
 * else hears of it later: a page that is loaded meanwhile gets the new code.
 *
 * Never emits, calls no plugin of the user, sends nothing, and sets no time that would change a url.
 */

/**
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Change} Change
 * @typedef {import('./transaction.js').Module} Module
 * @typedef {import('vite').EnvironmentModuleGraph & { _hasResolveFailedErrorModules?: Set<Module> }} Graph
 */

/** Vite's own plugins that remember where an import leads, until `watchChange` says otherwise. */
const RESOLVERS = new Set(['vite:watch-package-data', 'builtin:vite-resolve'])

/** Vite's own plugin that knows which modules a new file is part of by a glob; it says so in `hotUpdate`. */
const GLOBS = 'vite:import-glob'

/**
 * @param {Environment} environment
 * @param {Change[]} all
 */
export function makeStale(environment, all) {
  const changes = all.filter(({ type }) => type === 'file')
  invalidate(environment, changes)
  const moved = changes.filter(({ kind, path }) => kind !== 'update' || path.endsWith('/package.json'))
  if (moved.length === 0) return
  const told = tellResolvers(environment, moved)
  // Who asked in between may have been given the old place once more.
  if (told.length > 0) void Promise.allSettled(told).then(() => invalidate(environment, moved))
}

/**
 * As Vite's `onFileChange`, for all files at once. Unlike `onFileDelete` a deletion takes no module out of the graph: most
 * files that go in a rebase come back, and the release has to find by which way their importers reach them.
 *
 * @param {Environment} environment
 * @param {Change[]} changes
 */
function invalidate(environment, changes) {
  const graph = /** @type {Graph} */ (environment.moduleGraph)
  const seen = new Set()
  for (const { kind, path } of changes) {
    for (const module of graph.getModulesByFile(path) ?? []) {
      graph.invalidateModule(module, seen)
      // Their imports may lead elsewhere now, or nowhere. A soft invalidation keeps the old urls.
      if (kind === 'delete') for (const importer of module.importers) graph.invalidateModule(importer, seen)
    }
  }
  const moved = changes.filter(({ kind }) => kind !== 'update')
  for (const module of globbing(environment, moved)) graph.invalidateModule(module, seen)
  if (!moved.some(({ kind }) => kind === 'create')) return
  const failed = graph._hasResolveFailedErrorModules ?? new Set()
  for (const module of [...failed]) {
    graph.invalidateModule(module, seen)
    // Invalidating takes it out, but at the release Vite has to find it.
    failed.add(module)
  }
}

/**
 * The modules whose `import.meta.glob` has one file more or less.
 *
 * @param {Environment} environment
 * @param {Change[]} changes
 * @returns {Module[]}
 */
function globbing(environment, changes) {
  const plugin = environment.plugins.find(({ name }) => name === GLOBS)
  const hook = hookOf(plugin?.hotUpdate)
  if (!hook) return []
  return changes.flatMap(({ kind, path }) => {
    try {
      return hook.call({ environment }, { type: kind, file: path, modules: [] }) ?? []
    } catch {
      // Another Vite, which needs more to know than this: its modules are stale at the release, as in any Vite.
      return []
    }
  })
}

/**
 * @param {Environment} environment
 * @param {Change[]} changes
 * @returns {Promise<unknown>[]}
 */
function tellResolvers(environment, changes) {
  const hooks = environment.plugins
    .filter(({ name }) => RESOLVERS.has(name))
    .flatMap(({ watchChange }) => hookOf(watchChange) ?? [])
  return hooks.flatMap((hook) =>
    // In the order of what they are told, and with a throw as a rejection.
    changes.map(async ({ kind, path }) => hook.call({ environment }, path, { event: kind })),
  )
}

/**
 * @param {unknown} hook a hook as Rollup takes it: a function, or an object with one
 * @returns {((this: object, ...args: any[]) => any) | undefined}
 */
function hookOf(hook) {
  const handler = typeof hook === 'object' ? /** @type {any} */ (hook)?.handler : hook
  return typeof handler === 'function' ? handler : undefined
}
