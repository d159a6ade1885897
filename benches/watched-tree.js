/**
 * Folders to watch, as plain files, and what happens to them in a storm. The same arguments always give the same tree and
 * the same storm.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { now } from './conversation.js'
import { randomFrom } from './shapes.js'

const FILES_IN_A_FOLDER = 10

const text = (/** @type {number} */ version) => `export const version = ${version}\n// ${'-'.repeat(120)}\n`

/**
 * Folders in folders, ten files in each: `0/`, `0/3/`, `0/3/7/`, …
 *
 * @param {string} root an empty folder
 * @param {number} count
 * @returns {string[]} the files
 */
export function writePlainTree(root, count) {
  const files = []
  for (let folder = 0; folder < count / FILES_IN_A_FOLDER; folder++) {
    // The 37th is `3/7`: at most ten folders in one.
    const parent = path.join(root, ...String(folder))
    mkdirSync(parent, { recursive: true })
    for (let nth = 0; nth < FILES_IN_A_FOLDER; nth++) files.push(path.join(parent, `module-${nth}.ts`))
  }
  for (const file of files) writeFileSync(file, text(0))
  return files
}

/** Files of one package: its manifest, its licence, and what it was built to. */
const FILES_IN_A_PACKAGE = 20

/**
 * An application of some files, and beside it what a package manager has installed for it.
 *
 *     src/…            as `writePlainTree`
 *     node_modules/    package-7/{package.json,LICENSE,README.md,lib/index.js,lib/internal/…}, one in ten in a scope,
 *                      one in eight with a `node_modules` of its own
 *
 * @param {string} root an empty folder
 * @param {number} own files of the application
 * @param {number} installed files in `node_modules`
 * @returns {string[]} the application's files
 */
export function writeProjectTree(root, own, installed) {
  const files = writePlainTree(path.join(root, 'src'), own)
  for (let index = 0; index < installed / FILES_IN_A_PACKAGE; index++) {
    const name = index % 10 === 3 ? `@scope-${index % 7}/package-${index}` : `package-${index}`
    const parent = index % 8 === 5 && index > 8 ? `package-${index - 5}/node_modules/` : ''
    const folder = path.join(root, 'node_modules', parent + name)
    mkdirSync(path.join(folder, 'lib', 'internal'), { recursive: true })
    for (const file of ['package.json', 'LICENSE', 'README.md', 'lib/index.js', 'lib/index.d.ts'])
      writeFileSync(path.join(folder, file), text(0))
    for (let nth = 5; nth < FILES_IN_A_PACKAGE; nth++)
      writeFileSync(path.join(folder, 'lib', nth % 2 ? 'internal' : '', `part-${nth}.js`), text(0))
  }
  return files
}

/**
 * @typedef {'rewritten' | 'rewritten twice' | 'replaced' | 'deleted' | 'new'} Operation
 * @typedef {{ path: string, operation: Operation, at: number, exists: boolean }} Fate what became of a file, and when its
 *   last operation began
 */

/**
 * One operation after the other, as fast as it goes: of twenty files sixteen are rewritten, one is rewritten twice, one
 * is replaced by a temporary file as editors do, one is deleted, and one is new in a new folder.
 *
 * @param {string[]} files of the tree
 * @param {number} count operations
 */
export function makeStorm(files, count) {
  const random = randomFrom(count)
  const order = [...files]
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[order[last], order[other]] = [order[other], order[last]]
  }
  const chosen = order.slice(0, count)
  /** @type {Map<string, Fate>} */
  const fates = new Map()
  const folders = new Set()
  const begin = (/** @type {string} */ file, /** @type {Operation} */ operation) =>
    fates.set(file, { path: file, operation, at: now(), exists: operation !== 'deleted' })
  return {
    /** @returns {Fate[]} */
    run() {
      chosen.forEach((file, index) => {
        const kind = index % 20
        if (kind === 17) {
          writeFileSync(`${file}.tmp`, text(2))
          begin(file, 'replaced')
          renameSync(`${file}.tmp`, file)
        } else if (kind === 18) {
          begin(file, 'deleted')
          rmSync(file)
        } else if (kind === 19) {
          const folder = path.join(path.dirname(file), `new-${index}`)
          mkdirSync(folder)
          folders.add(folder)
          const fresh = path.join(folder, 'fresh.ts')
          begin(fresh, 'new')
          writeFileSync(fresh, text(1))
        } else {
          if (kind === 16) writeFileSync(file, text(1))
          begin(file, kind === 16 ? 'rewritten twice' : 'rewritten')
          writeFileSync(file, text(2))
        }
      })
      return [...fates.values()]
    },
    /** The tree as it was. */
    undo() {
      for (const folder of folders) rmSync(folder, { recursive: true })
      for (const { path: file, exists } of fates.values()) if (!exists) writeFileSync(file, text(0))
    },
  }
}
