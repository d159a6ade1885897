/**
 * The package's entry: the Vite plugin.
 *
 * @module
 */

export { binoHmr, binoHmr as default } from './vite/plugin.js'
