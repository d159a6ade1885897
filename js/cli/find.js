/**
 * Finds the servers that a command is for. Owns: which ones are meant; what they are asked is the command's business.
 */

import path from 'node:path'
import { ask } from '../control/ask.js'
import { hashOf, realPath, sockets } from '../control/place.js'

/** Nobody listens any more: the process was killed, or the server was closed meanwhile. */
const GONE = ['ECONNREFUSED', 'ENOENT']

/**
 * @typedef {{ pid: number, error: { code: string, message: string } } | Record<string, any>} Result
 *
 * @typedef {object} Found
 * @property {string} root what they serve
 * @property {{ pid: number, ask: (request: string) => Promise<Result> }[]} servers at least one
 */

/**
 * The servers of the nearest root, upwards from `start`.
 *
 * @param {string} start
 * @param {number | undefined} pid
 * @returns {Promise<Found>}
 * @throws {Error} `BINO_CLI_NO_SERVER`
 */
export async function findServers(start, pid) {
  const from = realPath(path.resolve(start))
  const all = sockets().filter((socket) => pid === undefined || socket.pid === pid)
  for (const root of upwards(from)) {
    const hash = hashOf(root)
    const servers = await running(all.filter((socket) => socket.root === hash))
    if (servers.length > 0) return { root, servers }
  }
  const others = await running(all)
  const wanted = pid === undefined ? '' : ` in process ${pid}`
  const message = [
    `no Vite server with bino-hmr runs${wanted} for ${from} or a folder above it`,
    ...(others.length > 0 ? ['; there are:'] : []),
    ...others.map(({ pid, root }) =>
      root === ''
        ? `\n  process ${pid}, which does not answer`
        : `\n  bino … --root ${root}  # process ${pid}`,
    ),
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
 * Those that answer, or at least listen.
 *
 * @param {import('../control/place.js').Socket[]} candidates
 */
async function running(candidates) {
  const asked = await Promise.all(
    candidates.map(async ({ address, pid }) => {
      try {
        const { root } = await ask(address, 'stats')
        return { address, pid, root: String(root) }
      } catch (error) {
        const { code } = /** @type {NodeJS.ErrnoException} */ (error)
        return GONE.includes(String(code)) ? undefined : { address, pid, root: '' }
      }
    }),
  )
  return asked
    .filter((server) => server !== undefined)
    .sort((one, two) => one.pid - two.pid)
    .map(({ address, pid, root }) => ({
      pid,
      root,
      ask: (/** @type {string} */ request) => safely(address, pid, request),
    }))
}

/**
 * @param {string} address
 * @param {number} pid
 * @param {string} request
 * @returns {Promise<Result>}
 */
async function safely(address, pid, request) {
  try {
    return await ask(address, request)
  } catch (error) {
    const { code = 'BINO_CLI_FAILED', message } = /** @type {NodeJS.ErrnoException} */ (error)
    return { pid, error: { code, message: `process ${pid}: ${message}` } }
  }
}
