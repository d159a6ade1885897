// The platforms that get a prebuilt addon, as the folders in `npm/` describe them. Nothing else lists them for scripts;
// `js/load-addon.js` has its own short list, since `npm/` is not in the package, and a test holds all lists together.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.js'

/**
 * @typedef {object} Platform
 * @property {string} name as in `npm/<name>`: linux-x64-gnu
 * @property {string} folder
 * @property {string} addon file name of the compiled addon
 * @property {string} target Rust's name: x86_64-unknown-linux-gnu
 * @property {any} manifest its package.json
 */

/** @param {string} file */
export const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'))

export const mainManifest = () => readJson(fromRoot('package.json'))

/** @returns {Platform[]} sorted by name */
export function platforms() {
  return readdirSync(fromRoot('npm'))
    .sort()
    .map((name) => {
      const folder = fromRoot('npm', name)
      return {
        name,
        folder,
        addon: `bino-hmr.${name}.node`,
        target: targetOf(name),
        manifest: readJson(join(folder, 'package.json')),
      }
    })
}

/** @param {string} name */
function targetOf(name) {
  const [os, cpu, abi] = name.split('-')
  const system = { darwin: 'apple-darwin', linux: 'unknown-linux', win32: 'pc-windows' }[os]
  return [{ arm64: 'aarch64', x64: 'x86_64' }[cpu], system, abi].filter(Boolean).join('-')
}
