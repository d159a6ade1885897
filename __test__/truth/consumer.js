/**
 * What a consumer knows by events alone, and what is really on disk.
 */

import fs from 'node:fs'

/**
 * @typedef {{ type: 'file' | 'directory', text?: string }} Entry
 * @typedef {Map<string, Entry>} Tree
 */

/** What no watcher is asked to watch: git's own folder, and what editors call a backup. @param {string} name */
export const isWatched = (name) => name !== '.git' && !name.endsWith('~')

/**
 * Everything below a folder, as the documentation of `createWatcher` counts it: a link to a file is a file; links to
 * folders, links that dangle and sockets are nothing.
 *
 * @param {string} root
 * @param {Tree} [tree]
 * @returns {Tree}
 */
export function treeOnDisk(root, tree = new Map()) {
  for (const entry of fs.readdirSync(root, { withFileTypes: true })) {
    const path = `${root}/${entry.name}`
    if (!isWatched(entry.name)) continue
    if (entry.isDirectory()) {
      tree.set(path, { type: 'directory' })
      treeOnDisk(path, tree)
    } else if (entry.isFile() || isFileByLink(entry, path)) {
      tree.set(path, { type: 'file', text: textOf(path) })
    }
  }
  return tree
}

/** @param {string} path */
export function textOf(path) {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    // Gone, or in the middle of being replaced: an event has to follow.
    return undefined
  }
}

/** @param {fs.Dirent} entry @param {string} path */
function isFileByLink(entry, path) {
  try {
    return entry.isSymbolicLink() && fs.statSync(path).isFile()
  } catch {
    // It dangles, or leads in a circle.
    return false
  }
}

/**
 * What is wrong with a state, as `path: what`.
 *
 * @param {Tree} told
 * @param {Tree} truth
 */
export function differences(told, truth) {
  /** @type {{ path: string, what: 'missed create' | 'missed delete' | 'stale content' | 'wrong type' }[]} */
  const found = []
  for (const [path, { type, text }] of truth) {
    const known = told.get(path)
    if (!known) found.push({ path, what: 'missed create' })
    else if (known.type !== type) found.push({ path, what: 'wrong type' })
    else if (known.text !== text) found.push({ path, what: 'stale content' })
  }
  for (const path of told.keys()) if (!truth.has(path)) found.push({ path, what: 'missed delete' })
  return found
}

/** Rebuilds the tree from batches: reads each file when it is told, and at no other time. */
export class Consumer {
  /** @type {Tree} */
  known
  epoch = 0
  /** @type {string[]} */
  problems = []
  /** @type {{ epoch: number, changes: import('../../index.d.ts').WatcherChange[] }[]} */
  batches = []
  /** How many entries lie in each folder. @type {Map<string, number>} */
  #filled = new Map()

  /** @param {string} root */
  constructor(root) {
    this.root = root
    this.known = treeOnDisk(root)
    for (const path of this.known.keys()) this.#count(path, 1)
  }

  /** @param {import('../../index.d.ts').WatcherBatch} batch */
  take({ epoch, changes }) {
    if (epoch <= this.epoch) this.problems.push(`epoch ${epoch} after ${this.epoch}`)
    if (changes.length === 0) this.problems.push(`epoch ${epoch} is empty`)
    this.epoch = epoch
    this.batches.push({ epoch, changes })
    /** @type {Map<string, string>} */
    const seen = new Map()
    for (const { kind, path, type } of changes) {
      const complain = (/** @type {string} */ what) =>
        this.problems.push(`epoch ${epoch}: ${kind} ${type} ${path}: ${what}`)
      const before = this.known.get(path)?.type
      const folder = path.slice(0, path.lastIndexOf('/'))
      if (seen.has(path) && (seen.get(path) !== 'delete' || kind !== 'create')) complain('it is there twice')
      seen.set(path, kind)
      if (kind === 'create') {
        if (before) complain(`there was a ${before}`)
        else this.#count(path, 1)
        if (folder !== this.root && this.known.get(folder)?.type !== 'directory')
          complain('its folder is not there')
      } else if (before !== type) complain(`there was ${before ? `a ${before}` : 'nothing'}`)
      if (kind === 'update' && type === 'directory') complain('a folder is never updated')
      if (kind === 'delete') {
        if (this.#filled.get(path)) complain('something is still in it')
        if (before) this.#count(path, -1)
        this.known.delete(path)
      } else this.known.set(path, type === 'file' ? { type, text: textOf(path) } : { type })
    }
  }

  /** @param {string} path @param {number} by */
  #count(path, by) {
    const folder = path.slice(0, path.lastIndexOf('/'))
    this.#filled.set(folder, (this.#filled.get(folder) ?? 0) + by)
  }
}
