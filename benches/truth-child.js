/**
 * One watcher and whoever listens to it: `node truth-child.js <side>`, asked over IPC. Watches many folders at once, each
 * with a consumer that looks at a path when it is told of it, and at no other time.
 *
 * Every side is asked as its documentation says, and told to say nothing of what is there at the start.
 */

import fs, { watch } from 'node:fs'
import path from 'node:path'
import { differences, isWatched, textOf, treeOnDisk } from '../__test__/truth/consumer.js'
import { answer, sleep } from './conversation.js'

const side = /** @type {keyof typeof sides} */ (process.argv[2])

/** Nothing more comes from a watcher that says nothing for this long while its event loop turns. */
const QUIET_MS = 1000
const TURN_MS = 50

/** One that speaks for this long after the last operation goes in circles: it follows a link into a folder above it. */
const PATIENCE_MS = 20_000

/**
 * @typedef {(path: string) => void} Saw
 *
 * @typedef {object} Watched
 * @property {string} root
 * @property {string} [entry] a module in it that imports the file beside it
 * @property {string} [beside] a file outside of the root
 */

/** Each watches, resolves when the watcher says that it is ready, and gives a function that ends it. */
const sides = {
  /** @param {Watched} watched @param {Saw} saw */
  async ours({ root, entry }, saw) {
    const { createWatcher } = await import('../js/index.js')
    const watcher = createWatcher({ root, ...(entry ? { entries: [entry] } : {}) })
    watcher.on('batch', ({ changes }) => {
      for (const { path: file } of changes) saw(file)
    })
    await watcher.ready
    return () => watcher.close()
  },

  /** @param {Watched} watched @param {Saw} saw */
  async chokidar3({ root, beside }, saw) {
    const { default: chokidar } = await import('chokidar3')
    const watcher = chokidar.watch(root, { ignoreInitial: true, disableGlobbing: true })
    if (beside) watcher.add(beside)
    return chokidarReady(watcher, saw)
  },

  /** @param {Watched} watched @param {Saw} saw */
  async chokidar6({ root, beside }, saw) {
    const { watch: start } = await import('chokidar')
    const watcher = start(root, { ignoreInitial: true })
    if (beside) watcher.add(beside)
    return chokidarReady(watcher, saw)
  },

  /** It watches folders, not files. @param {Watched} watched @param {Saw} saw */
  async parcel({ root, beside }, saw) {
    const { subscribe } = await import('@parcel/watcher')
    const roots = beside ? [root, path.dirname(beside)] : [root]
    const subscriptions = await Promise.all(
      roots.map((folder) =>
        subscribe(folder, (error, events) => {
          if (error) note(error)
          else for (const event of events) saw(event.path)
        }),
      ),
    )
    return async () => {
      for (const subscription of subscriptions) await subscription.unsubscribe()
    }
  },

  /** It has walked everything when the call returns. @param {Watched} watched @param {Saw} saw */
  async node({ root, beside }, saw) {
    const watchers = [
      watch(root, { recursive: true }, (_, name) => name !== null && saw(path.join(root, name))),
    ]
    if (beside) watchers.push(watch(beside, () => saw(beside)))
    for (const watcher of watchers) watcher.on('error', note)
    return async () => {
      for (const watcher of watchers) watcher.close()
    }
  },
}

/**
 * @param {any} watcher
 * @param {Saw} saw
 * @returns {Promise<() => Promise<void>>}
 */
async function chokidarReady(watcher, saw) {
  watcher.on('all', (/** @type {string} */ _, /** @type {string} */ file) => saw(file))
  watcher.on('error', note)
  await new Promise((resolve) => watcher.on('ready', resolve))
  return () => watcher.close()
}

/** What a watcher throws while nobody can catch it ends a program, not this comparison. @type {Map<string, number>} */
const errors = new Map()
/** @param {unknown} error */
function note(error) {
  const { code, message } = /** @type {any} */ (error)
  errors.set(code ?? message, (errors.get(code ?? message) ?? 0) + 1)
}
process.on('uncaughtException', note)
process.on('unhandledRejection', note)

class Consumer {
  at = performance.now()
  events = 0

  /** @param {Watched} watched */
  constructor({ root, beside }) {
    this.root = root
    this.beside = beside
    this.known = treeOnDisk(root)
    if (beside) this.known.set(beside, { type: 'file', text: textOf(beside) })
  }

  /** Looks at a path. What a watcher says of it is not asked: the kindest reading of every event. @param {string} file */
  saw(file) {
    this.at = performance.now()
    this.events += 1
    if (file !== this.beside && !this.#counts(file)) return
    const type = typeOf(file)
    if (type !== 'directory') {
      // Some tell of a folder that is gone and not of what was in it.
      for (const below of this.known.keys()) if (below.startsWith(`${file}/`)) this.known.delete(below)
    }
    if (type === undefined) this.known.delete(file)
    else this.known.set(file, type === 'file' ? { type, text: textOf(file) } : { type })
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

/** @type {Map<number, { consumer: Consumer, end: () => Promise<unknown> }>} */
const open = new Map()

answer({
  /** @param {{ id: number } & Watched} input */
  async open({ id, ...watched }) {
    /** @type {Consumer | undefined} */
    let consumer
    const end = await sides[side](watched, (file) => consumer?.saw(file))
    consumer = new Consumer(watched)
    open.set(id, { consumer, end })
  },

  /**
   * Waits until no event has come for a while, counted in turns: a blocked event loop is not quiet.
   *
   * @param {number} id
   */
  async quiet(id) {
    const { consumer } = open.get(id)
    let seen = consumer.events
    const end = performance.now() + PATIENCE_MS
    for (let turns = 0; turns < QUIET_MS / TURN_MS; turns++) {
      await sleep(TURN_MS)
      if (consumer.events !== seen) turns = -1
      seen = consumer.events
      if (performance.now() > end) return note(new Error('never quiet'))
    }
  },

  /** What is known and what is true. @param {number} id */
  judge(id) {
    const { root, beside, known } = open.get(id).consumer
    const truth = treeOnDisk(root)
    if (beside && fs.existsSync(beside)) truth.set(beside, { type: 'file', text: textOf(beside) })
    return { wrong: differences(known, truth).map(({ what }) => what), paths: truth.size }
  },

  /** @param {number} id */
  async close(id) {
    const { end } = open.get(id)
    open.delete(id)
    await end().catch(note)
  },

  errors: () => Object.fromEntries(errors),
})
