/**
 * The package's entry: the Vite plugin and the watcher.
 *
 * @module
 */

export { binoHmr, binoHmr as default } from './vite/plugin.js'
export { createWatcher } from './watcher/create-watcher.js'
