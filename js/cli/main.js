#!/usr/bin/env node
/**
 * The command `bino`: reads what was typed, finds the servers that are meant, and prints what the command says.
 *
 * Exit codes: 0 when it was done by every server, 1 when it was not, 2 when it was typed wrongly.
 */

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { hold } from './hold.js'
import { askNearest } from './nearest.js'
import { release } from './release.js'
import { stats } from './stats.js'

/**
 * @typedef {object} Command
 * @property {string} about one line of the help
 * @property {string} request what is asked of each server
 * @property {(answer: any) => string} show the answer, for people
 */

/** @type {Record<string, Command>} */
const COMMANDS = { hold, release, stats }

const OPTIONS = /** @type {const} */ ({
  root: { type: 'string' },
  pid: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
})

/** @typedef {{ root?: string, pid?: string, json?: boolean, help?: boolean, version?: boolean }} Values */

const TAKES = { root: 'a folder', pid: 'the number of a process, as `bino stats` prints it' }

const HELP = `Usage: bino <command> [options]

Talks to the Vite servers that run with bino-hmr for this project: for the working directory, or the nearest folder
above it that has one.

${Object.entries(COMMANDS)
  .map(([name, { about }]) => `  ${name.padEnd(15)}  ${about}`)
  .join('\n')}

  --root <folder>  start to look there
  --pid <number>   only the server in this process
  --json           print JSON, for programs
  -h, --help
  -v, --version

It ends with 0 when every server has done it, 1 when one has not or there is none, 2 when it was typed wrongly.
`

async function main() {
  const { name, values } = read()
  if (values.help) return void process.stdout.write(HELP)
  if (values.version) return void process.stdout.write(`${version()}\n`)
  const command = commandOf(name)
  const { root, results } = await askNearest({
    start: values.root ?? process.cwd(),
    pid: pidOf(values.pid),
    request: command.request,
    onSlow: (pid, root) =>
      process.stderr.write(
        `bino: still waits for process ${pid} (${root}), which has not answered yet; Ctrl-C ends the wait\n`,
      ),
  })
  if (results.some((result) => 'error' in result)) process.exitCode = 1
  if (values.json) return print({ root, servers: results })
  for (const result of results) {
    if ('error' in result) complain(result.error)
    else process.stdout.write(`${command.show(result)}\n`)
  }
}

/** What was typed. Node's own messages speak to who wrote the program, so what is wrong is found here. */
function read() {
  const { positionals, values, tokens } = parseArgs({
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) if (token.kind === 'option') check(token)
  if (positionals.length > 1) throw usage(`one command at a time, not also "${positionals[1]}"`)
  return { name: positionals[0], values: /** @type {Values} */ (values) }
}

/** @param {{ name: string, rawName: string, value?: string, inlineValue?: boolean }} option */
function check({ name, rawName, value, inlineValue }) {
  if (!Object.hasOwn(OPTIONS, name)) {
    const names = Object.keys(OPTIONS).map((known) => `--${known}`)
    throw usage(`there is no option ${rawName}. There are ${names.join(', ')}`)
  }
  if (!Object.hasOwn(TAKES, name)) {
    if (value !== undefined) throw usage(`${rawName} takes nothing, but got "${value}"`)
    return
  }
  const takes = `${rawName} takes ${TAKES[/** @type {keyof typeof TAKES} */ (name)]}`
  if (!value) throw usage(`${takes}, but got nothing`)
  // Most likely the next option. A folder whose name begins so can be given after `=`.
  if (value.startsWith('-') && !inlineValue) throw usage(`${takes}, but got "${value}"`)
}

/** @param {string | undefined} name */
function commandOf(name) {
  const names = Object.keys(COMMANDS).join(', ')
  if (name === undefined) throw usage(`which command? There are ${names}`)
  if (!Object.hasOwn(COMMANDS, name)) throw usage(`there is no command "${name}". There are ${names}`)
  return COMMANDS[name]
}

/** @param {string | undefined} given */
function pidOf(given) {
  if (given === undefined) return undefined
  const pid = Number(given)
  if (!Number.isInteger(pid) || pid <= 0) throw usage(`--pid takes ${TAKES.pid}, but got "${given}"`)
  return pid
}

/** @param {string} message */
const usage = (message) => Object.assign(new Error(message), { code: 'BINO_CLI_USAGE' })

const version = () => JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/** @param {unknown} value */
const print = (value) => void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)

/** @param {{ code?: string, message: string }} error */
const complain = ({ code, message }) => process.stderr.write(`bino: ${message} (${code})\n`)

main().catch((error) => {
  const { code = 'BINO_CLI_FAILED', message } = error
  const isUsage = code === 'BINO_CLI_USAGE'
  process.exitCode = isUsage ? 2 : 1
  if (process.argv.includes('--json')) return print({ error: { code, message } })
  complain({ code, message })
  if (isUsage) process.stderr.write('Try bino --help\n')
})
