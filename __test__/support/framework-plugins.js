/**
 * `@vitejs/plugin-react` and `@vitejs/plugin-vue` beside a given Vite. They import `vite` to see what that one can do, and
 * would find Vite 8 from where npm has put them; for another Vite each gets a folder of its own, as in a project that has
 * only that one.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'

/** @type {Map<string, Promise<any>>} */
const loaded = new Map()

/**
 * Ready for `plugins`.
 *
 * @param {string} vite the package of the Vite to use
 */
export const pluginReact = (vite) => load('@vitejs/plugin-react', vite)

/**
 * Ready for `plugins`.
 *
 * @param {string} vite the package of the Vite to use
 */
export const pluginVue = (vite) => load('@vitejs/plugin-vue', vite)

/**
 * @param {string} name
 * @param {string} vite
 */
async function load(name, vite) {
  const key = `${name} ${vite}`
  if (!loaded.has(key)) loaded.set(key, import(vite === 'vite' ? name : besides(name, vite)))
  return (await loaded.get(key)).default()
}

/**
 * @param {string} name
 * @param {string} vite
 * @returns {string} the url of the plugin's copy
 */
function besides(name, vite) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bino-hmr-plugin-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const installed = fromRoot(path.join('node_modules', name))
  const copy = path.join(folder, 'node_modules', name)
  cpSync(installed, copy, { recursive: true })
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  const names = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
  const optional = manifest.peerDependenciesMeta ?? {}
  for (const wanted of names.filter((each) => !optional[each]?.optional)) {
    const link = path.join(folder, 'node_modules', wanted)
    mkdirSync(path.dirname(link), { recursive: true })
    symlinkSync(fromRoot(path.join('node_modules', wanted === 'vite' ? vite : wanted)), link, 'dir')
  }
  const entry = manifest.exports['.']
  return pathToFileURL(path.join(copy, entry.import ?? entry.default ?? entry)).href
}
