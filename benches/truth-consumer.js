/**
 * Who listens to a watcher and rebuilds the tree: looks at a path when it is told of it, and at no other time.
 *
 * It does so in two ways, and of each path the better one counts. One asks the disk alone: a watcher that says `change` and
 * means `add` is right, and so is one that says that a file is gone which is back already. But a folder that is moved away
 * for a moment just then is not there, and nobody tells of it again, since for the watcher it never went. The other believes
 * what the event says of the path, where it says something, and asks the disk for contents.
 */

import fs from 'node:fs'
import path from 'node:path'
import { differences, isWatched, textOf, treeOnDisk } from '../__test__/truth/consumer.js'

/**
 * What an event says of a path: what lies there, that anything does, or that nothing does.
 *
 * @typedef {'file' | 'directory' | 'there' | 'gone'} Says
 *
 * @typedef {import('../__test__/truth/consumer.js').Tree} Tree
 */

export class Consumer {
  events = 0
  /** What is known by looking. @type {Tree} */
  #seen
  /** What is known by believing. @type {Tree} */
  #told

  /** @param {string} root @param {string} [beside] a file outside of the root */
  constructor(root, beside) {
    this.root = root
    this.beside = beside
    this.#seen = this.#disk()
    this.#told = new Map(this.#seen)
  }

  /** @param {string} file @param {Says} [says] */
  saw(file, says) {
    this.events += 1
    if (file !== this.beside && !this.#counts(file)) return
    const type = typeOf(file)
    const text = type === 'file' ? textOf(file) : undefined
    note(this.#seen, file, type, text)
    if (says === 'gone') note(this.#told, file)
    else note(this.#told, file, says === 'file' || says === 'directory' ? says : type, text)
  }

  /** What is wrong, as far as it is wrong either way, and how many paths there are. */
  judge() {
    const truth = this.#disk()
    const disbelieved = new Set(differences(this.#told, truth).map(({ path: file }) => file))
    const wrong = differences(this.#seen, truth).filter(({ path: file }) => disbelieved.has(file))
    return { wrong: wrong.map(({ what }) => what), paths: truth.size }
  }

  #disk() {
    const tree = treeOnDisk(this.root)
    if (this.beside && fs.existsSync(this.beside))
      tree.set(this.beside, { type: 'file', text: textOf(this.beside) })
    return tree
  }

  /** Some follow links into folders, and tell of files under names that lead through them. @param {string} file */
  #counts(file) {
    if (!file.startsWith(`${this.root}/`)) return false
    const dir = path.dirname(file)
    try {
      if (fs.realpathSync(dir) !== dir) return false
    } catch {
      // A folder that is gone: so is what was in it.
    }
    return file
      .slice(this.root.length + 1)
      .split('/')
      .every(isWatched)
  }
}

/**
 * @param {Tree} tree
 * @param {string} file
 * @param {'file' | 'directory'} [type] `undefined` if nothing lies there
 * @param {string} [text]
 */
function note(tree, file, type, text) {
  if (type !== 'directory') {
    // Some tell of a folder that is gone and not of what was in it.
    for (const below of tree.keys()) if (below.startsWith(`${file}/`)) tree.delete(below)
  }
  if (type === undefined) tree.delete(file)
  else tree.set(file, type === 'file' ? { type, text } : { type })
}

/** A link is what it leads to, if that is a file, and else nothing. @param {string} file */
function typeOf(file) {
  try {
    const own = fs.lstatSync(file)
    if (own.isDirectory()) return 'directory'
    return (own.isSymbolicLink() ? fs.statSync(file) : own).isFile() ? 'file' : undefined
  } catch {
    return undefined
  }
}
