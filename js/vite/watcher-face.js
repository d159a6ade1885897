/**
 * Gives Vite's chokidar watcher native bodies: the object that Vite and every plugin hold stays the same, but watches
 * nothing by itself; the engine does.
 *
 * Owns: the patched methods, and putting the originals back. Never decides what a change means.
 */

import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { outsideOfPasses } from './transaction.js'

/** Events that make Vite start a pass. */
const FILE_EVENTS = new Set(['add', 'change', 'unlink'])

/**
 * @typedef {import('vite').ViteDevServer['watcher']} FSWatcher
 * @typedef {Pick<FSWatcher, 'add' | 'unwatch' | 'getWatched' | 'close' | 'emit'>} Originals
 */

export class WatcherFace {
  /** True from our own call of `emit` to its first line: what is emitted inside of a listener is somebody else's. */
  #emitting = false
  #ready = false

  /**
   * @param {FSWatcher} watcher
   * @param {object} engine
   * @param {(paths: string[]) => void} engine.add
   * @param {(globs: string[]) => void} engine.addGlobs
   * @param {(paths: string[]) => void} engine.unwatch
   * @param {() => Record<string, string[]>} engine.watched
   * @param {() => Promise<void>} engine.close
   */
  constructor(watcher, engine) {
    this.watcher = watcher
    const { add, unwatch, getWatched, close, emit } = watcher
    /** @type {Originals} */
    this.originals = { add, unwatch, getWatched, close, emit }
    const cwd = watcher.options.cwd
    /** @param {string | readonly string[]} paths */
    const absolute = (paths) =>
      [paths]
        .flat(2)
        .filter((one) => !one.startsWith('!'))
        .map((one) => path.resolve(cwd ?? '', one))

    watcher.add = (paths) => {
      const all = absolute(paths)
      const globs = all.filter((one) => isGlob(one))
      // A name that begins with `!` is left out, as in chokidar.
      const left = [paths].flat(2).filter((one) => one.startsWith('!'))
      if (left.length > 0) watcher.unwatch(left.map((one) => one.slice(1)))
      if (globs.length > 0) engine.addGlobs(globs.map((glob) => glob.replaceAll(path.sep, '/')))
      const whole = all.filter((one) => !globs.includes(one))
      if (whole.length > 0) engine.add(whole)
      return watcher
    }
    watcher.unwatch = (paths) => {
      engine.unwatch(absolute(paths))
      return watcher
    }
    watcher.getWatched = () => engine.watched()
    watcher.close = async () => {
      await Promise.all([engine.close(), close.call(watcher)])
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
    const stats = event.startsWith('unlink')
      ? []
      : [statSync(file, { throwIfNoEntry: false })].filter(Boolean)
    this.#emit(event, native, ...stats)
    this.#emit('all', event, native, ...stats)
  }

  /** Emits `ready`, once. */
  ready() {
    if (this.#ready) return
    this.#ready = true
    this.#emit('ready')
  }

  /** Gives the watcher back to chokidar. */
  restore() {
    Object.assign(this.watcher, this.originals)
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
 * Vite switches globs off (`disableGlobbing`), since names such as `[id].vue` are no patterns. A star is in no such
 * name, so whoever writes one means a glob.
 *
 * @param {string} file
 */
const isGlob = (file) => file.includes('*') && !existsSync(file)
