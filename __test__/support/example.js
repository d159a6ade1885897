/**
 * The examples as people have them: a copy of one in a fresh folder, with a real server and a real page.
 */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fromRoot } from '../../scripts/paths.js'
import { open } from './browser.js'
import { pluginReact, pluginVue } from './framework-plugins.js'

const KINDS = {
  react: {
    plugin: pluginReact,
    include: ['react', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime'],
  },
  vue: { plugin: pluginVue, include: ['vue'] },
}

/**
 * @typedef {keyof typeof KINDS} Example
 * @typedef {import('../../index.d.ts').BinoHmrOptions} BinoHmrOptions
 */

/**
 * Opens the first page of a copy of `examples/<name>`.
 *
 * @param {Example} name
 * @param {object} [options]
 * @param {string} [options.vite] the package of the Vite to use
 * @param {BinoHmrOptions} [options.bino]
 * @param {boolean} [options.own] with the example's own config as it is, so without `verify`
 */
export async function openExample(name, { vite = 'vite', bino, own = false } = {}) {
  const { plugin, include } = KINDS[name]
  const files = filesOf(name)
  const opened = await open(files, {
    vite,
    packages: true,
    bino: own ? false : bino,
    config: {
      ...(own ? { configFile: undefined } : { plugins: [await plugin(vite)] }),
      // As usual below a `node_modules`, which the plugins leave alone; the project's own is a link to ours.
      cacheDir: '.cache/node_modules',
      optimizeDeps: { include },
    },
  })
  return { ...opened, ...editor(opened.project, files) }
}

/**
 * Saves edits of a project, as an editor that has its files open.
 *
 * @param {{ write: (file: string, content: string) => void }} project
 * @param {import('./project.js').Files} files
 */
function editor(project, files) {
  return {
    /** What is in `file` now. @param {string} file */
    read: (file) => files[file],
    /**
     * Replaces one text in `file` and saves it.
     *
     * @param {string} file
     * @param {string} from is in it exactly once: else the example has changed, and the test with it
     * @param {string} to
     */
    edit(file, from, to) {
      const parts = files[file].split(from)
      if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times ${from}`)
      files[file] = parts.join(to)
      project.write(file, files[file])
    },
  }
}

/**
 * The text of all that is in `examples/<name>`.
 *
 * @param {Example} name
 * @returns {import('./project.js').Files}
 */
export function filesOf(name) {
  const root = fromRoot(path.join('examples', name))
  const entries = readdirSync(root, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
    .filter((file) => !/(^|[\\/])(node_modules|dist)[\\/]/.test(file))
  return Object.fromEntries(
    files.map((file) => [file.split(path.sep).join('/'), readFileSync(path.join(root, file), 'utf8')]),
  )
}
