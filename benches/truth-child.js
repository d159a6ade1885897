/**
 * One watcher and whoever listens to it: `node truth-child.js <side>`, asked over IPC. Watches many folders at once, each
 * with a consumer that looks at a path when it is told of it, and at no other time; see `truth-consumer.js`.
 *
 * Every side is asked as its documentation says, and told to say nothing of what is there at the start.
 */

import { watch } from 'node:fs'
import path from 'node:path'
import { answer, sleep } from './conversation.js'
import { Consumer } from './truth-consumer.js'

const side = /** @type {keyof typeof sides} */ (process.argv[2])

/** Nothing more comes from a watcher that says nothing for this long while its event loop turns. */
const QUIET_MS = 1000
const TURN_MS = 50

/** One that speaks for this long after the last operation goes in circles: it follows a link into a folder above it. */
const PATIENCE_MS = 20_000

/**
 * @typedef {import('./truth-consumer.js').Says} Says
 * @typedef {(path: string, says?: Says) => void} Saw
 *
 * @typedef {object} Watched
 * @property {string} root
 * @property {string} [entry] a module in it that imports the file beside it
 * @property {string} [beside] a file outside of the root
 */

/** What chokidar's events say. @type {Record<string, Says>} */
const CHOKIDAR_SAYS = { add: 'file', change: 'file', addDir: 'directory', unlink: 'gone', unlinkDir: 'gone' }

/** Each watches, resolves when the watcher says that it is ready, and gives a function that ends it. */
const sides = {
  /** @param {Watched} watched @param {Saw} saw */
  async ours({ root, entry }, saw) {
    const { createWatcher } = await import('../js/index.js')
    const watcher = createWatcher({ root, ...(entry ? { entries: [entry] } : {}) })
    watcher.on('batch', ({ changes }) => {
      for (const { path: file, kind, type } of changes) saw(file, kind === 'delete' ? 'gone' : type)
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
          else for (const { path: file, type } of events) saw(file, type === 'delete' ? 'gone' : 'there')
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
  watcher.on('all', (/** @type {string} */ event, /** @type {string} */ file) =>
    saw(file, CHOKIDAR_SAYS[event]),
  )
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

/** @type {Map<number, { consumer: Consumer, end: () => Promise<unknown> }>} */
const open = new Map()

answer({
  /** @param {{ id: number } & Watched} input */
  async open({ id, ...watched }) {
    /** @type {Consumer | undefined} */
    let consumer
    const end = await sides[side](watched, (file, says) => consumer?.saw(file, says))
    consumer = new Consumer(watched.root, watched.beside)
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
  judge: (id) => open.get(id).consumer.judge(),

  /** @param {number} id */
  async close(id) {
    const { end } = open.get(id)
    open.delete(id)
    await end().catch(note)
  },

  errors: () => Object.fromEntries(errors),
})
