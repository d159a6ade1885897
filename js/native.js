/**
 * Gives the addon's engine a JavaScript face: errors with codes, events as plain objects.
 */

import { loadAddon } from './load-addon.js'

/**
 * @typedef {object} EngineOptions
 * @property {string[]} roots folders watched with all that is in them
 * @property {string[]} extra files or folders beside the roots; they need not exist yet
 * @property {string[]} ignore globs or paths, as chokidar's `ignored`
 * @property {string[]} alwaysIgnore as `ignore`, but no negation brings these back
 * @property {boolean} [gitignore] whether ignore files leave folders out too
 * @property {number | undefined} depth
 * @property {number | undefined} debounce milliseconds; without it the adaptive rule
 * @property {boolean | undefined} poll everything or nothing; without it what no event tells of
 * @property {number | undefined} interval milliseconds between two looks at what is polled and used
 * @property {number | undefined} restInterval milliseconds between two looks at the rest
 * @property {number} threads of the pool
 *
 * @typedef {{ type: 'ready' }
 *   | { type: 'batch', epoch: number, changes: import('./vite/transaction.js').Change[], rescan: boolean, looked: boolean }
 *   | { type: 'held', changes: import('./vite/transaction.js').Change[] }
 *   | { type: 'released', epoch: number, changes: import('./vite/transaction.js').Change[], rescan: boolean, looked: boolean }
 *   | { type: 'warning', error: Error }
 *   | { type: 'failed', error: Error }} EngineEvent
 *
 * @typedef {object} Engine
 * @property {(paths: string[]) => void} add
 * @property {(globs: string[]) => void} addGlobs
 * @property {(files: string[]) => void} watchFiles single files, wherever they lie; they need not exist yet
 * @property {(paths: string[]) => void} unwatch
 * @property {() => void} hold from here on changes are told as `held`
 * @property {() => void} release what was held comes as `released`, once
 * @property {() => Record<string, string[]>} watched
 * @property {() => import('../index.d.ts').EngineStats} stats
 * @property {() => number} openGraph
 * @property {(graph: number, words: Uint32Array, strings: string[]) => void} applyDelta
 * @property {(graph: number) => void} prepare works out in the background what the last delta made stale
 * @property {(request: Uint32Array) => Uint32Array[]} walk one response for each graph of the request
 * @property {() => void} fault makes the engine's thread panic: for the tests of what happens then
 * @property {() => Promise<void>} close joins every thread
 */

/**
 * Starts an engine. Its events come on the event loop and do not keep the process alive.
 *
 * @param {EngineOptions} options
 * @param {(event: EngineEvent) => void} onEvent
 * @returns {Engine}
 * @throws {Error} with a code, when the addon cannot be loaded or the options are wrong
 */
export function createEngine(options, onEvent) {
  const { Engine } = loadAddon()
  return new Engine(options, (event) => {
    const { type, epoch, rescan, looked, code, message } = event
    const changes = /** @type {import('./vite/transaction.js').Change[]} */ (event.changes)
    if (type === 'batch' || type === 'released') onEvent({ type, epoch, changes, rescan, looked })
    else if (type === 'held') onEvent({ type, changes })
    else if (type === 'ready') onEvent({ type })
    else
      onEvent({ type: /** @type {'warning'} */ (type), error: Object.assign(new Error(message), { code }) })
  })
}

/** @typedef {import('./binding.cjs').NativeWatcher} NativeWatcher */

/**
 * Starts an engine whose batches wait until they are taken. `wake` is called only for what `waitFor` asked for, and does
 * not keep the process alive.
 *
 * @param {EngineOptions} options
 * @param {string[]} entries files that a graph is built from; without any there is none
 * @param {() => void} wake
 * @returns {NativeWatcher}
 * @throws {Error} with a code, when the addon cannot be loaded or the options are wrong
 */
export function createNativeWatcher(options, entries, wake) {
  const { NativeWatcher } = loadAddon()
  return new NativeWatcher(options, entries, wake)
}

/**
 * @typedef {object} ContentHashes
 * @property {(text: string) => number} hashText of the text's bytes in UTF-8
 * @property {(file: string, size: number) => number | null} hashFile of what lies there now, if it is a file of that size
 */

/** @returns {ContentHashes} */
export function contentHashes() {
  const { hashText, hashFile } = loadAddon()
  return { hashText, hashFile }
}
