/**
 * Whether a tsconfig matters to what is loaded. Vite reloads every page when any `tsconfig.json` below the root changes.
 *
 * Errs on the side of the reload: each text in a config that names another config counts as a reference to it, also one
 * in a comment.
 */

import { existsSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'

/**
 * Whether the file is the nearest `tsconfig.json` of a loaded module, or one that such a config leads to (`extends`,
 * `references`). It need not be there any more.
 *
 * @param {import('vite').DevEnvironment} environment
 * @param {string} file absolute, with `/`
 */
export function isUsedTsconfig({ moduleGraph }, file) {
  const configs = nearestConfigs(moduleGraph.fileToModulesMap.keys(), file)
  // Grows while it is gone through.
  for (const config of configs) {
    if (config === file) return true
    for (const named of namedIn(config)) configs.add(named)
  }
  return false
}

/**
 * @param {Iterable<string>} files
 * @param {string} changed counts as being there
 */
function nearestConfigs(files, changed) {
  /** By folder; those on the way up too. @type {Map<string, string | undefined>} */
  const known = new Map()
  const configs = /** @type {Set<string>} */ (new Set())
  for (const file of files) {
    if (!path.isAbsolute(file) || file.includes('/node_modules/')) continue
    const passed = []
    let folder = path.posix.dirname(file)
    let config = known.get(folder)
    while (!known.has(folder)) {
      passed.push(folder)
      const here = path.posix.join(folder, 'tsconfig.json')
      if (here === changed || existsSync(here)) config = here
      const above = path.posix.dirname(folder)
      if (config || above === folder) break
      folder = above
      config = known.get(folder)
    }
    for (const one of passed) known.set(one, config)
    if (config) configs.add(config)
  }
  return configs
}

/**
 * Configs that some text in a config may mean.
 *
 * @param {string} config
 */
function* namedIn(config) {
  let text
  try {
    text = readFileSync(config, 'utf8')
  } catch {
    // Gone, or not to be read: Vite cannot follow it either.
    return
  }
  const folder = path.posix.dirname(config)
  for (const [, name] of text.matchAll(/"((?:[^"\\\n]|\\.)+)"/g)) {
    const targets =
      name.startsWith('.') || name.startsWith('/')
        ? [path.posix.resolve(folder, name)]
        : foldersUpFrom(folder).map((above) => path.posix.join(above, 'node_modules', name))
    for (const target of targets) {
      for (const candidate of [target, `${target}.json`, `${target}/tsconfig.json`]) {
        // A linked package of the workspace lies elsewhere.
        if (candidate.endsWith('.json') && existsSync(candidate))
          yield realpathSync(candidate).replaceAll('\\', '/')
      }
    }
  }
}

/** @param {string} folder */
function foldersUpFrom(folder) {
  const all = [folder]
  for (
    let above = path.posix.dirname(folder);
    above !== all[all.length - 1];
    above = path.posix.dirname(above)
  ) {
    all.push(above)
  }
  return all
}
