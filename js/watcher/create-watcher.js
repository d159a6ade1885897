/**
 * `createWatcher()`.
 */

import { readWatcherOptions } from './options.js'
import { Watcher } from './watcher.js'

/**
 * Starts to watch; `index.d.ts` documents it.
 *
 * @param {import('../../index.d.ts').WatcherOptions} [options]
 * @returns {import('../../index.d.ts').Watcher}
 */
export function createWatcher(options = {}) {
  const words = readWatcherOptions(options)
  const watcher = new Watcher(words)
  for (const { code, message } of words.problems) process.emitWarning(message, { code })
  return watcher
}
