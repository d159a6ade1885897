/**
 * bino-hmr: hot module replacement for Vite, with watching, module graph and propagation in Rust.
 *
 * This file is the public contract; what is not in it is not public.
 */

import type { Plugin } from 'vite'

/** Options of {@link binoHmr}. A wrong one throws a `TypeError` with `code: 'BINO_OPTION_INVALID'` that names it. */
export interface BinoHmrOptions {
  /**
   * Whether the plugin does anything. The environment variable `BINO_HMR_ENABLED` (`0` or `1`) wins over it.
   *
   * @default true
   */
  enabled?: boolean
  /**
   * Globs or paths that are not watched, beside Vite's `server.watch.ignored` and Vite's defaults (`.git`,
   * `node_modules`, `test-results`, the cache and output directories). A path without a wildcard at its start is taken
   * below the root. One that does not parse is an error with `code: 'BINO_GLOB_INVALID'`.
   *
   * @default []
   */
  ignore?: string[]
  /**
   * When a transaction closes, in milliseconds without a further change. `'adaptive'`: a completed save of a loaded file
   * goes at once; anything else after about 2 ms of quiet, growing with the size of the burst.
   *
   * @default 'adaptive'
   */
  debounce?: 'adaptive' | number
  /**
   * For each transaction lets Vite's own algorithm compute its answer too, compares, and logs every difference. Costs what
   * Vite costs: for finding bugs, not for every day.
   *
   * @default false
   */
  verify?: boolean
  /**
   * Threads of the pool that reads folders and walks environments, from 1 to 256.
   *
   * @default the number of cores that the process may use
   */
  threads?: number
  /**
   * What is logged: nothing of ours, Vite's usual lines with the reason of each reload, or also figures for each
   * transaction. The environment variable `BINO_HMR_DEBUG=1` means `'debug'`.
   *
   * @default 'info'
   */
  log?: 'silent' | 'info' | 'debug'
}

/** What the engine holds at the moment. */
export interface EngineStats {
  /** Directories known. */
  directories: number
  /** Files known. */
  files: number
  /** Watches held at the operating system. */
  watches: number
}

/** Handle of a running plugin, at `plugin.api`. It speaks of the server that was started last. */
export interface BinoHmrApi {
  /**
   * Resolves when everything is watched: from then on no edit is lost. Rejects with an error that has a `code` when the
   * engine failed and Vite's own watcher took over.
   */
  readonly ready: Promise<void>
  /** Figures of the engine, and the transactions under way; `undefined` while there is no server. */
  stats(): (EngineStats & { transactions: number }) | undefined
}

/** The plugin with its handle. */
export type BinoHmrPlugin = Plugin<BinoHmrApi> & { api: BinoHmrApi }

/**
 * The Vite plugin, for Vite 7 and 8:
 *
 * ```js
 * import { binoHmr } from 'bino-hmr'
 * export default { plugins: [binoHmr()] }
 * ```
 *
 * It changes the development server only; `vite build` and `vite preview` are untouched.
 *
 * @throws {TypeError} for a wrong option, with `code: 'BINO_OPTION_INVALID'`
 */
export declare function binoHmr(options?: BinoHmrOptions): BinoHmrPlugin[]

export default binoHmr
