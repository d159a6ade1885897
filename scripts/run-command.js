// Starts other programs. Their output passes through as it comes; nothing is hidden and shown later.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { root } from './paths.js'

/**
 * @typedef {object} RunOptions
 * @property {Record<string, string>} [env] added to this process's environment
 * @property {boolean} [capture] also return what the program printed on its standard output
 * @property {number} [timeout] ms after which the program is killed; default none
 */

/**
 * Resolves when the program has ended, whatever its exit code; rejects when it could not be started.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string, timedOut: boolean }>}
 */
export function run(command, args, { env, capture = false, timeout } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
    })
    let output = ''
    let timedOut = false
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text
      process.stdout.write(text)
    })
    const deadline =
      timeout &&
      setTimeout(() => {
        timedOut = true
        child.kill('SIGKILL')
      }, timeout)
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(deadline)
      // No exit code means that a signal ended it, which is a failure to everyone who asks.
      resolve({ code: code ?? 1, output, timedOut })
    })
  })
}

/**
 * npm as the one that runs us, if there is one: on Windows `npm` itself cannot be spawned without a shell.
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export function npm(args, options) {
  const cli = process.env.npm_execpath
  return cli?.endsWith('.js') ? run(process.execPath, [cli, ...args], options) : run('npm', args, options)
}

/** @param {string} command whether it starts at all */
export const canRun = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0

/**
 * rustup adds cargo to the PATH of shells that start after it: look there too before saying that it is missing.
 * @returns {boolean} whether cargo can be run
 */
export function findCargo() {
  if (canRun('cargo')) return true
  const bin = join(process.env.CARGO_HOME ?? join(homedir(), '.cargo'), 'bin')
  if (!existsSync(bin)) return false
  process.env.PATH = `${process.env.PATH}${delimiter}${bin}`
  return canRun('cargo')
}
