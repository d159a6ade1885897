/**
 * The command `bino` in a process of its own, and a folder for sockets that no other test knows.
 */

import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'
import { DEADLINE_MS } from '../support/project.js'

/** Where child processes import the package from. */
export const PACKAGE = JSON.stringify(new URL('../../js/index.js', import.meta.url).href)

/** Gives the test, and every process that it starts, sockets of its own. */
export function ownSockets() {
  const folder = mkdtempSync(path.join(tmpdir(), 'bino-run-'))
  const before = process.env.XDG_RUNTIME_DIR
  process.env.XDG_RUNTIME_DIR = folder
  onTestFinished(() => {
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR
    else process.env.XDG_RUNTIME_DIR = before
    rmSync(folder, { recursive: true, force: true })
  })
  return {
    folder: path.join(folder, 'bino-hmr'),
    /** The paths of all sockets. */
    get all() {
      return existsSync(this.folder)
        ? readdirSync(this.folder).map((name) => path.join(this.folder, name))
        : []
    },
  }
}

/**
 * Runs `bino`. Gives what it printed and how it ended.
 *
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export function bino(args, cwd) {
  return new Promise((resolve) => {
    const command = [fromRoot('js/cli/main.js'), ...args]
    execFile(process.execPath, command, { cwd, timeout: DEADLINE_MS }, (error, stdout, stderr) => {
      // On a busy machine any command may have to wait; what it says then has a test of its own.
      const said = stderr.replace(/^bino: still waits for .*\n/gm, '')
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr: said })
    })
  })
}

/**
 * Speaks to a socket, one text at a time.
 *
 * @param {string} address
 */
export async function connect(address) {
  const socket = net.connect(address)
  onTestFinished(() => void socket.destroy())
  let text = ''
  let closed = false
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
  })
  // The server may hang up on us; that is what some tests are about.
  socket.on('error', () => {})
  socket.on('close', () => {
    closed = true
  })
  await new Promise((resolve) => socket.once('connect', resolve))
  return {
    socket,
    get closed() {
      return closed
    },
    /** All complete lines so far. */
    get lines() {
      return text
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    },
  }
}

/**
 * A Vite server in a process of its own.
 *
 * @param {string} root
 */
export async function startProcess(root) {
  const script = `
    import { createServer } from 'vite'
    import { binoHmr } from ${PACKAGE}
    const server = await createServer({ root: ${JSON.stringify(root)}, configFile: false, logLevel: 'silent',
      optimizeDeps: { noDiscovery: true }, server: { port: 0 }, plugins: [binoHmr()] })
    await server.listen()
    console.log('started')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fromRoot(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return child
}
