/**
 * One question at a time to a child process: each side of a comparison lives in a process of its own, so that neither
 * pays for the other's memory, and a side that takes too long can be stopped.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What `ask` gives when the child was stopped because it took too long. */
export const STOPPED = Symbol('stopped')

/** Long enough for everything that has no limit of its own. */
const PATIENCE_MS = 300_000

/** Children that still run, ended with this process. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** A child that failed or is gone, with a reason that fits into a cell of a table. */
export class ChildError extends Error {
  /**
   * @param {string} who
   * @param {string} command that it was asked for
   * @param {string} reason
   */
  constructor(who, command, reason) {
    super(`${who}, ${command}: ${reason}`)
    this.reason = reason
  }
}

/**
 * A signal for our whole process group (Ctrl+C, `timeout`) ends the children first, and us a moment later. For so long
 * nothing is said of a child that is gone: it did not crash.
 */
const SAME_FATE_MS = 300

/**
 * @param {string} file beside this one
 * @param {string[]} [args]
 * @param {string[]} [nodeOptions]
 */
export function startChild(file, args = [], nodeOptions = []) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    serialization: 'advanced',
    execArgv: nodeOptions,
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  const who = [file, ...args].join(' ')
  running.add(child)
  child.on('exit', () => running.delete(child))
  let asked = 0

  // Passed on, and what it said last is kept: that is why it died.
  let said = ''
  child.stderr?.on('data', (data) => {
    process.stderr.write(data)
    said = (said + data).slice(-10_000)
  })
  /** Why it is gone, once it is. @type {string | undefined} */
  let gone
  /** Questions without an answer. @type {Set<() => void>} */
  const open = new Set()
  child.once('exit', (code, signal) => {
    setTimeout(() => {
      gone = lastWords(said) ?? (signal ? `ended by ${signal}` : `ended with code ${code}`)
      for (const giveUp of open) giveUp()
    }, SAME_FATE_MS)
  })

  return {
    child,
    /**
     * @param {string} command
     * @param {unknown} [input]
     * @param {number} [limit] milliseconds after which the child is stopped
     * @returns {Promise<any>} rejected with a `ChildError` when it fails or is gone
     */
    ask(command, input, limit = PATIENCE_MS) {
      const id = ++asked
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          finish(resolve, STOPPED)
          child.kill('SIGKILL')
        }, limit)
        const onMessage = (/** @type {any} */ answer) => {
          if (answer.id !== id) return
          if (!answer.error) return finish(resolve, answer.output)
          const error = new ChildError(who, command, answer.error)
          if (answer.stack) error.stack = `${error.message}\n${answer.stack}`
          finish(reject, error)
        }
        const giveUp = () => finish(reject, new ChildError(who, command, `crashed: ${gone}`))
        const finish = (/** @type {(value: any) => void} */ how, /** @type {any} */ value) => {
          clearTimeout(timer)
          child.off('message', onMessage)
          open.delete(giveUp)
          how(value)
        }
        child.on('message', onMessage)
        open.add(giveUp)
        // What cannot be sent any more is answered by `exit`, which comes soon or has come.
        if (gone) giveUp()
        else child.send({ id, command, input }, () => {})
      })
    },
    stop() {
      if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
      child.kill('SIGKILL')
      return new Promise((resolve) => child.once('exit', resolve))
    },
  }
}

/**
 * The child's side: answers each question with what its handler returns.
 *
 * @param {Record<string, (input: any) => unknown>} handlers
 */
export function answer(handlers) {
  process.on('disconnect', () => process.exit())
  process.on('message', async (/** @type {any} */ { id, command, input }) => {
    try {
      process.send?.({ id, output: await handlers[command](input) })
    } catch (error) {
      const { stack } = /** @type {Error} */ (error)
      process.send?.({ id, error: String(error).split('\n')[0], stack })
    }
  })
}

/**
 * The line that says why a process ended itself: an error that nobody caught, V8 without memory, a panic, an assertion.
 *
 * @param {string} said
 */
const lastWords = (said) =>
  said
    .split('\n')
    .findLast((line) => /^(\w*Error\b.*:|FATAL ERROR|thread .* panicked|.*Assertion .* failed)/.test(line))
    ?.replace(/^FATAL ERROR: (?:.*Allocation failed - )?/, '')
    .trim()

/** A clock that all processes of this machine share, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
