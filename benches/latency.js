/**
 * From a save to its payload on real servers and real files: a leaf, a stylesheet, a hub. And what happens to the edits
 * of the first second.
 */

import { sleep, startChild } from './conversation.js'
import { Project } from './project.js'
import { flatHub, hub } from './shapes.js'
import { median, summarize } from './statistics.js'

const SIDES = /** @type {const} */ (['stock', 'ours'])

/** chokidar takes two changes of one file within 50 ms for one; all saves stay clear of that. */
const PAUSE_MS = 80

/** Node 20 has the global `WebSocket` only on request. */
const WEBSOCKET_FLAGS = ['--experimental-websocket'].filter(
  (flag) => typeof WebSocket === 'undefined' && process.allowedNodeEnvironmentFlags.has(flag),
)

/** Edits in the first second after the server listens. */
const EARLY_EDITS = 20

/**
 * @typedef {import('./statistics.js').Summary} Summary
 * @typedef {{ project: string, kind: string, updates: number[], lost: number[], payloads: number[],
 *   stock: Summary, ours: Summary, ratio: number, pages: { stock: Summary, ours: Summary, ratio: number } }} LatencyRow
 *   ratio is ours / stock, of medians; `pages` is until the page has the update
 * @typedef {{ project: string, side: string, listening: number, watching: number, load: number,
 *   edits: number, seen: number, payloads: number,
 *   slowest: number }} StartRow milliseconds; `slowest` of the early edits that were seen
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void, keep: (rows: { saves: LatencyRow[], starts: StartRow[] }) => void }} options `keep` is told after each row
 * @returns {Promise<{ saves: LatencyRow[], starts: StartRow[] }>}
 */
export async function measureLatency({ quick, say, keep }) {
  const size = quick ? 1000 : 10_000
  /** @type {LatencyRow[]} */
  const saves = []
  /** @type {StartRow[]} */
  const starts = []
  for (const make of [hub, flatHub]) {
    const shape = make(size)
    const name = `${shape.name}, ${shape.modules.length} modules`
    // One start is left alone, to see when every file is watched; the other is edited at once.
    const pair = await startPair(() => new Project(shape), name, make === hub ? EARLY_EDITS : 0)
    starts.push(...pair.starts)
    for (const row of pair.starts)
      say(
        `${name}, ${row.side}: listens after ${row.listening.toFixed(0)} ms, watches after ` +
          `${row.watching.toFixed(0)} ms, ${row.seen} of ${row.edits} early edits seen`,
      )
    const boundary = shape.modules.findIndex(({ accepts }) => accepts)
    /** @type {[string, number, (project: Project, version: number) => Edit][]} */
    const kinds = [
      ['leaf', quick ? 20 : 100, (project, version) => editOf(project, boundary, version)],
      [
        'CSS',
        quick ? 20 : 100,
        (project, version) => ({
          url: project.cssUrl,
          file: project.css,
          content: project.cssCode(version),
        }),
      ],
      ['hub', quick ? 5 : 20, (project, version) => editOf(project, shape.saved, version)],
    ]
    for (const [kind, samples, edit] of kinds) {
      const row = await measureSaves(pair, samples, edit)
      saves.push({ project: name, kind, ...row })
      keep({ saves, starts })
      say(
        `${name}, ${kind}: stock ${row.stock.p50.toFixed(2)} ms, ours ${row.ours.p50.toFixed(2)} ms, ` +
          `ratio ${row.ratio.toFixed(2)}`,
      )
    }
    await Promise.all([pair.page, ...pair.children].map((child) => child.stop()))
  }
  return { saves, starts }
}

/** @typedef {{ url: string, file: string, content: string }} Edit */

/**
 * @param {Project} project
 * @param {number} index
 * @param {number} version
 * @returns {Edit}
 */
const editOf = (project, index, version) => ({
  url: project.url(index),
  file: project.file(index),
  content: project.code(index, version),
})

/**
 * Both servers, loaded and watching.
 *
 * @param {() => Project} write
 * @param {string} name
 * @param {number} early how many edits to make at once
 */
async function startPair(write, name, early) {
  const projects = SIDES.map(write)
  const children = SIDES.map((side, index) => startChild('./server-child.js', [side, projects[index].root]))
  /** @type {StartRow[]} */
  const starts = []
  // One after the other: a start is measured, too.
  for (const [index, side] of SIDES.entries()) {
    const project = projects[index]
    const { shape } = project
    const boundaries = [...shape.modules.keys()].filter((one) => shape.modules[one].accepts)
    const edits = Array.from({ length: early }, (_, nth) =>
      editOf(project, boundaries[Math.floor(((nth + 0.5) * boundaries.length) / early)], 1),
    )
    const started = await children[index].ask('start', { files: shape.modules.length, edits })
    const start = performance.now()
    const loaded = await children[index].ask('load', [project.url(0)])
    starts.push({ project: name, side, ...started, load: performance.now() - start })
    if (loaded !== shape.modules.length + 1) throw new Error(`${name}: ${loaded} modules were loaded`)
  }
  const page = startChild('./page-child.js', [], WEBSOCKET_FLAGS)
  for (const [index, child] of children.entries())
    await page.ask('open', { page: index, ...(await child.ask('address')) })
  return { projects, children, page, starts }
}

/** Counts up, so that every save writes something new. */
let version = 1

/**
 * @param {Awaited<ReturnType<typeof startPair>>} pair
 * @param {number} samples
 * @param {(project: Project, version: number) => Edit} edit
 */
async function measureSaves({ projects, children, page }, samples, edit) {
  /** @type {number[][]} */
  const times = [[], []]
  /** @type {number[][]} */
  const pageTimes = [[], []]
  const updates = [0, 0]
  const lost = [0, 0]
  const payloads = [0, 0]
  const warmUp = Math.ceil(samples / 10)
  for (let round = -warmUp; round < samples; round++) {
    // A, B, then B, A: neither is always the one that comes second.
    for (const index of round % 2 === 0 ? [0, 1] : [1, 0]) {
      version += 1
      const { url, file, content } = edit(projects[index], version)
      const saved = await children[index].ask('save', { file, content })
      await sleep(PAUSE_MS)
      const arrived = await page.ask('arrived', index)
      // As the page would: what was updated is transformed again before the next save.
      await children[index].ask('request', [url])
      if (round < 0) continue
      payloads[index] += await children[index].ask('count')
      updates[index] = saved.updates
      if (saved.milliseconds === undefined) lost[index] += 1
      else times[index].push(saved.milliseconds)
      if (arrived !== undefined) pageTimes[index].push(arrived - saved.start)
    }
  }
  return { ...sidesOf(times), pages: sidesOf(pageTimes), updates, lost, payloads }
}

/** @param {number[][]} times */
function sidesOf([stock, ours]) {
  return { stock: summarize(stock), ours: summarize(ours), ratio: median(ours) / median(stock) }
}
