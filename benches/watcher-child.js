/**
 * One watcher on one folder: `node watcher-child.js <side> <root>`, asked over IPC.
 *
 * Every side is told to ignore `node_modules` and nothing else, in its own words, and to say nothing of what is there at
 * the start. Of each path the last event is kept, and when it came.
 */

import { watch } from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { answer, now, sleep } from './conversation.js'

const [side, root] = process.argv.slice(2)

/** The storm has ended for a watcher that says nothing for this long while its event loop turns. */
const QUIET_MS = 2000
const TURN_MS = 50

/** @typedef {(path: string, exists: boolean | undefined) => void} Saw `exists` is what the event says, if it says it */

/** What they say about a path that is there no more. */
const GONE = new Set(['delete', 'unlink', 'unlinkDir'])

/** Each gives a function that starts to watch, and resolves when the watcher says that it is ready. */
const sides = {
  /** A Node process that watches nothing: what the others are held against. */
  nothing: async () => async () => {},

  async ours() {
    const { createWatcher } = await import('../js/index.js')
    return async (/** @type {Saw} */ saw) => {
      const watcher = createWatcher({ root })
      watcher.on('error', note)
      watcher.on('batch', ({ changes }) => {
        for (const { path: file, kind } of changes) saw(file, !GONE.has(kind))
      })
      await watcher.ready
    }
  },

  /** The version that Vite 7 and 8 have in them, with the options that Vite gives it. */
  async chokidar3() {
    const { default: chokidar } = await import('chokidar3')
    return (/** @type {Saw} */ saw) =>
      chokidarReady(
        chokidar.watch(root, {
          ignored: '**/node_modules/**',
          ignoreInitial: true,
          ignorePermissionErrors: true,
          disableGlobbing: true,
        }),
        saw,
      )
  },

  /** It takes no globs. */
  async chokidar6() {
    const { watch: start } = await import('chokidar')
    return (/** @type {Saw} */ saw) =>
      chokidarReady(
        start(root, {
          ignored: /[\\/]node_modules([\\/]|$)/,
          ignoreInitial: true,
          ignorePermissionErrors: true,
        }),
        saw,
      )
  },

  async parcel() {
    const { subscribe } = await import('@parcel/watcher')
    return async (/** @type {Saw} */ saw) => {
      await subscribe(
        root,
        (error, events) => {
          if (error) note(error)
          for (const { path: file, type } of events ?? []) saw(file, !GONE.has(type))
        },
        { ignore: ['**/node_modules/**'] },
      )
    }
  },

  /** It can ignore nothing, and does not say what became of a path. It has walked everything when the call returns. */
  node: async () => async (/** @type {Saw} */ saw) => {
    const watcher = watch(root, { recursive: true }, (_, name) => {
      if (name !== null) saw(path.join(root, name), undefined)
    })
    watcher.on('error', note)
  },
}

/**
 * @param {{ on(event: string, listener: (...args: any[]) => void): unknown }} watcher
 * @param {Saw} saw
 */
function chokidarReady(watcher, saw) {
  watcher.on('all', (/** @type {string} */ kind, /** @type {string} */ file) => saw(file, !GONE.has(kind)))
  return new Promise((resolve, reject) => {
    watcher.on('ready', () => resolve(undefined))
    // Only the first settles it.
    watcher.on('error', (error) => {
      note(error)
      reject(error)
    })
  })
}

/** What watchers told of without ending, and how often. @type {Record<string, number>} */
const errors = {}
/** @param {unknown} error */
function note(error) {
  const { code, message } = /** @type {any} */ (error)
  errors[code ?? message] = (errors[code ?? message] ?? 0) + 1
}

/** @type {Map<string, { at: number, exists: boolean | undefined }>} */
const last = new Map()
/** @type {number | undefined} */
let lastAt
let events = 0
/** @type {(saw: Saw) => Promise<unknown>} */
let start
/** @type {ReturnType<typeof performance.eventLoopUtilization>} */
let utilization

answer({
  async load() {
    start = await sides[/** @type {keyof typeof sides} */ (side)]()
  },

  /** Milliseconds until the watcher says that it is ready. */
  async start() {
    const before = performance.now()
    await start((file, exists) => {
      events += 1
      lastAt = now()
      last.set(file, { at: lastAt, exists })
    })
    return performance.now() - before
  },

  errors: () => errors,

  record() {
    last.clear()
    lastAt = undefined
    events = 0
    utilization = performance.eventLoopUtilization()
  },

  /** Waits until no event has come for a while, counted in turns: a blocked event loop is not quiet. */
  async recorded() {
    let seen = events
    for (let quiet = 0; quiet < QUIET_MS / TURN_MS; quiet++) {
      await sleep(TURN_MS)
      if (events !== seen) quiet = -1
      seen = events
    }
    const { active } = performance.eventLoopUtilization(utilization)
    return { events, busy: active, lastAt }
  },

  /**
   * What is known of files after a storm: without an event since the last operation began it is stale, and with one that
   * says the opposite of what is there it is wrong.
   *
   * @param {import('./watched-tree.js').Fate[]} fates
   */
  judge(fates) {
    /** How many, by operation. @type {Record<string, number>} */
    const lostKinds = {}
    let wrong = 0
    for (const { path: file, operation, at, exists } of fates) {
      const event = last.get(file)
      if (!event || event.at < at) lostKinds[operation] = (lostKinds[operation] ?? 0) + 1
      else if (event.exists !== undefined && event.exists !== exists) wrong += 1
    }
    return { lostKinds, wrong }
  },
})
