/**
 * The end of a file's pass through Vite: takes what all hooks left, for each environment.
 *
 * Owns: standing at that end, and what a pass holds after it. Never decides what is sent.
 */

import { capture } from './hot-channel.js'
import { currentPass } from './transaction.js'

/**
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Pass} Pass
 * @typedef {import('./transaction.js').Hmr} Hmr
 */

/**
 * Vite calls `config.server.hotUpdateEnvironments` at the end of each file's pass. A user's own is kept.
 *
 * @param {Session} session
 */
export function gatherAtTheEndOfPasses(session) {
  const { server: serverOptions, logger } = session.config
  endPassesThatWatchChangeRejected(logger)
  const users = serverOptions.hotUpdateEnvironments
  serverOptions.hotUpdateEnvironments = async (server, hmr) => {
    const pass = currentPass()
    /** @param {Hmr} each */
    const runAll = (each) => Promise.all(Object.values(server.environments).map(each))
    if (!pass) return void (await (users ? users(server, hmr) : runAll(hmr)))
    pass.hmr = hmr
    try {
      if (users) await users(server, async (environment) => void gather(session, pass, environment, hmr))
      // Without a hook of the user no turn of the event loop is spent on the way to the page.
      else
        for (const environment of Object.values(server.environments)) gather(session, pass, environment, hmr)
    } finally {
      pass.end()
    }
  }
}

/**
 * Takes over what the hooks left for one environment.
 *
 * @param {Session} session
 * @param {Pass} pass
 * @param {Environment} environment
 * @param {Hmr} hmr
 */
function gather(session, pass, environment, hmr) {
  const options = pass.options.get(environment)
  // A hook before ours threw, or the environment came after the pass began: Vite's own way.
  if (!options) return void hmr(environment)
  const { modules } = options
  // No array, nodes of `server.moduleGraph`, made-up ones: whatever Vite makes of what a hook left.
  if (!Array.isArray(modules) || !modules.every((module) => isModuleOf(environment, module))) {
    return void hmr(environment)
  }
  const there = session.mirrorOf(environment).baseline.alreadyThere(pass, modules)
  const news = there.modules.size > 0 ? modules.filter((module) => !there.modules.has(module)) : modules
  const isSame = news.length === 0 && (there.modules.size > 0 || there.page)
  if (session.options.verify && !isSame) {
    // Vite stamps what it is asked about, so it is not asked about what is not sent.
    options.modules = news
    pass.expected.set(
      environment,
      capture(environment, () => hmr(environment)),
    )
  }
  // With no modules left Vite sends nothing but the error of a hook, and a reload for `.html` that ours replaces.
  options.modules = []
  const errors = capture(environment, () => hmr(environment)).filter((payload) => payload.type === 'error')
  options.modules = modules
  if (errors.length > 0) return void pass.errors.set(environment, errors)
  if (there.modules.size > 0 || there.page)
    pass.same.set(
      environment,
      [...there.modules].map(({ url }) => url),
    )
  if (!isSame) pass.seeds.set(environment, [...news])
}

/**
 * @param {Environment} environment
 * @param {import('vite').EnvironmentModuleNode} module
 */
function isModuleOf({ moduleGraph }, module) {
  const { id, file } = module
  return (
    (id !== null && moduleGraph.idToModuleMap.get(id) === module) ||
    (file !== null && moduleGraph.fileToModulesMap.get(file)?.has(module) === true)
  )
}

/** Loggers that are patched already: a custom one lives through restarts. @type {WeakSet<import('vite').Logger>} */
const patched = new WeakSet()

/**
 * Vite logs the rejection of a `watchChange` hook and drops the file's pass. The logged error, in the context of the
 * pass, is the only sign of it.
 *
 * @param {import('vite').Logger} logger
 */
function endPassesThatWatchChangeRejected(logger) {
  if (patched.has(logger)) return
  patched.add(logger)
  const { error } = logger
  logger.error = (message, options) => {
    const pass = typeof message === 'string' ? undefined : currentPass()
    error.call(logger, message, options)
    pass?.end()
  }
}
