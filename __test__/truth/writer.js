/**
 * Does on disk what a story tells, here or in another process (this file is its program, too).
 */

import { execFileSync, fork } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ARCHIVE, ARCHIVE_FILES, BRANCHES, TRACKED } from './model.js'

/** @typedef {import('./model.js').Step} Step */

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Where stories are played: a folder with an archive and a repository beside them.
 *
 * @param {string} [where] made in the system's folder for what is temporary if that is not there
 * @returns {{ folder: string, remove(): void }}
 */
export function createYard(where = os.tmpdir()) {
  const above = fs.existsSync(where) ? where : os.tmpdir()
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(above, 'bino-truth-')))
  for (const file of ARCHIVE_FILES) writeAt(path.join(folder, file), `archived ${file}`)
  run('tar', ['cf', path.join(folder, 'pack.tar'), '-C', folder, ARCHIVE])
  const repository = path.join(folder, 'repository')
  const git = (/** @type {string[]} */ ...args) => run('git', ['-C', repository, ...args])
  fs.mkdirSync(repository)
  git('init', '-q', '-b', BRANCHES[0])
  git('config', 'user.name', 'truth')
  git('config', 'user.email', 'truth@example.com')
  for (const [number, branch] of BRANCHES.entries()) {
    if (number > 0) git('checkout', '-q', '-b', branch)
    const tracked = path.join(repository, path.basename(TRACKED))
    fs.rmSync(tracked, { recursive: true, force: true })
    for (let at = 0; at < 30; at++) {
      // Some files are the same on all branches, some are different, some are a folder on one of them, some are missing.
      if (at % 7 === number) continue
      const file = at % 11 === number ? `f${at}/index.js` : `f${at}`
      writeAt(path.join(tracked, `d${at % 5}`, file), at % 2 ? 'the same' : `${branch} ${at}`)
    }
    git('add', '-A')
    git('commit', '-q', '-m', branch)
  }
  git('checkout', '-q', BRANCHES[0])
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) }
}

/**
 * The folder of one story, as it is when the watcher starts.
 *
 * @param {string} yard
 * @param {import('./operations.js').Story} story
 */
export async function openStory(yard, story) {
  const base = fs.mkdtempSync(path.join(yard, 's'))
  fs.mkdirSync(path.join(base, 'out'))
  const root = path.join(base, 'root')
  if (story.rounds.flat().some((step) => step.do === 'checkout')) {
    fs.cpSync(path.join(yard, 'repository'), root, { recursive: true })
  } else fs.mkdirSync(root)
  await perform(base, story.before)
  return { base, root, remove: () => fs.rmSync(base, { recursive: true, force: true }) }
}

/**
 * @param {string} base
 * @param {Step[]} steps
 * @param {{ yields?: boolean }} [options] whether others get a turn between two steps
 */
export async function perform(base, steps, { yields = false } = {}) {
  for (const step of steps) {
    if (step.do === 'pause') await pause(step.number)
    else {
      try {
        ACTIONS[step.do](base, step)
      } catch (error) {
        throw new Error(`${show(step)}: ${/** @type {Error} */ (error).message}`)
      }
      if (yields) await new Promise(setImmediate)
    }
  }
}

/** @param {Step} step */
export function show({ kind, do: what, text, times, ...rest }) {
  return `${what} ${JSON.stringify(rest)}${text ? ` ${text}×${times}` : ''} (${kind})`
}

/** @satisfies {Record<Exclude<Step['do'], 'pause'>, (base: string, step: Step) => void>} */
const ACTIONS = {
  write: (base, { path: file, text, times }) => fs.writeFileSync(`${base}/${file}`, text.repeat(times)),
  append: (base, { path: file, text, times }) => fs.appendFileSync(`${base}/${file}`, text.repeat(times)),
  truncate: (base, { path: file, number }) => fs.truncateSync(`${base}/${file}`, number),
  // In place, without the truncation that opening a file for writing brings.
  overwrite(base, { path: file, text, times }) {
    const handle = fs.openSync(`${base}/${file}`, 'r+')
    try {
      fs.writeSync(handle, text.repeat(times))
    } finally {
      fs.closeSync(handle)
    }
  },
  rename: (base, { path: file, to }) => fs.renameSync(`${base}/${file}`, `${base}/${to}`),
  unlink: (base, { path: file }) => fs.unlinkSync(`${base}/${file}`),
  remove: (base, { path: file }) => fs.rmSync(`${base}/${file}`, { recursive: true }),
  mkdir: (base, { path: file }) => void fs.mkdirSync(`${base}/${file}`, { recursive: true }),
  copy: (base, { path: file, to }) =>
    fs.cpSync(`${base}/${file}`, `${base}/${to}`, { recursive: true, verbatimSymlinks: true }),
  symlink: (base, { path: file, to }) =>
    fs.symlinkSync(/^(root|out)\//.test(to) ? `${base}/${to}` : to, `${base}/${file}`),
  link: (base, { path: file, to }) => fs.linkSync(`${base}/${file}`, `${base}/${to}`),
  chmod: (base, { path: file, number }) => fs.chmodSync(`${base}/${file}`, number),
  times: (base, { path: file, number }) => fs.utimesSync(`${base}/${file}`, number, number),
  unpack: (base, { path: dir }) =>
    run('tar', ['xf', path.join(base, '..', 'pack.tar'), '-C', `${base}/${dir}`]),
  checkout: (base, { branch }) => run('git', ['-C', `${base}/root`, 'checkout', '-q', '-f', branch]),
}

/** Writers in processes of their own, each of which does one thing at a time. */
export class Writers {
  /** @type {import('node:child_process').ChildProcess[]} */
  #idle = []
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #all = new Set()

  /** @param {string} base @param {Step[]} steps */
  async perform(base, steps) {
    const writer = this.#idle.pop() ?? this.#start()
    const problem = await new Promise((resolve, reject) => {
      writer.once('error', reject)
      writer.once('message', ({ problem }) => resolve(problem))
      writer.send({ base, steps })
    })
    writer.removeAllListeners()
    this.#idle.push(writer)
    if (problem) throw new Error(problem)
  }

  close() {
    for (const writer of this.#all) writer.disconnect()
  }

  #start() {
    const writer = fork(fileURLToPath(import.meta.url), { execArgv: [] })
    this.#all.add(writer)
    return writer
  }
}

/** @param {string} file @param {string} text */
function writeAt(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text)
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on('message', async (/** @type {any} */ { base, steps }) => {
    const problem = await perform(base, steps).then(
      () => undefined,
      (error) => error.message,
    )
    process.send({ problem })
  })
}
