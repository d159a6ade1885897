/**
 * Where the sockets of running servers lie, and how they are named. Both sides look here: the server that opens one and
 * the command that looks for it.
 *
 * A name says for which root the server is, so that a command that walks up from its working directory knows which
 * sockets are meant without asking each: `<hash of the root>-<process id>-<random>.sock`.
 */

import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** What `sun_path` takes on macOS, where it is shortest, without the zero at its end. A longer one is cut or refused. */
const LONGEST_PATH = 103

/** Windows keeps pipes in a place of their own, by name alone. */
const PIPES = '\\\\.\\pipe\\'
const PIPE_PREFIX = 'bino-hmr-'
const isWindows = process.platform === 'win32'

const NAME = /^([0-9a-f]{16})-(\d+)-[0-9a-f]+(?:\.sock)?$/

/**
 * @typedef {object} Socket
 * @property {string} address what to connect to
 * @property {string} root the hash of its root
 * @property {number} pid
 */

/**
 * @param {string} root
 * @returns {string} what stands for it in the name of a socket
 */
export function hashOf(root) {
  return createHash('sha256').update(realPath(root)).digest('hex').slice(0, 16)
}

/**
 * One spelling for a folder, however it was reached.
 *
 * @param {string} folder
 */
export function realPath(folder) {
  try {
    return realpathSync.native(folder)
  } catch {
    return path.resolve(folder)
  }
}

/**
 * A new address for a server with this root, in a folder that nobody else can look into.
 *
 * @param {string} root
 * @param {string[]} [places] folders, the best first
 * @throws {Error} `BINO_CONTROL_FOLDER` when there is no such folder
 */
export function newAddress(root, places = folders()) {
  const name = `${hashOf(root)}-${process.pid}-${randomBytes(3).toString('hex')}`
  if (isWindows) return `${PIPES}${PIPE_PREFIX}${name}`
  /** @type {string[]} */
  const problems = []
  for (const folder of places) {
    const address = path.join(folder, `${name}.sock`)
    const problem =
      Buffer.byteLength(address) > LONGEST_PATH ? `${address} is too long for a socket` : preparing(folder)
    if (!problem) return address
    problems.push(problem)
  }
  throw Object.assign(new Error(problems.join('; ')), { code: 'BINO_CONTROL_FOLDER' })
}

/** All sockets of this user, of dead processes too. @returns {Socket[]} */
export function sockets() {
  const places = isWindows ? [PIPES] : folders().filter((folder) => !unsafe(folder))
  return places.flatMap((folder) =>
    list(folder).flatMap((file) => {
      const [, root, pid] = NAME.exec(isWindows ? withoutPrefix(file) : file) ?? []
      return root ? [{ address: path.join(folder, file), root, pid: Number(pid) }] : []
    }),
  )
}

/** In the order in which they are tried. The second is the first's usual place, for a shell that does not know it. */
function folders() {
  const uid = process.getuid?.() ?? 0
  const runtime = process.env.XDG_RUNTIME_DIR
  return [
    ...new Set([
      ...(runtime && path.isAbsolute(runtime) ? [path.join(runtime, 'bino-hmr')] : []),
      `/run/user/${uid}/bino-hmr`,
      ...(path.isAbsolute(os.tmpdir()) ? [path.join(os.tmpdir(), `bino-hmr-${uid}`)] : []),
      `/tmp/bino-hmr-${uid}`,
    ]),
  ]
}

/**
 * Makes the folder, if need be.
 *
 * @param {string} folder
 * @returns {string | undefined} why it cannot be used
 */
function preparing(folder) {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error)
    if (code !== 'EEXIST') return message
    const stats = statsOf(folder)
    // Ours, and made under another umask, or by hand.
    if (stats?.isDirectory() && stats.uid === process.getuid?.()) chmodSync(folder, 0o700)
  }
  return unsafe(folder)
}

/**
 * A folder for temporary files is open to everybody: somebody else may have made ours first, or put a link there.
 *
 * @param {string} folder
 * @returns {string | undefined} what is wrong with it
 */
function unsafe(folder) {
  const stats = statsOf(folder)
  if (!stats) return `${folder} does not exist`
  if (!stats.isDirectory()) return `${folder} is not a folder`
  if (stats.uid !== process.getuid?.()) return `${folder} belongs to somebody else`
  if ((stats.mode & 0o077) !== 0) return `others may look into ${folder}`
}

/** @param {string} folder */
function statsOf(folder) {
  try {
    return lstatSync(folder)
  } catch {
    // Not there, or not for us to see: the same to us.
    return undefined
  }
}

/** @param {string} folder */
function list(folder) {
  try {
    return readdirSync(folder)
  } catch {
    // Gone since it was looked at.
    return []
  }
}

/** @param {string} file */
const withoutPrefix = (file) => (file.startsWith(PIPE_PREFIX) ? file.slice(PIPE_PREFIX.length) : '')
