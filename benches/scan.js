/**
 * From nothing to the whole module graph, on generated applications that lie in the page cache: ours beside esbuild,
 * Rolldown and Vite's own dev server, and beside what reading and scanning takes at least.
 */

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { STOPPED, startChild } from './conversation.js'
import { askFloor, buildFloor } from './floor.js'
import { usageOf } from './process.js'
import { emptyFolder } from './project.js'
import { Sources } from './sources.js'
import { summarize } from './statistics.js'

/** The floor and ours stand beside each other in each round: their ratio is what the others' figures cannot tell. */
const SIDES = /** @type {const} */ (['ours', 'rolldown', 'rolldownBuild', 'esbuild', 'vite'])

/** Modules, and how often each side scans them. */
const SIZES = [
  { size: 1000, rounds: 5 },
  { size: 10_000, rounds: 5 },
  { size: 50_000, rounds: 3 },
]
const QUICK_SIZES = [
  { size: 1000, rounds: 2 },
  { size: 10_000, rounds: 2 },
]

/** A side whose last scan took this long is not asked again in the later rounds of a size… */
const LONG_MS = 15_000

/** …and is stopped after this long. */
const LIMIT_MS = 120_000

/**
 * @typedef {object} ScanRow
 * @property {number} size modules that were generated, styles and pictures aside
 * @property {string} side
 * @property {number} expected modules that it should have found
 * @property {number} [limit] milliseconds after which it was stopped; then there is nothing of what follows
 * @property {number} [modules] that the side has found
 * @property {import('./statistics.js').Summary} [time] milliseconds
 * @property {number | undefined} [cpu] milliseconds of the whole process and its children, the start of Node included
 * @property {number | undefined} [peak] of the resident memory in bytes
 * @property {number} [ratio] ours / this side, of medians
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void, keep: (rows: ScanRow[]) => void }} options `keep` is told after each row
 * @returns {Promise<ScanRow[]>}
 */
export async function measureScan({ quick, say, keep }) {
  const hasFloor = buildFloor(say)
  /** @type {ScanRow[]} */
  const rows = []
  for (const { size, rounds } of quick ? QUICK_SIZES : SIZES) {
    const sources = new Sources(emptyFolder(), size)
    // What is not written back yet would be written while somebody is measured.
    spawnSync('sync')
    const own = sources.files.filter((file) => !file.includes('/node_modules/'))
    say(
      `${size} modules written, with styles and pictures ${own.length}, ` +
        `${(sources.bytes / 1e6).toFixed(1)} MB; ${rounds} rounds`,
    )
    const list = path.join(emptyFolder(), 'files')
    writeFileSync(list, own.join('\n'))
    /** @type {Map<string, Sample[]>} */
    const samples = new Map()
    const take = (/** @type {string} */ side, /** @type {Sample} */ sample) =>
      samples.set(side, [...(samples.get(side) ?? []), sample])
    for (let round = 0; round < rounds; round++) {
      if (hasFloor) take('floor', askFloor('scan', list))
      for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
        if ((samples.get(side)?.at(-1)?.milliseconds ?? 0) > LONG_MS) continue
        take(side, await scanOnce(side, sources))
      }
    }
    const ours = summarize((samples.get('ours') ?? []).map(({ milliseconds }) => milliseconds)).p50
    for (const [side, all] of samples) {
      const row = { size, side, expected: own.length, ...rowOf(all, ours) }
      rows.push(row)
      keep(rows)
      say(`${size}, ${side}: ${described(row)}`)
    }
  }
  return rows
}

/** @typedef {{ milliseconds: number, modules: number, cpu?: number, peak?: number }} Sample */

/**
 * @param {string} side
 * @param {Sources} sources
 * @returns {Promise<Sample>}
 */
async function scanOnce(side, { root, entry }) {
  const scanner = startChild('./scan-child.js', [side, root, entry])
  await scanner.ask('load')
  const milliseconds = await scanner.ask('scan', undefined, LIMIT_MS)
  if (milliseconds === STOPPED) return { milliseconds: Number.POSITIVE_INFINITY, modules: 0 }
  // Before the modules are counted, which is no part of it.
  const { cpu, peak } = usageOf(scanner.child.pid) ?? {}
  const modules = await scanner.ask('count')
  await scanner.stop()
  return { milliseconds, modules, cpu, peak }
}

/**
 * @param {Sample[]} samples
 * @param {number} ours the median, in milliseconds
 */
function rowOf(samples, ours) {
  const time = summarize(samples.map(({ milliseconds }) => milliseconds))
  if (time.max === Number.POSITIVE_INFINITY) return { limit: LIMIT_MS }
  const middle = (/** @type {'cpu' | 'peak'} */ key) => {
    const known = samples.flatMap((sample) => sample[key] ?? [])
    return known.length > 0 ? summarize(known).p50 : undefined
  }
  return {
    modules: Math.min(...samples.map(({ modules }) => modules)),
    time,
    cpu: middle('cpu'),
    peak: middle('peak'),
    ratio: ours / time.p50,
  }
}

/** @param {ScanRow} row */
function described({ time, modules, expected, limit }) {
  if (limit || !time) return `stopped after ${LIMIT_MS / 1000} s`
  const problem = modules === expected ? '' : `, BUT THERE ARE ${expected}`
  return `${time.p50.toFixed(0)} ms, ${modules} modules${problem}`
}
