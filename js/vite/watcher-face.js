/**
 * Gives Vite's chokidar watcher native bodies: the object that Vite and every plugin hold stays the same, but watches
 * nothing by itself; the engine does. `docs/chokidar.md` says of everything whether it is as in chokidar.
 *
 * Owns: the patched methods, and putting the originals back. Never decides what a change means.
 */

import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { globToRegExp, isPattern } from './glob.js'
import { outsideOfPasses } from './transaction.js'

/** Events that make Vite start a pass. */
const FILE_EVENTS = new Set(['add', 'change', 'unlink'])

/**
 * @typedef {import('vite').ViteDevServer['watcher']} FSWatcher
 * @typedef {Pick<FSWatcher, 'add' | 'unwatch' | 'getWatched' | 'close' | 'emit'>} Originals
 * @typedef {Record<string, string[]>} Listing the names in each directory
 */

export class WatcherFace {
  /** True from our own call of `emit` to its first line: what is emitted inside of a listener is somebody else's. */
  #emitting = false
  #ready = false
  #closed = false
  /** Patterns that are told no longer. @type {Map<string, RegExp>} */
  #unwatched = new Map()

  /**
   * @param {FSWatcher} watcher
   * @param {object} engine
   * @param {(paths: string[]) => void} engine.add
   * @param {(globs: string[]) => void} engine.addGlobs
   * @param {(paths: string[]) => void} engine.unwatch
   * @param {() => Listing} engine.watched
   * @param {() => Promise<void>} engine.close
   */
  constructor(watcher, engine) {
    this.watcher = watcher
    this.engine = engine
    const { add, unwatch, getWatched, close, emit } = watcher
    /** @type {Originals} */
    this.originals = { add, unwatch, getWatched, close, emit }
    /** Vite logs every error by itself. */
    this.vites = new Set(watcher.rawListeners('error'))
    const { cwd } = watcher.options

    watcher.add = (paths) => {
      if (this.#closed) return watcher
      const [left, taken] = divide(texts(paths), (one) => one.startsWith('!'))
      if (left.length > 0) this.#unwatch(left.map((one) => one.slice(1)))
      this.#add(taken.map((one) => path.resolve(cwd ?? '', one)))
      return watcher
    }
    watcher.unwatch = (paths) => {
      if (!this.#closed) this.#unwatch(texts(paths))
      return watcher
    }
    watcher.getWatched = () => (this.#closed ? {} : this.#watched())
    /** @type {Promise<void> | undefined} */
    let closing
    watcher.close = () => {
      this.#closed = true
      closing ??= Promise.all([engine.close(), close.call(watcher)]).then(() => {})
      return closing
    }
    watcher.emit = (event, ...args) => {
      const ours = this.#emitting
      this.#emitting = false
      // chokidar reports that it is ready at once, since it was told to watch nothing; the engine is ready later.
      if (event === 'ready' && !ours) return false
      // A hook that emits for another file would otherwise end the pass it runs in: Vite takes its own way with it.
      if (!ours && FILE_EVENTS.has(String(event)))
        return outsideOfPasses(() => emit.call(watcher, event, ...args))
      return emit.call(watcher, event, ...args)
    }
    // We are ready sooner than chokidar: whoever begins to listen when it would not yet have been must not wait in vain.
    watcher.on('newListener', this.#tellReady)
  }

  /**
   * Whether a path is not among those that were unwatched by a pattern.
   *
   * @param {string} file with `/`
   */
  tells(file) {
    for (const expression of this.#unwatched.values()) if (expression.test(file)) return false
    return true
  }

  /**
   * Emits as chokidar does: the event, then `all`, with the file's `Stats` where there is a file.
   *
   * @param {string} event
   * @param {string} file with `/`
   */
  emit(event, file) {
    const { cwd } = this.watcher.options
    const native = path.normalize(cwd ? path.relative(cwd, file) : file)
    if (this.watcher.listenerCount('raw') > 0) {
      this.#emit('raw', event === 'change' ? 'change' : 'rename', path.basename(file), {
        watchedPath: path.dirname(file),
      })
    }
    const stats = event.startsWith('unlink') ? [] : statsOf(file)
    this.#emit(event, native, ...stats)
    this.#emit('all', event, native, ...stats)
  }

  /**
   * Tells what could not be watched to whoever listens for it, beside Vite: it is in the log already. Of permissions as
   * chokidar, which Vite tells not to speak of them.
   *
   * @param {Error & { code?: string }} error
   */
  error(error) {
    if (error.code === 'BINO_WATCH_DENIED' && this.watcher.options.ignorePermissionErrors) return
    for (const listener of this.watcher.rawListeners('error')) {
      if (!this.vites.has(listener)) listener.call(this.watcher, error)
    }
  }

  /** Emits `ready`, once. */
  ready() {
    if (this.#ready || this.#closed) return
    if (this.watcher.options.ignoreInitial === false) this.#emitNew({})
    this.#ready = true
    this.#emit('ready')
  }

  /** Gives the watcher back to chokidar. */
  restore() {
    Object.assign(this.watcher, this.originals)
    this.watcher.off('newListener', this.#tellReady)
  }

  /**
   * @param {string | symbol} event
   * @param {(...args: any[]) => void} listener
   */
  #tellReady = (event, listener) => {
    if (event === 'ready' && this.#ready) process.nextTick(() => listener.call(this.watcher))
  }

  /** @param {string[]} files absolute */
  #add(files) {
    for (const file of files) this.#unwatched.delete(slashed(file))
    const before = this.watcher.options.ignoreInitial === false ? this.engine.watched() : undefined
    const [globs, whole] = divide(files, isGlob)
    if (globs.length > 0) this.engine.addGlobs(globs.map(slashed))
    if (whole.length > 0) this.engine.add(whole)
    if (before && this.#ready) {
      setImmediate(() => {
        if (!this.#closed) this.#emitNew(before)
      })
    }
  }

  /** @param {string[]} paths */
  #unwatch(paths) {
    const files = paths.map((one) => path.resolve(this.watcher.options.cwd ?? '', one))
    for (const file of files) {
      if (isPattern(file)) this.#unwatched.set(slashed(file), globToRegExp(slashed(file)))
    }
    this.engine.unwatch(files)
  }

  /** As chokidar's, in which a directory has its place below `cwd`. */
  #watched() {
    const { cwd } = this.watcher.options
    const listing = this.engine.watched()
    if (!cwd && this.#unwatched.size === 0) return listing
    return Object.fromEntries(
      Object.entries(listing).map(([directory, names]) => [
        cwd ? path.relative(cwd, directory) || '.' : directory,
        names.filter((name) => this.tells(`${directory}/${name}`)),
      ]),
    )
  }

  /**
   * What `ignoreInitial: false` asks for: all that is watched now and was not before.
   *
   * @param {Listing} before
   */
  #emitNew(before) {
    const after = this.engine.watched()
    for (const directory of Object.keys(after).toSorted()) {
      const known = new Set(before[directory])
      for (const name of after[directory]) {
        const file = path.posix.join(directory, name)
        if (file in after ? file in before : known.has(name)) continue
        if (this.tells(file)) this.emit(file in after ? 'addDir' : 'add', file)
      }
    }
  }

  /**
   * @param {string} event
   * @param {unknown[]} args
   */
  #emit(event, ...args) {
    this.#emitting = true
    try {
      // Through the property, so that plugins that wrapped `emit` see our events too.
      this.watcher.emit(/** @type {any} */ (event), ...args)
    } finally {
      this.#emitting = false
    }
  }
}

/**
 * @param {unknown} paths a text, or texts in arrays
 * @returns {string[]}
 */
function texts(paths) {
  const all = [paths].flat(Number.POSITIVE_INFINITY)
  if (all.every((one) => typeof one === 'string')) return all
  throw new TypeError(`Non-string provided as watch path: ${all.map(String)}`)
}

/**
 * Vite switches globs off (`disableGlobbing`), since names such as `[id].vue` are no patterns. A star is in no such
 * name, so whoever writes one means a glob.
 *
 * @param {string} file
 */
const isGlob = (file) => file.includes('*') && !existsSync(file)

/** @param {string} file */
const slashed = (file) => file.replaceAll(path.sep, '/')

/**
 * @template T
 * @param {T[]} all
 * @param {(one: T) => boolean} test
 * @returns {[T[], T[]]} those that pass, and the others
 */
function divide(all, test) {
  return [all.filter(test), all.filter((one) => !test(one))]
}

/**
 * The file's `Stats` for an event's last argument, which chokidar leaves out where there are none.
 *
 * @param {string} file
 */
function statsOf(file) {
  try {
    return [statSync(file)]
  } catch {
    // Gone since, or a link in circles by now: its next event says so, and this one must not be lost for it.
    return []
  }
}
