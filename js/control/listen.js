/**
 * The socket of one running server: JSON lines, one request each, answered in order.
 *
 * ```text
 *  {"request":"release"}  ─▶  {"ok":true,"answer":{…}}
 *  {"request":"relaese"}  ─▶  {"ok":false,"error":{"code":"BINO_CONTROL_REQUEST","message":"…"}}
 * ```
 *
 * Owns: the socket, its file, and that no client harms the server, whatever it sends. Never decides what an answer is.
 */

import { once } from 'node:events'
import { chmodSync, unlinkSync } from 'node:fs'
import net from 'node:net'
import { newAddress, sockets } from './place.js'

/** A request is some tens of bytes; who sends more means something else. */
const LONGEST_LINE = 4096

/** Each shell is one for a moment. Of more than this the one that has been silent for longest has to go. */
const MOST_CLIENTS = 32

const NEWLINE = 10

/**
 * @typedef {Record<string, () => object | Promise<object>>} Answers by request
 *
 * @typedef {object} Control
 * @property {Promise<void>} ready resolves when it listens, or cannot
 * @property {boolean} isOpen whether it listens, or is about to
 * @property {() => void} close takes the socket away; what is being answered is answered
 */

/**
 * Listens, and keeps nothing alive by it.
 *
 * @param {object} options
 * @param {string} options.root of the server
 * @param {Answers} options.answers
 * @param {(error: Error & { code: string }) => void} options.fail told when there is no socket
 * @param {string[]} [options.places] see `newAddress`
 * @returns {Control}
 */
export function listen({ root, answers, fail, places }) {
  const clients = new Clients()
  // A client that has asked and closes its side still wants its answer.
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    clients.add(socket)
    // A client that goes away in the middle of something is no error of anybody's.
    serve(socket, answers, clients).catch(() => socket.destroy())
  })
  server.unref()
  /** @type {() => void} */
  let settle = () => {}
  const ready = new Promise((/** @type {(value: void) => void} */ resolve) => {
    settle = resolve
  })
  let isOpen = true
  /** @param {unknown} error */
  const failed = (error) => {
    isOpen = false
    fail(asControlError(error))
    settle()
  }
  server.on('error', failed)
  try {
    const address = newAddress(root, places)
    // In a cluster each process is a server of its own.
    server.listen({ path: address, exclusive: true }, () => {
      closeToOthers(address)
      settle()
    })
    sweep()
  } catch (error) {
    failed(error)
  }
  return {
    ready,
    get isOpen() {
      return isOpen
    },
    close() {
      isOpen = false
      server.close()
      clients.close()
      settle()
    },
  }
}

/**
 * The folder keeps others out already; this is for whoever opens it later.
 *
 * @param {string} address
 */
function closeToOthers(address) {
  if (process.platform === 'win32') return
  try {
    chmodSync(address, 0o600)
  } catch {
    // The server was closed meanwhile.
  }
}

/** Those that are connected, the one that asked last at the end. */
class Clients {
  /** @type {Set<net.Socket>} */
  #open = new Set()
  /** Being answered. @type {Set<net.Socket>} */
  #busy = new Set()
  #closed = false

  /** @param {net.Socket} socket */
  add(socket) {
    socket.unref()
    // Without a listener it would be an uncaught exception; whoever reads or writes is told besides.
    socket.on('error', () => {})
    socket.on('close', () => this.#open.delete(socket))
    this.#open.add(socket)
    if (this.#open.size <= MOST_CLIENTS) return
    for (const oldest of this.#open) {
      if (oldest === socket || this.#busy.has(oldest)) continue
      oldest.destroy()
      this.#open.delete(oldest)
      return
    }
    socket.destroy()
  }

  /** @param {net.Socket} socket */
  begin(socket) {
    this.#busy.add(socket)
    this.#open.delete(socket)
    this.#open.add(socket)
  }

  /** @param {net.Socket} socket */
  end(socket) {
    this.#busy.delete(socket)
    if (this.#closed) socket.destroySoon()
  }

  close() {
    this.#closed = true
    for (const socket of this.#open) if (!this.#busy.has(socket)) socket.destroy()
  }
}

/**
 * One client, to its end. Nothing more is read while an answer is worked out or has not been taken: a client that does
 * not read its answers fills no memory.
 *
 * @param {net.Socket} socket
 * @param {Answers} answers
 * @param {Clients} clients
 */
async function serve(socket, answers, clients) {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      const line = rest.toString('utf8', 0, end)
      rest = rest.subarray(end + 1)
      clients.begin(socket)
      const { reply, malformed } = await answer(line, answers)
      const taken = socket.write(`${JSON.stringify(reply)}\n`)
      clients.end(socket)
      if (malformed) return socket.destroySoon()
      if (!taken) await once(socket, 'drain')
    }
    if (rest.length > LONGEST_LINE) {
      const problem = wrong(`a request has at most ${LONGEST_LINE} bytes`)
      socket.write(`${JSON.stringify(problem)}\n`)
      return socket.destroySoon()
    }
  }
  socket.end()
}

/**
 * @param {string} line
 * @param {Answers} answers
 * @returns {Promise<{ reply: object, malformed: boolean }>} after a malformed line nothing is where it should be
 */
async function answer(line, answers) {
  const request = line.length > LONGEST_LINE ? undefined : parse(line)
  if (request === undefined) {
    return { reply: wrong('a request is one line of JSON: {"request":"stats"}'), malformed: true }
  }
  if (typeof request !== 'string' || !Object.hasOwn(answers, request)) {
    const names = Object.keys(answers).join(', ')
    return { reply: wrong(`no such request; there are ${names}`), malformed: false }
  }
  try {
    return { reply: { ok: true, answer: await answers[request]() }, malformed: false }
  } catch (error) {
    const { code, message } = asControlError(error)
    return { reply: { ok: false, error: { code, message } }, malformed: false }
  }
}

/**
 * @param {string} line
 * @returns {unknown} what is requested; `undefined` when it is not JSON, or no object
 */
function parse(line) {
  try {
    const value = JSON.parse(line)
    return value !== null && typeof value === 'object' ? (value.request ?? null) : undefined
  } catch {
    return undefined
  }
}

/** @param {string} message */
const wrong = (message) => ({ ok: false, error: { code: 'BINO_CONTROL_REQUEST', message } })

/**
 * @param {unknown} error
 * @returns {Error & { code: string }}
 */
function asControlError(error) {
  const { message, code } = /** @type {NodeJS.ErrnoException} */ (error)
  if (code?.startsWith('BINO_')) return /** @type {Error & { code: string }} */ (error)
  return Object.assign(new Error(message, { cause: error }), { code: 'BINO_CONTROL_FAILED' })
}

/** Removes what processes that were killed have left behind. */
function sweep() {
  if (process.platform === 'win32') return
  for (const { address, pid } of sockets()) {
    if (isAlive(pid)) continue
    // In a container others' processes are not to be seen, but their sockets can be: only one that refuses is nobody's.
    const probe = net.connect(address).unref()
    probe.on('connect', () => probe.destroy())
    probe.on('error', (/** @type {NodeJS.ErrnoException} */ { code }) => {
      if (code === 'ECONNREFUSED') removeSocket(address)
    })
  }
}

/** @param {string} address */
function removeSocket(address) {
  try {
    unlinkSync(address)
  } catch {
    // Somebody else was quicker.
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH'
  }
}
