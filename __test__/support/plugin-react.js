/**
 * `@vitejs/plugin-react` beside a given Vite. It imports `vite` to see what that one can do, and would find Vite 8 from
 * where npm has put it; for another Vite it gets a folder of its own, as in a project that has only that one.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'

const NAME = '@vitejs/plugin-react'

/** @type {Map<string, Promise<any>>} */
const loaded = new Map()

/**
 * The plugin, ready for `plugins`.
 *
 * @param {string} vite the package of the Vite to use
 */
export async function pluginReact(vite) {
  if (!loaded.has(vite)) loaded.set(vite, vite === 'vite' ? import(NAME) : import(besides(vite)))
  return (await loaded.get(vite)).default()
}

/**
 * @param {string} vite
 * @returns {string} the url of the plugin's copy
 */
function besides(vite) {
  const folder = mkdtempSync(path.join(tmpdir(), 'bino-hmr-react-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const installed = fromRoot(path.join('node_modules', NAME))
  const copy = path.join(folder, 'node_modules', NAME)
  cpSync(installed, copy, { recursive: true })
  const { dependencies } = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8'))
  const links = { vite, ...Object.fromEntries(Object.keys(dependencies).map((name) => [name, name])) }
  for (const [name, target] of Object.entries(links)) {
    const link = path.join(folder, 'node_modules', name)
    mkdirSync(path.dirname(link), { recursive: true })
    symlinkSync(fromRoot(path.join('node_modules', target)), link, 'dir')
  }
  return pathToFileURL(path.join(copy, 'dist/index.js')).href
}
