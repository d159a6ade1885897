/**
 * How this Vite writes a module's url in a payload. Versions differ for virtual modules: `/@id/…` or the bare url. Vite
 * is asked once with a module that accepts itself, rather than its version compared.
 */

import { capture } from './hot-channel.js'

/**
 * @typedef {import('./transaction.js').Environment} Environment
 */

const PROBE = 'bino-hmr:probe'

/**
 * @param {Environment} environment
 * @returns {(url: string) => string}
 */
export function wirePathOf(environment) {
  const probe = /** @type {import('vite').EnvironmentModuleNode} */ (
    /** @type {unknown} */ ({
      url: PROBE,
      id: PROBE,
      file: PROBE,
      type: 'js',
      isSelfAccepting: true,
      importers: new Set(),
      acceptedHmrDeps: new Set(),
      acceptedHmrExports: null,
      transformResult: null,
    })
  )
  // `reloadModule` runs to its end before it returns; its promise says nothing more.
  const [payload] = capture(environment, () => environment.reloadModule(probe))
  const sent = payload?.type === 'update' ? payload.updates[0].path : PROBE
  const prefix = sent.slice(0, sent.length - PROBE.length)
  return (url) =>
    prefix === '' || url[0] === '.' || url[0] === '/' ? url : prefix + url.replace('\0', '__x00__')
}
