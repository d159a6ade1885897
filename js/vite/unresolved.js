/**
 * Sees what nothing could resolve, and has the places watched where it was looked for: a code generator may write an
 * ignored file later. When it comes, Vite's own pass over created files heals the importer.
 *
 * Never resolves anything.
 */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { sessionOf } from './session.js'

/** @returns {import('vite').Plugin} */
export function awaitUnresolved() {
  return {
    name: 'bino-hmr:unresolved',
    apply: 'serve',
    enforce: 'post',
    resolveId: {
      // Last of the last: whoever comes here was found by nobody.
      order: 'post',
      handler(source, importer) {
        const session = sessionOf({ config: this.environment.getTopLevelConfig() })
        const { root, resolve } = this.environment.config
        const places = placesOf(source, importer, root)
        if (session && places.length > 0) {
          session.awaitFiles(places.flatMap((place) => candidates(place, resolve.extensions)))
        }
      },
    },
  }
}

/**
 * Where a relative or absolute specifier leads. Names of packages lead into `node_modules`, where nothing is awaited.
 *
 * @param {string} source
 * @param {string | undefined} importer
 * @param {string} root
 */
function placesOf(source, importer, root) {
  if (source.includes('\0') || importer?.includes('\0')) return []
  const [file] = source.split(/[?#]/)
  if (file.startsWith('.')) {
    const [from] = (importer ?? '').split('?')
    return path.isAbsolute(from) ? [path.resolve(path.dirname(from), file)] : []
  }
  if (!path.isAbsolute(file)) return []
  // Vite takes `/src/a` for a path below the root first. Nobody means a folder `/src` that is to be made.
  const isPath = file.startsWith(`${root}/`) || existsSync(path.dirname(file))
  return [...(file.startsWith('/') ? [path.join(root, file)] : []), ...(isPath ? [file] : [])]
}

/**
 * Vite tries the path itself, then with each extension, then the same with `index`.
 *
 * @param {string} place
 * @param {string[]} extensions
 */
const candidates = (place, extensions) => [
  place,
  ...extensions.map((extension) => place + extension),
  ...extensions.map((extension) => path.join(place, `index${extension}`)),
]
