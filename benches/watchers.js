/**
 * Watchers without Vite: what it costs to watch a folder, and to be told of a storm in it.
 */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { ChildError, now, STOPPED, sleep, startChild } from './conversation.js'
import { askFloor, buildFloor } from './floor.js'
import { usageOf } from './process.js'
import { emptyFolder } from './project.js'
import { median, summarize } from './statistics.js'
import { makeStorm, writePlainTree, writeProjectTree } from './watched-tree.js'

const SIDES = /** @type {const} */ (['ours', 'parcel', 'chokidar3', 'chokidar6', 'node'])

/**
 * @typedef {object} Tree
 * @property {string} name
 * @property {number} files
 * @property {number} installed files in `node_modules`
 * @property {number} rounds how often each side starts
 * @property {number} storm operations
 * @property {number} seconds that all of it takes on two quiet cores
 */

/** By the name that `--sizes` takes. @type {Record<string, Tree>} */
const TREES = {
  5000: { name: '5,000 files', files: 5000, installed: 0, rounds: 5, storm: 5000, seconds: 135 },
  20000: { name: '20,000 files', files: 20_000, installed: 0, rounds: 5, storm: 20_000, seconds: 170 },
  100000: { name: '100,000 files', files: 100_000, installed: 0, rounds: 3, storm: 20_000, seconds: 295 },
  node_modules: {
    name: '5,000 files and 50,000 in node_modules',
    files: 5000,
    installed: 50_000,
    rounds: 3,
    storm: 0,
    seconds: 105,
  },
}

/** @type {Record<string, Tree>} */
const QUICK_TREES = {
  5000: { ...TREES[5000], rounds: 2, seconds: 70 },
  20000: { ...TREES[20000], rounds: 1, seconds: 80 },
  100000: { ...TREES[100000], rounds: 1, seconds: 250 },
  node_modules: {
    ...TREES.node_modules,
    name: '5,000 files and 20,000 in node_modules',
    installed: 20_000,
    rounds: 1,
    seconds: 40,
  },
}

export const TREE_SIZES = Object.keys(TREES)

/** A quick run leaves the largest out, unless it is asked for. */
const QUICK_SIZES = ['5000', '20000', 'node_modules']

/** How long nothing happens while idle processes are looked at. */
const IDLE_MS = 60_000
const QUICK_IDLE_MS = 10_000

/** A process that has just started still compiles and frees; memory is read after that. */
const SETTLE_MS = 1000

/** A watcher that is not ready, or still speaks of a storm, so long after its begin or its end is stopped. */
const LIMIT_MS = 180_000

/**
 * @typedef {import('./statistics.js').Summary} Summary
 *
 * @typedef {object} WatchStartRow
 * @property {string} tree
 * @property {number} files that are not ignored
 * @property {string} side
 * @property {string} [problem] why it did not start; what follows is of the starts before, if there were any
 * @property {number} [limit] milliseconds after which the one that did not start was stopped
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
 * @property {number | undefined} [last] milliseconds from the writer's end to the last event
 * @property {number} [events]
 * @property {number} [lost] files of which nothing was heard since the last operation
 * @property {Record<string, number>} [lostKinds] the same by the last operation
 * @property {number} [wrong] files of which the last event says the opposite of what is there
 * @property {number | undefined} [cpu] milliseconds of the watching process
 * @property {number} [busy] milliseconds of its event loop
 * @property {number | undefined} [memory] afterwards, in bytes
 * @property {Record<string, number>} [errors] that it told of, and how often
 *
 * @typedef {{ tree: string, side: string, problem?: string, seconds: number, cpu?: number }} IdleRow cpu in milliseconds
 *
 * @typedef {{ starts: WatchStartRow[], storms: WatchStormRow[], idle: IdleRow[] }} WatcherRows
 */

/** Small trees first, also when some were measured later. @param {{ tree: string }} row */
const rankOf = ({ tree }) =>
  [...Object.values(TREES), ...Object.values(QUICK_TREES)].findIndex(({ name }) => name === tree)

/** @param {{ quick: boolean, sizes?: string[] }} options */
const treesOf = ({ quick, sizes }) => {
  const chosen = sizes ?? (quick ? QUICK_SIZES : TREE_SIZES)
  return chosen.map((size) => (quick ? QUICK_TREES : TREES)[size])
}

/**
 * Seconds on two quiet cores.
 *
 * @param {{ quick: boolean, sizes?: string[] }} options
 */
export const watchersTake = (options) => sum(treesOf(options).map(({ seconds }) => seconds))

/**
 * @param {object} options
 * @param {boolean} options.quick
 * @param {string[]} [options.sizes] of `TREE_SIZES`
 * @param {WatcherRows} [options.earlier] of other sizes, which stay
 * @param {(line: string) => void} options.say
 * @param {(rows: WatcherRows) => void} options.keep what there is so far
 * @returns {Promise<WatcherRows>}
 */
export async function measureWatchers({ quick, sizes, earlier, say, ...options }) {
  const hasFloor = buildFloor(say)
  const trees = treesOf({ quick, sizes })
  const stays = (/** @type {{ tree: string }} */ row) => trees.every(({ name }) => name !== row.tree)
  /** @type {WatcherRows} */
  const rows = {
    starts: earlier?.starts.filter(stays) ?? [],
    storms: earlier?.storms.filter(stays) ?? [],
    idle: earlier?.idle.filter(stays) ?? [],
  }
  const keep = () => {
    for (const list of Object.values(rows)) list.sort((one, other) => rankOf(one) - rankOf(other))
    options.keep(rows)
  }
  for (const tree of trees) {
    say(`${tree.name}: ${Math.ceil(tree.seconds / 60)} min on two quiet cores`)
    const root = emptyFolder()
    const files = tree.installed
      ? writeProjectTree(root, tree.files, tree.installed)
      : writePlainTree(root, tree.files)
    // What is not written back yet would be written while somebody is measured.
    spawnSync('sync')
    say(`${tree.name}: written`)
    const starts = await measureStarts(root, tree, hasFloor && tree.installed === 0, say)
    for (const row of starts) say(`${tree.name}, ${row.side}: ${describedStart(row)}`)
    rows.starts.push(...starts)
    keep()
    if (tree.storm > 0) {
      for (const side of SIDES) {
        const row = await measureStorm(side, root, tree, files, starts)
        say(`${tree.name}, storm of ${row.operations}, ${side}: ${describedStorm(row)}`)
        rows.storms.push(row)
        keep()
      }
    }
    for await (const row of measureIdle(root, tree.name, starts, quick ? QUICK_IDLE_MS : IDLE_MS)) {
      say(`${tree.name}, idle for ${row.seconds} s, ${row.side}: ${row.problem ?? `${row.cpu} ms of CPU`}`)
      rows.idle.push(row)
      keep()
    }
  }
  return rows
}

/**
 * @param {string} root
 * @param {Tree} tree
 * @param {boolean} hasFloor notify can ignore nothing, so that there is no floor for a tree with something to ignore
 * @param {(line: string) => void} say
 * @returns {Promise<WatchStartRow[]>}
 */
async function measureStarts(root, tree, hasFloor, say) {
  /** @type {Map<string, Start[]>} */
  const taken = new Map()
  /** @type {Map<string, Problem>} */
  const problems = new Map()
  const take = (/** @type {string} */ side, /** @type {Start} */ start) =>
    taken.set(side, [...(taken.get(side) ?? []), start])
  for (let round = 0; round < tree.rounds; round++) {
    if (hasFloor) {
      try {
        const { milliseconds, ...rest } = askFloor('watch', root)
        take('notify', { ready: milliseconds, ...rest })
      } catch (error) {
        problems.set('notify', problemOf(error))
      }
    }
    for (const side of ['nothing', ...(round % 2 === 0 ? SIDES : SIDES.toReversed())]) {
      // It would only take as long again.
      if (problems.has(side)) continue
      try {
        const { child, ...start } = await startWatcher(side, root)
        await child.stop()
        take(side, start)
      } catch (error) {
        // Above all the limit of inotify, which some need ten times as many watches for.
        problems.set(side, problemOf(error))
      }
    }
    const times = SIDES.map((side) => taken.get(side)?.[round]?.ready.toFixed(0) ?? '–')
    say(`${tree.name}, start ${round + 1} of ${tree.rounds}: ${SIDES.join(', ')} ${times.join(', ')} ms`)
  }
  const middle = (/** @type {string} */ side, /** @type {keyof Start} */ key) => {
    const known = (taken.get(side) ?? []).flatMap((start) => start[key] ?? [])
    return known.length > 0 ? median(known) : undefined
  }
  const empty = middle('nothing', 'memory')
  return ['nothing', 'notify', ...SIDES].flatMap((side) => {
    const starts = taken.get(side)
    if (!starts && !problems.has(side)) return []
    const memory = middle(side, 'memory')
    return {
      tree: tree.name,
      files: tree.files,
      side,
      ...problems.get(side),
      ready: starts && summarize(starts.map(({ ready }) => ready)),
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
  try {
    await within(child, 'load')
    const before = usageOf(pid)
    const until = performance.now() + LIMIT_MS
    const ready = await within(child, 'start')
    let usage = usageOf(pid)
    // Nobody is taken at its word that it is ready.
    for (let earlier = -1; usage && earlier !== usage.watches; ) {
      if (performance.now() > until) throw new TooLate()
      earlier = usage.watches
      await sleep(SETTLE_MS)
      usage = usageOf(pid)
    }
    const [error] = Object.keys(await within(child, 'errors'))
    if (error) throw new Error(error)
    if (!before || !usage) return { child, ready }
    const { watches, cpu, memory } = usage
    return { child, ready, watches, memory, cpu: cpu - before.cpu }
  } catch (error) {
    await child.stop()
    throw error
  }
}

/**
 * @param {string} side
 * @param {string} root
 * @param {Tree} tree
 * @param {string[]} files
 * @param {WatchStartRow[]} starts
 * @returns {Promise<WatchStormRow>}
 */
async function measureStorm(side, root, tree, files, starts) {
  const about = { tree: tree.name, side, operations: tree.storm }
  if (starts.some((row) => row.side === side && row.problem)) return { ...about, problem: 'did not start' }
  /** @type {ReturnType<typeof startChild> | undefined} */
  let child
  const storm = makeStorm(files, tree.storm)
  try {
    child = (await startWatcher(side, root)).child
    return { ...about, ...(await throughStorm(child, storm)) }
  } catch (error) {
    // The others are still worth measuring.
    return { ...about, problem: problemOf(error).problem }
  } finally {
    await child?.stop()
    storm.undo()
  }
}

/**
 * @param {ReturnType<typeof startChild>} child
 * @param {ReturnType<typeof makeStorm>} storm
 */
async function throughStorm(child, storm) {
  const { pid } = child.child
  await within(child, 'record')
  const before = usageOf(pid)
  const start = now()
  const fates = storm.run()
  const written = now()
  const { events, busy, lastAt } = await within(child, 'recorded')
  const after = usageOf(pid)
  const { lostKinds, wrong } = await within(child, 'judge', fates)
  return {
    files: fates.length,
    writing: written - start,
    last: lastAt === undefined ? undefined : lastAt - written,
    events,
    lost: sum(Object.values(lostKinds)),
    lostKinds,
    wrong,
    cpu: after && before && after.cpu - before.cpu,
    busy,
    memory: after?.memory,
    errors: await within(child, 'errors'),
  }
}

/**
 * All at once, as far as the system has watches for them: they are idle, and take nothing from each other.
 *
 * @param {string} root
 * @param {string} tree
 * @param {WatchStartRow[]} starts how many watches each takes
 * @param {number} milliseconds
 * @returns {AsyncGenerator<IdleRow>}
 */
async function* measureIdle(root, tree, starts, milliseconds) {
  if (process.platform !== 'linux') return
  const seconds = milliseconds / 1000
  const limit = 0.9 * Number(readFileSync('/proc/sys/fs/inotify/max_user_watches', 'utf8'))
  /** @type {{ sides: string[], watches: number }[]} */
  const groups = []
  for (const { side, problem, watches = 0 } of starts) {
    if (side === 'notify') continue
    if (problem) {
      yield { tree, side, seconds, problem: 'did not start' }
      continue
    }
    const group = groups.find((one) => one.watches + watches <= limit)
    if (group) {
      group.sides.push(side)
      group.watches += watches
    } else {
      groups.push({ sides: [side], watches })
    }
  }
  for (const { sides } of groups) {
    /** @type {{ side: string, child: ReturnType<typeof startChild> }[]} */
    const idle = []
    for (const side of sides) {
      try {
        idle.push({ side, child: (await startWatcher(side, root)).child })
      } catch (error) {
        yield { tree, side, seconds, problem: problemOf(error).problem }
      }
    }
    await sleep(SETTLE_MS)
    const before = idle.map(({ child }) => usageOf(child.child.pid)?.cpu)
    await sleep(milliseconds)
    const after = idle.map(({ child }) => usageOf(child.child.pid)?.cpu)
    for (const [nth, { side, child }] of idle.entries()) {
      try {
        // Whoever is gone says why.
        await within(child, 'errors')
        yield { tree, side, seconds, cpu: (after[nth] ?? Number.NaN) - (before[nth] ?? Number.NaN) }
      } catch (error) {
        yield { tree, side, seconds, problem: problemOf(error).problem }
      }
      await child.stop()
    }
  }
}

/** It is stopped already, or will be. */
class TooLate extends Error {
  limit = LIMIT_MS
  reason = `did not finish in ${LIMIT_MS / 1000} s`
}

/**
 * @param {ReturnType<typeof startChild>} child
 * @param {string} command
 * @param {unknown} [input]
 */
async function within(child, command, input) {
  const answer = await child.ask(command, input, LIMIT_MS)
  if (answer === STOPPED) throw new TooLate()
  return answer
}

/** @typedef {{ problem: string, limit?: number }} Problem for a cell of a table */

/**
 * @param {unknown} error
 * @returns {Problem}
 */
function problemOf(error) {
  if (error instanceof TooLate) return { problem: error.reason, limit: error.limit }
  const reason = error instanceof ChildError ? error.reason : String(error).split('\n')[0]
  return { problem: reason.replace(/[^\s']*bino-bench-\w+/g, '…') }
}

/** @param {WatchStartRow} row */
const describedStart = ({ problem, ready, watches }) =>
  problem ?? `ready after ${ready?.p50.toFixed(0)} ms, ${watches} watches`

/** @param {WatchStormRow} row */
const describedStorm = ({ problem, events, lost, wrong, cpu }) =>
  problem ?? `${events} events, ${lost} lost, ${wrong} wrong, ${cpu} ms of CPU`

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0)
