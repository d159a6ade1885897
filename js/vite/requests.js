/**
 * What pages ask for on their own account, as opposed to what a module imports: a script of the HTML, a link to a style
 * sheet, an `import()` whose url Vite could not read. Such a module is in use even when no module imports it.
 *
 * The referrer of a request tells: the page itself, or a module that Vite does not know to import it. Where a page sends
 * none, everything that it asks for counts as its own.
 */

/** The page's part of Vite, which imports a module again for an update: says nothing about who else wants it. */
const VITE_CLIENT = '/@vite/client'

/**
 * A middleware that only looks.
 *
 * @param {import('vite').ViteDevServer['config']} config
 * @param {import('vite').EnvironmentModuleGraph} graph the client's
 * @param {(module: import('vite').EnvironmentModuleNode) => void} keep told of each module that a page asks for itself
 * @returns {import('vite').Connect.NextHandleFunction}
 */
export function noteWhatPagesAskFor({ base }, graph, keep) {
  /** @param {string} url without origin */
  const find = (url) =>
    graph.urlToModuleMap.get(plain(url.startsWith(base) ? url.slice(base.length - 1) : url))
  return ({ url = '', headers: { referer } }, response, next) => {
    const module = find(url)
    if (!module) {
      // Nobody that Vite has analysed imports it, or it would be known: so it is the page's own, if it becomes a module.
      response.once('close', () => {
        const made = find(url)
        if (made) keep(made)
      })
    } else {
      const from = withoutOrigin(referer)
      if (!find(from)?.importedModules.has(module) && !from.endsWith(VITE_CLIENT)) keep(module)
    }
    next()
  }
}

/** @param {string} [referer] */
function withoutOrigin(referer = '') {
  const origin = /^https?:\/\/[^/]*/.exec(referer)
  return origin ? referer.slice(origin[0].length) : referer
}

/**
 * As Vite names it in its graph: `removeImportQuery(removeTimestampQuery(url))`.
 *
 * @param {string} url
 */
function plain(url) {
  if (!url.includes('?')) return url
  return url
    .replace(/\bt=\d{13}&?\b/, '')
    .replace(/(\?|&)import=?(?:&|$)/, '$1')
    .replace(/[?&]$/, '')
}
