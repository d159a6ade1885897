/**
 * bino-hmr: hot module replacement for Vite, with watching, module graph and propagation in Rust.
 *
 * This file is the public contract; what is not in it is not public.
 */

import type { EventEmitter } from 'node:events'
import type { Plugin } from 'vite'

/** Options of {@link binoHmr}. A wrong one throws a `TypeError` with `code: 'BINO_OPTION_INVALID'` that names it. */
export interface BinoHmrOptions {
  /**
   * Whether the plugin does anything. The environment variable `BINO_HMR_ENABLED` (`0`, `1`, `false` or `true`) wins over it;
   * another value is ignored, with a warning (`BINO_ENV_INVALID`).
   *
   * @default true
   */
  enabled?: boolean
  /**
   * Globs or paths that are not watched, beside Vite's `server.watch.ignored` and Vite's defaults (`.git`,
   * `node_modules`, `test-results`, the cache and output directories). A relative one is taken below the root, unless it
   * begins with `**`. One that does not parse is an error with `code: 'BINO_GLOB_INVALID'`; a bracket without its partner
   * (`'{a'`) stands for itself, and a warning says so (`BINO_GLOB_UNBALANCED`).
   *
   * What editors leave beside a file is not watched either: `a.js~`, `.a.js.swp` and `.swx`, `.a.js.subl1.tmp`, `.#a.js`,
   * `#a.js#`, `a.js___jb_tmp___`, `a.js___jb_old___`.
   *
   * A glob after `!` takes back in what others leave out, ignore files too: `'!dist/**'`. Below an ignored folder it is
   * found by its name, without a walk through the rest: `'!**\/node_modules/pkg/**'`, here or in Vite's
   * `server.watch.ignored`, watches that package, through a link where it really is. Only Vite's cache and what editors leave
   * stay ignored.
   *
   * @default []
   */
  ignore?: string[]
  /**
   * Whether folders are left out that `.gitignore` (of each level, up to the repository's top), `.ignore`,
   * `.git/info/exclude` or git's global excludes name, and other repositories and work trees below the root; submodules
   * are source. `ignore` wins over them in both directions. Single files are never left out by them.
   *
   * What modules are loaded from is watched all the same (in a repository that was left out: all of it), and so is what
   * was asked for: `publicDir`, `server.watcher.add()`, `this.addWatchFile()`, the places where an import was looked for
   * in vain. When an ignore file changes, what is watched follows, and no event tells of it: nothing happened to those
   * files. Those above the root and git's own are read at the start, and when the root's own changes.
   *
   * @default true
   */
  gitignore?: boolean
  /**
   * When a transaction closes, in milliseconds without a further change, from 0 to 60000. `'adaptive'`: a completed save
   * of a loaded file goes at once; anything else after about 2 ms of quiet, growing with the size of the burst to 40. The
   * third save of a series (each within 60 ms of the one before) and the rest wait for 60 ms of quiet; a loaded file that is
   * gone or empty is waited for, 30 ms; and more than a save is waited for while git holds the lock of the work tree, at
   * most 5 s. A number takes the place of all that, and wins over Vite's `server.watch.awaitWriteFinish`. Whatever is
   * set, a transaction ends after 10 s.
   *
   * @default 'adaptive'
   */
  debounce?: 'adaptive' | number
  /**
   * What is looked at again and again because no event tells of it. Watches are placed besides, except where everything
   * is looked at.
   *
   * - Absent: what has to be. Folders on a mount whose kind does not tell of all changes (the drives of Windows in WSL,
   *   NFS, SMB, FUSE, folders shared with a virtual machine); from the first change of a file of the module graph on that
   *   came without an event, the mount that it is on; and, at a limit of the system, the folders that got no watch. The
   *   log says which and why.
   * - `true`: everything. Files that the module graph uses each 100 ms; the rest, and binary files, each 300 ms.
   * - `{ interval }`: everything, each so many milliseconds, from 10 to 3600000.
   * - `false`: nothing, whatever is missed. But every five minutes, and when the machine slept, all that is watched is
   *   compared with the disk, as without `poll`.
   *
   * All together takes at most 5 % of a core: what is too much for that is looked at less often.
   *
   * This option wins over the environment variables `CHOKIDAR_USEPOLLING` and `CHOKIDAR_INTERVAL`, and these over
   * Vite's `server.watch.usePolling`, `interval` (of used files, 100 by default) and `binaryInterval` (of the rest,
   * 300). `usePolling: false` means `false`.
   */
  poll?: boolean | { interval: number }
  /**
   * Whether the `bino` command can reach the server: through a socket in a folder that only this user can look into
   * (the first that can be used of `$XDG_RUNTIME_DIR/bino-hmr`, `/run/user/<uid>/bino-hmr`, and `bino-hmr-<uid>` in the folder
   * for temporary files or in `/tmp`), on Windows a named pipe. It keeps nothing alive. Vitest's servers have none. Where it cannot be opened, a warning says why (`BINO_CONTROL_FOLDER`, `BINO_CONTROL_FAILED`).
   *
   * @default true
   */
  control?: boolean
  /**
   * For each transaction lets Vite's own algorithm compute its answer too, compares, and logs every difference. Vite is not
   * asked about files that lie on disk as the pages have them, for which nothing is sent; the log says so. Costs what Vite
   * costs: for finding bugs, not for every day.
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
   * What is logged of updates: nothing, Vite's usual lines with the reason of each reload, or also figures of the start and
   * of each transaction, and what was not sent, and why. Warnings and errors are always logged. The environment variable
   * `BINO_HMR_DEBUG=1` means `'debug'`.
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
  /** Whether updates are held, from `hold()` to the end of `release()`. */
  held: boolean
  /** Paths that differ from what was told before the hold, and wait for the release; 0 without a hold. */
  waiting: number
}

/** Handle of a running plugin, at `plugin.api`. It speaks of the server that was started last. */
export interface BinoHmrApi {
  /**
   * Resolves when everything is watched (what the operating system refuses is logged as a warning): from then on no edit
   * is lost. Resolves at once where the plugin does nothing. Rejects with an error that has a `code` where Vite's own
   * watcher took over: `BINO_ROOT_MISSING`, `BINO_WATCH_FAILED`, `BINO_WATCH_LIMIT` (with `poll: false`, when the system has no
   * inotify instance left), `BINO_THREAD_START`, `BINO_GLOB_INVALID` (a glob of Vite's own configuration), `BINO_ADDON_MISSING`, `BINO_ADDON_LOAD`, `BINO_ENGINE_PANIC`, `BINO_GRAPH_DELTA`.
   */
  readonly ready: Promise<void>
  /** Figures of the engine, and the transactions under way; `undefined` without an engine that runs. */
  stats(): (EngineStats & { transactions: number }) | undefined
  /**
   * Holds updates back, for an agent or a rebase that writes many times. Until {@link BinoHmrApi.release} no event of
   * `server.watcher` is emitted, no hook of a plugin of yours runs and no update or reload is sent (resolvers of Vite itself
   * are told what they must not remember); a changed config restarts nothing. What
   * changes is stale in Vite's module graphs at once: a page that is loaded or reloaded meanwhile has the new code, as far as
   * no plugin keeps the old one until its hook tells. Updates under way are not stopped. A restart of the server does not end
   * it, and the log says so once more. Holding twice is holding once. Also `p + enter` in Vite's terminal, and `bino hold`.
   */
  hold(): void
  /**
   * Ends a hold: all that is different now from what it was at {@link BinoHmrApi.hold} goes out as one transaction, some 40 ms
   * after the last write; what came and went again leaves no trace. Does nothing without a hold.
   */
  release(): void
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
 * It changes the development server only; `vite build` and `vite preview` are untouched. The first plugin has the
 * handle: `binoHmr()[0].api`. The second one sees which imports nothing could resolve.
 *
 * @throws {TypeError} for a wrong option, with `code: 'BINO_OPTION_INVALID'`; so does Vite when the call is forgotten:
 *   `plugins: [binoHmr]`
 */
export declare function binoHmr(options?: BinoHmrOptions): [BinoHmrPlugin, Plugin]

export default binoHmr

/** Options of {@link createWatcher}. A wrong one throws a `TypeError` with `code: 'BINO_OPTION_INVALID'` that names it. */
export interface WatcherOptions {
  /**
   * The folder that is watched with everything in it, absolute or relative to the working directory. It has to be
   * there: `code: 'BINO_ROOT_MISSING'`. Symbolic links to folders in it are not followed.
   *
   * @default process.cwd()
   */
  root?: string
  /**
   * Files that a module graph is built from, absolute or below `root`, at least one: the watcher becomes a
   * {@link GraphWatcher}. JavaScript, TypeScript, JSX, JSON, CSS, Sass, HTML, and the scripts of Vue and Svelte are read;
   * packages are found as Vite does. One that is not there is a diagnostic. Modules outside of `root` that the entries
   * reach are watched too. Without entries no file is read.
   */
  entries?: string[]
  /**
   * Globs or paths below `root` that are not watched, beside `.git` and `node_modules` folders and what editors leave
   * beside a file ({@link BinoHmrOptions.ignore} has the names). A relative one is taken below `root`, also when it begins
   * with `**`. What is ignored costs nothing, however much is in it. `*` stops at `/`, `**`
   * does not, names with a leading dot match like any other. A glob after `!` takes back in what others leave out, ignore
   * files too: `'!**\/node_modules/**'`, or a single package by its name: `'!**\/node_modules/pkg/**'`. One that does not
   * parse is an error with `code: 'BINO_GLOB_INVALID'`; a bracket without its partner (`'{a'`) stands for itself, and a
   * warning of the process says so (`BINO_GLOB_UNBALANCED`).
   *
   * @default []
   */
  ignore?: string[]
  /**
   * Whether folders are left out that `.gitignore` (of each level, up to the repository's top), `.ignore`,
   * `.git/info/exclude` or git's global excludes name, and other repositories and work trees below `root`; submodules
   * are source. `ignore` wins over them in both directions. Single files are never left out by them, and modules that
   * the `entries` reach are watched all the same. When an ignore file changes, what is watched follows, and no batch
   * tells of it.
   *
   * @default true
   */
  gitignore?: boolean
  /**
   * When a transaction closes and becomes a batch, in milliseconds without a further change, from 0 to 60000.
   * `'adaptive'`: as {@link BinoHmrOptions.debounce}, where loaded files are those of the graph; without `entries` there are
   * none. A branch switch stays one batch. Whatever is set, a transaction ends after 10 s.
   *
   * @default 'adaptive'
   */
  debounce?: 'adaptive' | number
  /**
   * What is looked at again and again because no event tells of it: as {@link BinoHmrOptions.poll}, with the same
   * environment variables. Without `entries` all that is polled is looked at each `interval`, and a change that came without
   * an event turns nothing on: that is found by looking at files of a graph. What is polled, and why, is said once by a
   * warning of the process with the code `BINO_WATCH_POLLING`.
   */
  poll?: boolean | { interval: number }
  /**
   * Threads of the pool that reads folders and, with `entries`, reads, scans and resolves modules, from 1 to 256.
   *
   * @default the number of cores that the process may use
   */
  threads?: number
  /**
   * Aborting closes the watcher, as {@link Watcher.close} does. If that is before it was ready, `ready` rejects with the
   * signal's reason; with a signal that is aborted already, nothing is started.
   */
  signal?: AbortSignal
}

/** What happened to one path. */
export interface WatcherChange {
  /** A directory is created or deleted, never updated. A file that was replaced by another one is updated. */
  kind: 'create' | 'update' | 'delete'
  /** Absolute, with `/` on every platform. */
  path: string
  /**
   * What lies there; after a deletion: what lay there. A symbolic link to a file is a file, and changes when the file
   * does, if that is watched too. So does a file with several names (hard links) that was written by one of them. A link
   * to a folder, or to nothing, is not there.
   */
  type: 'file' | 'directory'
}

/** One transaction: a save, a branch switch, a run of a generator. Or several, if they were not taken in time. */
export interface WatcherBatch {
  /** Number of the (last) transaction in it, from 1. It only grows, and skips those that were merged. */
  epoch: number
  /**
   * The net change of each path: what was created and deleted again is not in it. A directory stands before what was
   * created in it, and after what was deleted in it. Only where a file became a directory, or the reverse, a path stands
   * there twice: its deletion, then its creation. Never empty without `entries`.
   */
  changes: WatcherChange[]
  /** The operating system lost events, and these changes were found by comparing everything with the disk. */
  rescan: boolean
}

/**
 * A batch, and what it did to the graph. Each module is named by its path: absolute, with `/`, links resolved.
 *
 * Of several transactions it says together what they said one by one: of a module that changed twice what the later one
 * said, and nothing of modules that are gone.
 */
export interface WatcherUpdate extends WatcherBatch {
  /** Who accepts the changes (`import.meta.hot.accept`), as Vite's `propagateUpdate` finds them. */
  boundaries: WatcherBoundary[]
  /** Where nobody does, and Vite would reload the page; at most one for each changed module. */
  deadEnds: WatcherDeadEnd[]
  /**
   * The changed modules and who imports them, directly or not, up to and with those that accept the change; nearest
   * first.
   */
  affected: string[]
  /** What is wrong with the modules that were read or resolved again. Everything that is wrong: {@link GraphWatcher.graph}. */
  diagnostics: WatcherDiagnostic[]
}

/** A module that takes a change. */
export interface WatcherBoundary {
  /** The module whose accept callback runs. */
  boundary: string
  /** What it accepts: itself, or one of its imports. */
  acceptedVia: string
  /** Whether it lies in an import cycle. */
  isWithinCircularImport: boolean
  /** How the change reached it: the changed module first, the boundary last. */
  chain: string[]
}

/** A way on which nobody accepts the change. */
export interface WatcherDeadEnd {
  /** The changed module first, one that nobody imports last. */
  chain: string[]
}

/** Something wrong with a source file. Never an error of ours: the watcher goes on. */
export interface WatcherDiagnostic {
  /** Path of the file; of an entry that does not exist: that entry. */
  file: string
  /** From 1. With column 1 also where the whole file is meant. */
  line: number
  /** From 1, in UTF-16 code units, as editors count. */
  column: number
  /** An error does not run as it is; with a warning something else may happen than was meant. */
  severity: 'error' | 'warning'
  /** Which kind of problem: `BINO_SCAN_…`, `BINO_RESOLVE_…` or `BINO_PROJECT_…`. */
  code: string
  /** What is wrong, and what to do. */
  message: string
  /** The lines around the place with a mark, or `''`. */
  frame: string
  /** The import that leads nowhere, as written. */
  specifier?: string
  /** The paths at which it was looked for, in order. */
  tried: string[]
}

/** The whole graph at one moment. */
export interface WatcherGraph {
  /** Every module that the entries reach, by path. */
  modules: WatcherModule[]
  /** Everything that is wrong, by file and place. */
  diagnostics: WatcherDiagnostic[]
}

/** One module of a {@link WatcherGraph}. */
export interface WatcherModule {
  /** Its file: absolute, with `/`, symbolic links resolved. */
  path: string
  /** `/src/a.ts` for a file below `root`, `/@fs/…` for any other: as Vite names them. */
  url: string
  /** Whether it is one of the `entries`. */
  isEntry: boolean
  /** Paths of the modules that import it, in order. */
  importers: string[]
  /** Paths of what it imports, in the order of its text, each once. */
  imports: string[]
  /** Whether it accepts updates of itself. */
  isSelfAccepting: boolean
  /** Paths of the imports whose updates it accepts. */
  acceptedDeps: string[]
  /** Its exports whose updates it accepts (`import.meta.hot.acceptExports()`); not there if it never said. */
  acceptedExports?: string[]
}

/** Figures of a {@link Watcher}; all are 0 until it is ready. */
export interface WatcherStats extends EngineStats {
  /** Number of the last transaction. */
  epoch: number
  /** Paths of the transaction that is still open. */
  pending: number
  /** How long it took until everything was watched, in milliseconds. */
  scan: number
}

/**
 * What went wrong, with a message that says what to do.
 *
 * | `code` | |
 * |---|---|
 * | `BINO_OPTION_INVALID` | a wrong option, or `graph()` without `entries` (a `TypeError`); thrown |
 * | `BINO_ROOT_MISSING` | `root` is no folder; thrown |
 * | `BINO_GLOB_INVALID` | a glob of `ignore` does not parse; thrown |
 * | `BINO_GLOB_UNBALANCED` | a bracket in `ignore` has no partner; never an `error` event, always a warning of the process |
 * | `BINO_THREAD_START` | the operating system gives no thread; thrown |
 * | `BINO_ADDON_MISSING`, `BINO_ADDON_LOAD` | there is no native addon for this platform, or it does not load; thrown |
 * | `BINO_WATCH_LIMIT` | a limit of the system on watches is reached, and some folders are polled (with `poll: false` not watched); the watcher goes on. Or, thrown: `poll: false`, and no inotify instance is left |
 * | `BINO_WATCH_DENIED` | some folders may not be read; the watcher goes on, and watches them when they may be |
 * | `BINO_WATCH_AWAY` | a mount does not answer; the watcher goes on, and tells what is different on it when it does |
 * | `BINO_WATCH_POLLING` | something is polled; never an `error` event, always a warning of the process |
 * | `BINO_WATCH_FAILED` | some folder cannot be watched, and the watcher goes on; or, thrown, nothing can be |
 * | `BINO_ENGINE_PANIC` | a bug of ours; the watcher has stopped |
 * | `BINO_ENGINE_CLOSED` | the call came after {@link Watcher.close} |
 */
export interface WatcherError extends Error {
  code: string
}

/** Events of a {@link Watcher} and what their listeners are given. */
export interface WatcherEvents {
  /** Once, when everything is watched: from then on no change is lost. Before any batch. */
  ready: []
  /** Something changed. */
  batch: [batch: WatcherBatch]
  /** Something changed and the graph is up to date with it. Only with `entries`, right after its `batch`. */
  update: [update: WatcherUpdate]
  /**
   * Something is not watched, and the watcher goes on; or the watcher cannot go on, and `close` follows. Without a
   * listener the first becomes a warning of the process; the second is thrown, as Node does, if there are listeners of
   * `batch` or `update`, and otherwise left to the loops and to `ready`.
   */
  error: [error: WatcherError]
  /** Once, and last: every thread has ended. */
  close: []
}

/**
 * What {@link createWatcher} gives. Use its events, or loop over it:
 *
 * ```js
 * for await (const { changes } of watcher) await rebuild(changes)
 * ```
 *
 * **Nothing is lost, and nothing piles up.** Each loop sees every batch from its first `next()` on, listeners all
 * batches from when they are added. Changes that come while a loop's body is busy, or the event loop is, wait as one net
 * batch; the memory that they need grows with the number of paths that differ, not with the number of changes. Changes
 * that come while there is neither a loop nor a listener of `batch` or `update` wait likewise for the first that comes: also those
 * after `break`.
 *
 * **What keeps the process alive:** a loop that waits for its next batch, a listener of `batch` or `update`; until it is ready, also
 * `ready`, once it was read, and a listener of `ready`. Nothing else does: a script that watches and waits for nothing
 * ends.
 */
export interface Watcher<Batch extends WatcherBatch = WatcherBatch>
  extends EventEmitter<WatcherEvents>,
    AsyncIterable<Batch> {
  /**
   * Resolves when everything is watched and, with `entries`, the graph is built: from then on no change is lost. Rejects with a {@link WatcherError} when the
   * watcher failed or was closed before, or with the reason of its `signal`.
   */
  readonly ready: Promise<void>
  /**
   * Holds batches back: until {@link Watcher.release} all that changes is gathered. With `entries` the graph waits, too. What
   * was complete before still comes. Holding twice is holding once; after {@link Watcher.close} it does nothing.
   */
  hold(): void
  /**
   * Ends a hold: all that is different now from what it was at {@link Watcher.hold} comes as one batch, some 40 ms after the
   * last write, or none if nothing is. With `entries` the graph is brought up to date, and the update is that of the batch.
   * Does nothing without a hold.
   */
  release(): void
  /**
   * Figures of the moment.
   *
   * @throws {WatcherError} `BINO_ENGINE_CLOSED`
   */
  stats(): WatcherStats
  /**
   * Stops: no batch comes after the call, loops end, and what was not taken is dropped. Resolves when every thread has
   * ended and `close` was told; no event comes after that. Calling it again gives the same promise. It never rejects.
   */
  close(): Promise<void>
  /** The same as {@link Watcher.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
  /**
   * A loop. It ends when the watcher is closed, and throws a {@link WatcherError} when it fails, after the batch that was
   * still there. Loops at the same time each see every batch.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Batch>
}

/** A watcher with `entries`: its loops give updates. */
export interface GraphWatcher extends Watcher<WatcherUpdate> {
  /**
   * The whole graph, once everything that is under way is in it. Keeps the process alive until then.
   *
   * Rejects with a {@link WatcherError} `BINO_ENGINE_CLOSED`.
   */
  graph(): Promise<WatcherGraph>
}

/**
 * Watches a folder, without Vite:
 *
 * ```js
 * import { createWatcher } from 'bino-hmr'
 *
 * await using watcher = createWatcher({ root: 'content', ignore: ['**\/*.tmp'] })
 * for await (const { changes } of watcher) console.log(changes)
 * ```
 *
 * The watcher runs on threads of its own. The event loop has no work with it as long as nobody listens. What is there
 * at the start is not a change.
 *
 * @throws {TypeError} for a wrong option, with `code: 'BINO_OPTION_INVALID'`
 * @throws {WatcherError} `BINO_ROOT_MISSING` and others, before anything is started
 */
export declare function createWatcher(options: WatcherOptions & { entries: string[] }): GraphWatcher
export declare function createWatcher(options?: WatcherOptions): Watcher
