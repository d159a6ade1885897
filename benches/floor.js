/**
 * Builds `floor.rs` and asks it. Without Cargo there is no floor in the tables, and a line says so.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** @type {string | undefined} */
let program

/**
 * @param {(line: string) => void} say
 * @returns {boolean} whether there is a floor
 */
export function buildFloor(say) {
  if (program) return true
  say('building benches/floor.rs (some minutes the first time)')
  const cargo = ['bench', '--bench', 'floor', '--no-run', '--message-format=json']
  const { status, stdout, stderr } = spawnSync('cargo', cargo, {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1e9,
  })
  program = (stdout ?? '')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .findLast(({ target, executable }) => target?.name === 'floor' && executable)?.executable
  if (!program) say(`no floor: ${status === null ? 'cargo was not found' : stderr.trim().split('\n').at(-1)}`)
  return program !== undefined
}

/**
 * @param {'scan' | 'watch'} command
 * @param {string} input the list of files, or the root
 * @returns {any}
 */
export function askFloor(command, input) {
  if (!program) throw new Error('buildFloor() comes first')
  const { status, stdout, stderr } = spawnSync(program, [command, input], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`floor ${command} ${input}: ${stderr}`)
  return JSON.parse(stdout)
}
