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

/**
 * @param {string} file beside this one
 * @param {string[]} [args]
 * @param {string[]} [nodeOptions]
 */
export function startChild(file, args = [], nodeOptions = []) {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), args, {
    serialization: 'advanced',
    execArgv: nodeOptions,
  })
  running.add(child)
  child.on('exit', () => running.delete(child))
  let asked = 0

  return {
    child,
    /**
     * @param {string} command
     * @param {unknown} [input]
     * @param {number} [limit] milliseconds after which the child is stopped
     * @returns {Promise<any>}
     */
    ask(command, input, limit = PATIENCE_MS) {
      const id = ++asked
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          child.kill('SIGKILL')
          finish(resolve, STOPPED)
        }, limit)
        const onMessage = (/** @type {any} */ answer) => {
          if (answer.id !== id) return
          if (answer.error) finish(reject, new Error(`${file} ${args.join(' ')}: ${answer.error}`))
          else finish(resolve, answer.output)
        }
        const onExit = (/** @type {number | null} */ code) =>
          finish(reject, new Error(`${file} ${args.join(' ')} ended with ${code} while asked to ${command}`))
        const finish = (/** @type {(value: any) => void} */ how, /** @type {any} */ value) => {
          clearTimeout(timer)
          child.off('message', onMessage)
          child.off('exit', onExit)
          how(value)
        }
        child.on('message', onMessage)
        child.once('exit', onExit)
        child.send({ id, command, input }, (error) => {
          if (error) finish(reject, error)
        })
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
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) })
    }
  })
}

/** A clock that all processes of this machine share, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/** @param {number} milliseconds */
export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds))
