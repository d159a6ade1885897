// Where things are in the repository. Every other script asks here.
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string[]} parts */
export const fromRoot = (...parts) => join(root, ...parts)

/**
 * The compiled addon of this platform, or undefined when it has not been built here. A folder that is shared with a
 * container may hold addons of other platforms, so the name has to match.
 */
export function addonFile() {
  const prefix = `bino-hmr.${process.platform}-${process.arch}`
  const name = readdirSync(fromRoot('js')).find((file) => file.startsWith(prefix) && file.endsWith('.node'))
  return name && fromRoot('js', name)
}
