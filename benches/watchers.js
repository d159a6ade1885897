/**
 * Watchers without Vite: what it costs to watch a folder, and to be told of a storm in it.
 */

import { readFileSync } from 'node:fs'
import { now, sleep, startChild } from './conversation.js'
import { askFloor, buildFloor } from './floor.js'
import { usageOf, watchesOf } from './process.js'
import { emptyFolder } from './project.js'
import { median, summarize } from './statistics.js'
import { makeStorm, writePlainTree, writeProjectTree } from './watched-tree.js'

const SIDES = /** @type {const} */ (['ours', 'parcel', 'chokidar3', 'chokidar6', 'node'])

/** How often each side starts on a tree, and operations of the storm in it. */
const TREES = [
  { name: '5,000 files', files: 5000, installed: 0, rounds: 5, storm: 5000 },
  { name: '20,000 files', files: 20_000, installed: 0, rounds: 5, storm: 20_000 },
  { name: '100,000 files', files: 100_000, installed: 0, rounds: 3, storm: 20_000 },
  { name: '5,000 files and 50,000 in node_modules', files: 5000, installed: 50_000, rounds: 3, storm: 0 },
]
const QUICK_TREES = [
  { name: '5,000 files', files: 5000, installed: 0, rounds: 2, storm: 5000 },
  { name: '20,000 files', files: 20_000, installed: 0, rounds: 1, storm: 20_000 },
  { name: '5,000 files and 20,000 in node_modules', files: 5000, installed: 20_000, rounds: 1, storm: 0 },
]

/** How long nothing happens while idle processes are looked at. */
const IDLE_MS = 60_000
const QUICK_IDLE_MS = 10_000

/** A process that has just started still compiles and frees; memory is read after that. */
const SETTLE_MS = 1000

/**
 * @typedef {import('./statistics.js').Summary} Summary
 *
 * @typedef {object} WatchStartRow
 * @property {string} tree
 * @property {number} files that are not ignored
 * @property {string} side
 * @property {string} [problem] why it did not start; then there is nothing of what follows
 * @property {Summary} [ready] milliseconds
 * @property {number | undefined} [watches] at inotify
 * @property {number | undefined} [memory] resident, in bytes
 * @property {number | undefined} [rise] of it over a Node process that watches nothing
 * @property {number | undefined} [cpu] milliseconds that the start took
 *
 * @typedef {object} WatchStormRow
 * @property {string} tree
 * @property {string} side
 * @property {number} operations
 * @property {string} [problem] why there is nothing of what follows
 * @property {number} [files] whose last state has to be known
 * @property {number} [writing] milliseconds that the writer took
 * @property {number} [last] milliseconds from the writer's end to the last event
 * @property {number} [events]
 * @property {number} [lost] files of which nothing was heard since the last operation
 * @property {Record<string, number>} [lostKinds] the same by the last operation
 * @property {number} [wrong] files of which the last event says the opposite of what is there
 * @property {number | undefined} [cpu] milliseconds of the watching process
 * @property {number} [busy] milliseconds of its event loop
 * @property {number | undefined} [memory] afterwards, in bytes
 *
 * @typedef {{ tree: string, side: string, seconds: number, cpu: number }} IdleRow cpu in milliseconds
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void }} options
 * @returns {Promise<{ starts: WatchStartRow[], storms: WatchStormRow[], idle: IdleRow[] }>}
 */
export async function measureWatchers({ quick, say }) {
  const hasFloor = buildFloor(say)
  const all = quick ? QUICK_TREES : TREES
  const biggest = all.reduce((one, other) => (other.files > one.files ? other : one))
  /** @type {{ starts: WatchStartRow[], storms: WatchStormRow[], idle: IdleRow[] }} */
  const rows = { starts: [], storms: [], idle: [] }
  for (const tree of all) {
    const root = emptyFolder()
    const files = tree.installed
      ? writeProjectTree(root, tree.files, tree.installed)
      : writePlainTree(root, tree.files)
    say(`${tree.name} written`)
    const starts = await measureStarts(root, tree, hasFloor && tree.installed === 0)
    for (const row of starts) {
      say(
        `${tree.name}, ${row.side}: ` +
          (row.problem ?? `ready after ${row.ready?.p50.toFixed(0)} ms, ${row.watches} watches`),
      )
      rows.starts.push(row)
    }
    const able = SIDES.filter((side) => starts.some((row) => row.side === side && !row.problem))
    if (tree.storm > 0) {
      for (const side of able) {
        const row = await measureStorm(side, root, tree, files)
        say(`${tree.name}, storm of ${row.operations}, ${side}: ${described(row)}`)
        rows.storms.push(row)
      }
    }
    if (tree === biggest) {
      const milliseconds = quick ? QUICK_IDLE_MS : IDLE_MS
      for (const row of await measureIdle(root, tree.name, able, starts, milliseconds)) {
        say(`${tree.name}, idle for ${row.seconds} s, ${row.side}: ${row.cpu} ms of CPU`)
        rows.idle.push(row)
      }
    }
  }
  return rows
}

/**
 * @param {string} root
 * @param {{ name: string, files: number, rounds: number }} tree
 * @param {boolean} hasFloor notify can ignore nothing, so that there is no floor for a tree with something to ignore
 * @returns {Promise<WatchStartRow[]>}
 */
async function measureStarts(root, tree, hasFloor) {
  /** @type {Map<string, Start[]>} */
  const taken = new Map()
  /** @type {Map<string, string>} */
  const problems = new Map()
  const take = (/** @type {string} */ side, /** @type {Start} */ start) =>
    taken.set(side, [...(taken.get(side) ?? []), start])
  for (let round = 0; round < tree.rounds; round++) {
    if (hasFloor) {
      const { milliseconds, ...rest } = askFloor('watch', root)
      take('notify', { ready: milliseconds, ...rest })
    }
    for (const side of ['nothing', ...(round % 2 === 0 ? SIDES : SIDES.toReversed())]) {
      if (problems.has(side)) continue
      try {
        const { child, ...start } = await startWatcher(side, root)
        await child.stop()
        take(side, start)
      } catch (error) {
        // Above all the limit of inotify, which some need ten times as many watches for.
        problems.set(side, String(error).split('\n')[0])
      }
    }
  }
  const middle = (/** @type {string} */ side, /** @type {keyof Start} */ key) => {
    const known = (taken.get(side) ?? []).flatMap((start) => start[key] ?? [])
    return known.length > 0 ? median(known) : undefined
  }
  const empty = middle('nothing', 'memory')
  return ['nothing', 'notify', ...SIDES].flatMap((side) => {
    const problem = problems.get(side)
    if (problem) return { tree: tree.name, files: tree.files, side, problem }
    const starts = taken.get(side)
    if (!starts) return []
    const memory = middle(side, 'memory')
    return {
      tree: tree.name,
      files: tree.files,
      side,
      ready: summarize(starts.map(({ ready }) => ready)),
      watches: middle(side, 'watches'),
      memory,
      // The floor is no Node process.
      rise: side === 'notify' || memory === undefined || empty === undefined ? undefined : memory - empty,
      cpu: middle(side, 'cpu'),
    }
  })
}

/** @typedef {{ ready: number, watches?: number, memory?: number, cpu?: number }} Start */

/**
 * A watcher that is ready, and what that took.
 *
 * @param {string} side
 * @param {string} root
 */
async function startWatcher(side, root) {
  const child = startChild('./watcher-child.js', [side, root])
  const { pid } = child.child
  await child.ask('load')
  const before = usageOf(pid)
  const ready = await child.ask('start').catch(async (error) => {
    await child.stop()
    throw error
  })
  if (!before || pid === undefined) return { child, ready }
  let watches = watchesOf(pid)
  // Nobody is taken at its word that it is ready.
  for (let earlier = -1; earlier !== watches; ) {
    await sleep(SETTLE_MS)
    earlier = watches
    watches = watchesOf(pid)
  }
  const { cpu, memory } = usageOf(pid) ?? { cpu: 0, memory: 0 }
  return { child, ready, watches, memory, cpu: cpu - before.cpu }
}

/**
 * @param {string} side
 * @param {string} root
 * @param {{ name: string, storm: number }} tree
 * @param {string[]} files
 * @returns {Promise<WatchStormRow>}
 */
async function measureStorm(side, root, tree, files) {
  const about = { tree: tree.name, side, operations: tree.storm }
  const storm = makeStorm(files, tree.storm)
  const { child } = await startWatcher(side, root)
  try {
    return { ...about, ...(await throughStorm(child, storm)) }
  } catch (error) {
    // The others are still worth measuring.
    return { ...about, problem: String(error).split('\n')[0] }
  } finally {
    await child.stop()
    storm.undo()
  }
}

/**
 * @param {ReturnType<typeof startChild>} child
 * @param {ReturnType<typeof makeStorm>} storm
 */
async function throughStorm(child, storm) {
  const { pid } = child.child
  await child.ask('record')
  const before = usageOf(pid)
  const start = now()
  const fates = storm.run()
  const written = now()
  const { events, busy, lastAt } = await child.ask('recorded')
  const after = usageOf(pid)
  const { lostKinds, wrong } = await child.ask('judge', fates)
  return {
    files: fates.length,
    writing: written - start,
    last: lastAt - written,
    events,
    lost: sum(Object.values(lostKinds)),
    lostKinds,
    wrong,
    cpu: after && before && after.cpu - before.cpu,
    busy,
    memory: after?.memory,
  }
}

/** @param {WatchStormRow} row */
const described = ({ problem, events, lost, wrong, cpu }) =>
  problem ?? `${events} events, ${lost} lost, ${wrong} wrong, ${cpu} ms of CPU`

/**
 * All at once, as far as the system has watches for them: they are idle, and take nothing from each other.
 *
 * @param {string} root
 * @param {string} tree
 * @param {string[]} sides
 * @param {WatchStartRow[]} starts how many watches each takes
 * @param {number} milliseconds
 * @returns {Promise<IdleRow[]>}
 */
async function measureIdle(root, tree, sides, starts, milliseconds) {
  if (process.platform !== 'linux') return []
  const limit = 0.9 * Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'))
  /** @type {{ sides: string[], watches: number }[]} */
  const groups = []
  for (const side of ['nothing', ...sides]) {
    const watches = starts.find((row) => row.side === side)?.watches ?? 0
    const group = groups.find((one) => one.watches + watches <= limit)
    if (group) {
      group.sides.push(side)
      group.watches += watches
    } else {
      groups.push({ sides: [side], watches })
    }
  }
  /** @type {IdleRow[]} */
  const rows = []
  for (const { sides } of groups) {
    const children = []
    for (const side of sides) children.push((await startWatcher(side, root)).child)
    await sleep(SETTLE_MS)
    const before = children.map(({ child }) => usageOf(child.pid)?.cpu ?? 0)
    await sleep(milliseconds)
    children.forEach(({ child }, index) => {
      const cpu = (usageOf(child.pid)?.cpu ?? 0) - before[index]
      rows.push({ tree, side: sides[index], seconds: milliseconds / 1000, cpu })
    })
    await Promise.all(children.map((child) => child.stop()))
  }
  return rows
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0)
