/**
 * Asks a running server. Owns: one connection for one request; never prints.
 */

import net from 'node:net'

/** A server that is busy with a large project may take its time, but a command in a script has to end. */
const PATIENCE_MS = 30_000

/**
 * @param {string} address
 * @param {string} request
 * @param {number} [patience] milliseconds for everything together
 * @returns {Promise<any>} the answer
 * @throws {Error} with the server's `code`; `ECONNREFUSED` or `ENOENT` when there is no server, `BINO_CLI_SILENT` when it
 *   does not answer
 */
export function ask(address, request, patience = PATIENCE_MS) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(address)
    const silent = (/** @type {string} */ why) =>
      reject(Object.assign(new Error(`the server does not answer: ${why}`), { code: 'BINO_CLI_SILENT' }))
    let text = ''
    socket.setEncoding('utf8')
    const end = () => {
      silent(`${patience / 1000} s have passed`)
      socket.destroy()
    }
    // On a busy machine it may be we who were stopped: what has come meanwhile is read first.
    const deadline = setTimeout(() => setImmediate(end), patience)
    socket.on('connect', () => socket.write(`${JSON.stringify({ request })}\n`))
    socket.on('data', (chunk) => {
      text += chunk
      if (!text.includes('\n')) return
      socket.destroy()
      try {
        const { ok, answer, error } = JSON.parse(text)
        if (ok) resolve(answer)
        else reject(Object.assign(new Error(error.message), { code: error.code }))
      } catch {
        silent('it speaks another language; is it of another version?')
      }
    })
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(deadline)
      silent('it has closed the connection')
    })
  })
}
