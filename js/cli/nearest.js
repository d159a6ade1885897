/**
 * Asks the servers that a command is for. Owns: which ones are meant; what they are asked is the command's business.
 */

import path from 'node:path'
import { ask } from '../control/ask.js'
import { hashOf, realPath, sockets } from '../control/place.js'
import { quoted } from './shell.js'

/** Nobody listens any more: the process was killed, or the server was closed meanwhile. */
const GONE = ['ECONNREFUSED', 'ENOENT']

/** Whoever waits longer than this wants to know what for. */
const SLOW_MS = 2_000

/** A server of another folder is asked for its root alone, which it knows at once if it is not stopped. */
const PATIENCE_WITH_OTHERS_MS = 2_000

/**
 * @typedef {import('../control/place.js').Socket} Socket
 * @typedef {{ pid: number, error: { code: string, message: string } } | Record<string, any>} Result
 *
 * @typedef {object} Question
 * @property {string} start where to begin to look, upwards
 * @property {number} [pid] of the only process that is meant
 * @property {string} request
 * @property {(pid: number, root: string) => void} onSlow told of a server that lets us wait
 */

/**
 * The servers of the nearest root, and what each says. It takes no longer than `ask` is patient.
 *
 * @param {Question} question
 * @returns {Promise<{ root: string, results: Result[] }>} at least one
 * @throws {Error} `BINO_CLI_NO_SERVER`
 */
export async function askNearest({ start, pid, request, onSlow }) {
  const from = realPath(path.resolve(start))
  const all = sockets()
    .filter((socket) => pid === undefined || socket.pid === pid)
    .sort((one, two) => one.pid - two.pid)
  for (const root of upwards(from)) {
    const hash = hashOf(root)
    const meant = all.filter((socket) => socket.root === hash)
    const answers = await Promise.all(
      meant.map((socket) => answerOf(socket, request, () => onSlow(socket.pid, root))),
    )
    const results = answers.filter((answer) => answer !== undefined)
    if (results.length > 0) return { root, results }
  }
  const others = await Promise.all(all.map((socket) => lineOf(socket, request)))
  const lines = others.filter((line) => line !== undefined)
  const wanted = pid === undefined ? '' : ` in process ${pid}`
  const message = [
    `no Vite server with bino-hmr runs${wanted} for ${from} or a folder above it`,
    lines.length > 0 ? '; there are:' : '; start Vite there, or name the folder of its project with --root',
    ...lines.map((line) => `\n  ${line}`),
  ].join('')
  throw Object.assign(new Error(message), { code: 'BINO_CLI_NO_SERVER' })
}

/** @param {string} folder */
function* upwards(folder) {
  for (let at = folder; ; at = path.dirname(at)) {
    yield at
    if (at === path.dirname(at)) return
  }
}

/**
 * @param {Socket} socket
 * @param {string} request
 * @param {() => void} onSlow
 * @returns {Promise<Result | undefined>} undefined where nobody listens
 */
async function answerOf({ address, pid }, request, onSlow) {
  const slow = setTimeout(onSlow, SLOW_MS)
  try {
    return await ask(address, request)
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (GONE.includes(String(code))) return undefined
    const known = code?.startsWith('BINO_') ? code : 'BINO_CLI_FAILED'
    return { pid, error: { code: known, message: `process ${pid}: ${message}` } }
  } finally {
    clearTimeout(slow)
  }
}

/**
 * How to reach a server of another folder.
 *
 * @param {Socket} socket
 * @param {string} request the command that was typed
 * @returns {Promise<string | undefined>} undefined where nobody listens
 */
async function lineOf({ address, pid }, request) {
  try {
    const { root } = await ask(address, 'stats', PATIENCE_WITH_OTHERS_MS)
    return `bino ${request} --root ${quoted(String(root))}  # process ${pid}`
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error)
    return GONE.includes(String(code)) ? undefined : `process ${pid}, which does not answer`
  }
}
