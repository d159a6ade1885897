import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { createProject, DEADLINE_MS, waitFor } from '../support/project.js'

/**
 * @typedef {import('../../index.d.ts').WatcherBatch} WatcherBatch
 * @typedef {import('../../index.d.ts').WatcherChange} WatcherChange
 */

export { createProject, waitFor }

/** Where child processes and workers import the package from. */
export const PACKAGE = new URL('../../js/index.js', import.meta.url).href

/**
 * A watcher on a project, closed at the end of the test.
 *
 * @param {import('../support/project.js').Files} files
 * @param {Omit<import('../../index.d.ts').WatcherOptions, 'root'>} [options]
 */
export async function watchProject(files, options) {
  const project = createProject(files)
  const watcher = createWatcher({ root: project.root, ...options })
  onTestFinished(() => watcher.close())
  await watcher.ready
  return { project, watcher, seen: record(watcher, project.root) }
}

/**
 * Changes as `kind type path`, with the path below `root`.
 *
 * @param {WatcherChange[]} changes
 * @param {string} root
 */
export const show = (changes, root) =>
  changes.map(({ kind, type, path }) => `${kind} ${type} ${path.replace(`${root}/`, '')}`)

/**
 * The batches of a watcher, from when it is first asked.
 *
 * @param {import('../../index.d.ts').Watcher} watcher
 * @param {string} root
 */
function record(watcher, root) {
  /** @type {WatcherBatch[] | undefined} */
  let batches
  const listen = () => {
    if (batches) return batches
    /** @type {WatcherBatch[]} */
    const list = []
    batches = list
    watcher.on('batch', (batch) => list.push(batch))
    return list
  }
  return {
    get batches() {
      return listen()
    },
    /** All changes so far. */
    get changes() {
      return show(
        listen().flatMap(({ changes }) => changes),
        root,
      )
    },
    /**
     * Waits until a change was told.
     *
     * @param {string} change
     */
    async until(change) {
      listen()
      return waitFor(
        () => (this.changes.includes(change) ? this.changes : undefined),
        () => `${change} among ${this.changes.join(', ') || 'nothing'}`,
      )
    },
  }
}

/**
 * Fails after the deadline, so that a lost event is a message and not a hung test.
 *
 * @template T
 * @param {Promise<T>} promise
 * @param {string} what
 * @returns {Promise<T>}
 */
export async function within(promise, what) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), DEADLINE_MS)
  })
  try {
    return await Promise.race([promise, /** @type {Promise<never>} */ (late)])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs a script (an ES module that may use `createWatcher`, `root`, `fs`) in a Node of its own. Gives how it ended; one
 * that does not end by itself is ended after the deadline and says so.
 *
 * @param {string} script
 * @param {{ root: string }} options
 */
export async function runScript(script, { root }) {
  const source = `
    import fs from 'node:fs'
    import { createWatcher } from ${JSON.stringify(PACKAGE)}
    const root = ${JSON.stringify(root)}
    ${script}`
  const args = ['--input-type=module', '--eval', source]
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
      timeout: DEADLINE_MS,
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    return { code: 0, ended: 'by itself', stdout, stderr }
  } catch (error) {
    const { code, killed, signal, stdout, stderr } = /** @type {any} */ (error)
    return { code, ended: killed ? 'at the limit' : (signal ?? 'by itself'), stdout, stderr }
  }
}
