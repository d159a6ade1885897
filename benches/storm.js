/**
 * Many files at once, written by another process: a formatter or generator that rewrites 2,000 files, and a real
 * `git checkout` of a branch that differs in 300.
 */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { now, startChild } from './conversation.js'
import { Project } from './project.js'
import { median } from './statistics.js'

const SIDES = /** @type {const} */ (['stock', 'ours'])

/** Files behind one module that accepts itself. */
const FILES_OF_A_BOUNDARY = 8

/** A server that has sent nothing for this long has nothing more to say. */
const PATIENCE_MS = 2000

/**
 * @typedef {object} StormRow medians over the rounds; times in milliseconds
 * @property {string} kind
 * @property {string} side
 * @property {number} rounds
 * @property {number} files
 * @property {number} payloads
 * @property {number} bytes of all payloads as JSON
 * @property {number} updates entries in them: what a page fetches
 * @property {number} missing boundaries that should have been updated and were not, in the worst round
 * @property {number} reloads
 * @property {number} writing how long the writer took
 * @property {number} last from the writer's first file to the last payload
 * @property {number} busy of the server's event loop
 * @property {number} longestDelay of the server's event loop
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void, keep: (rows: StormRow[]) => void }} options `keep` is told after each row
 * @returns {Promise<StormRow[]>}
 */
export async function measureStorm({ quick, say, keep }) {
  const files = quick ? 400 : 2000
  const rounds = quick ? 2 : 4
  const shape = folders(files)
  const projects = SIDES.map(() => new Project(shape))
  const leaves = [...shape.modules.keys()].filter((index) => isLeaf(shape, index))
  const switched = leaves.slice(0, Math.floor(files * 0.15))
  for (const project of projects) makeBranches(project, switched)
  const children = SIDES.map((side, index) => startChild('./server-child.js', [side, projects[index].root]))
  for (const [index, child] of children.entries()) {
    await child.ask('start', { files: shape.modules.length, edits: [] })
    await child.ask('load', [projects[index].url(0)])
  }

  /** @type {StormRow[]} */
  const rows = []
  let version = 100
  /** @type {[string, number[], (project: Project) => void][]} */
  const kinds = [
    [
      `git checkout, ${switched.length} files differ`,
      switched,
      (project) => git(project, 'checkout', '--quiet', '-'),
    ],
    [
      `${files} files rewritten`,
      leaves,
      (project) => {
        for (const leaf of leaves) writeFileSync(project.file(leaf), project.code(leaf, version))
      },
    ],
  ]
  for (const [kind, changed, write] of kinds) {
    const expected = new Set(changed.map((leaf) => boundaryOf(leaf)))
    /** @type {any[][]} */
    const answers = [[], []]
    for (let round = 0; round < rounds; round++) {
      for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
        version += 1
        const project = projects[index]
        await children[index].ask('record')
        const start = now()
        write(project)
        const written = now()
        const answer = await children[index].ask('recorded', { patience: PATIENCE_MS })
        const urls = new Set(answer.distinct)
        answers[index].push({
          ...answer,
          writing: written - start,
          last: answer.lastAt - start,
          missing: answer.reloads > 0 ? 0 : [...expected].filter((one) => !urls.has(project.url(one))).length,
        })
        // As the page would.
        await children[index].ask('request', [...changed, ...expected].map(project.url))
      }
    }
    for (const [index, side] of SIDES.entries()) {
      const row = {
        kind,
        side,
        rounds,
        files: changed.length,
        .../** @type {any} */ (mediansOf(answers[index])),
      }
      row.missing = Math.max(...answers[index].map(({ missing }) => missing))
      rows.push(row)
      keep(rows)
      say(
        `${kind}, ${side}: ${row.payloads} payloads, ${row.bytes} bytes, the last after ${row.last.toFixed(0)} ms, ` +
          `event loop busy ${row.busy.toFixed(0)} ms`,
      )
    }
  }
  await Promise.all(children.map((child) => child.stop()))
  return rows
}

/**
 * The entry, then folder after folder: one module that accepts itself and imports the eight behind it.
 *
 * @param {number} files
 * @returns {import('./shapes.js').Shape}
 */
function folders(files) {
  const step = FILES_OF_A_BOUNDARY + 1
  const modules = [{ imports: /** @type {number[]} */ ([]), accepts: false }]
  for (let boundary = 1; boundary < (files / FILES_OF_A_BOUNDARY) * step; boundary += step) {
    const leaves = Array.from({ length: FILES_OF_A_BOUNDARY }, (_, nth) => boundary + 1 + nth)
    modules[0].imports.push(boundary)
    modules.push({ imports: leaves, accepts: true })
    for (const _ of leaves) modules.push({ imports: [], accepts: false })
  }
  return { name: 'folders', modules, saved: 2, extra: [0, 2] }
}

/**
 * @param {import('./shapes.js').Shape} shape
 * @param {number} index
 */
const isLeaf = (shape, index) => index > 0 && !shape.modules[index].accepts

/** @param {number} leaf */
const boundaryOf = (leaf) => leaf - ((leaf - 1) % (FILES_OF_A_BOUNDARY + 1))

/**
 * Two branches that differ in some files.
 *
 * @param {Project} project
 * @param {number[]} changed
 */
function makeBranches(project, changed) {
  git(project, 'init', '--quiet', '--initial-branch', 'one')
  git(project, 'add', '.')
  git(project, 'commit', '--quiet', '--message', 'one')
  git(project, 'checkout', '--quiet', '-b', 'two')
  for (const leaf of changed) writeFileSync(project.file(leaf), project.code(leaf, 2))
  git(project, 'commit', '--quiet', '--all', '--message', 'two')
}

/**
 * @param {Project} project
 * @param {string[]} args
 */
function git({ root }, ...args) {
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', '-c', 'commit.gpgsign=false']
  const { status, stderr } = spawnSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}

/**
 * The median of each number.
 *
 * @param {Record<string, unknown>[]} answers
 */
function mediansOf(answers) {
  const numbers = Object.keys(answers[0]).filter(
    (key) => typeof answers[0][key] === 'number' && !key.endsWith('At'),
  )
  return Object.fromEntries(
    numbers.map((key) => [key, median(answers.map((answer) => /** @type {number} */ (answer[key])))]),
  )
}
