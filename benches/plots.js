/**
 * What of the results is drawn, and how it is named. A section that was not measured has no plot.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { draw } from './draw.js'
import { SHAPE_NAMES, SIDE_NAMES } from './names.js'

const TIME =
  "datum.value >= 1000 ? format(datum.value / 1000, ',') + ' s' : format(datum.value, '~r') + ' ms'"
const MEMORY = "datum.value >= 1000 ? format(datum.value / 1000, ',') + ' GB' : datum.value + ' MB'"

/**
 * @typedef {import('./draw.js').Plot} Plot
 * @typedef {import('./draw.js').Point} Point
 */

/**
 * @param {any} results
 * @param {URL} folder
 * @returns {Promise<string[]>} the files
 */
export async function drawPlots(results, folder) {
  const plots = [
    ...(results.watchers ? watcherPlots(results.watchers) : []),
    ...(results.scan ? scanPlots(results.scan) : []),
    ...(results.propagation ? propagationPlots(results.propagation) : []),
  ]
  mkdirSync(folder, { recursive: true })
  const files = []
  for (const [section, name, plot] of plots) {
    // A run that broke off has nothing to draw.
    if (plot.points.length === 0) continue
    const file = new URL(`${name}.svg`, folder)
    const [first, ...rest] = plot.notes
    const notes = [`${first} ${provenance(results.runs, section)}`, ...rest]
    writeFileSync(file, await draw({ ...around(plot), notes }))
    files.push(fileURLToPath(file))
  }
  return files
}

/**
 * @param {any[]} runs
 * @param {string} section
 */
function provenance(runs, section) {
  const own = runs.filter(({ sections }) => section in sections)
  const { date, node, vite, cpus, cpu, quick } = own[own.length - 1]
  const loads = own.map(({ loadAtStart }) => loadAtStart[0].toFixed(1))
  return (
    `${date.slice(0, 10)}, Node ${node.slice(1)}, Vite ${vite}, ${cpus} CPUs (${cpu}), ` +
    `load ${loads.join(' and ')}${quick ? ', quick run' : ''}.`
  )
}

/** A section, the name of a file, and what it shows. @typedef {[string, string, Omit<Plot, 'y'>]} Drawing */

/**
 * @param {{ starts: import('./watchers.js').WatchStartRow[] }} watchers
 * @returns {Drawing[]}
 */
function watcherPlots({ starts }) {
  const rows = starts.filter(({ tree }) => !tree.includes('node_modules'))
  const lines = named(['ours', 'parcel', 'chokidar3', 'chokidar6', 'node'])
  const shared = { xTitle: 'files, ten in a folder', lines }
  const point = (/** @type {typeof rows[0]} */ row, /** @type {number} */ y) => ({
    line: SIDE_NAMES[row.side],
    x: row.files,
    y,
  })
  // Whoever did not start has no point, and is not forgotten.
  const problems = rows
    .filter(({ side, problem }) => problem && lines.includes(SIDE_NAMES[side]))
    .map(({ side, tree, problem }) => `${SIDE_NAMES[side]}, ${tree}: ${shortened(problem ?? '')}.`)
  return [
    [
      'watchers',
      'watchers-start',
      {
        ...shared,
        title: 'Watching a folder: from start to ready',
        notes: [rows.some(({ limit }) => limit) ? 'Medians; ↑ was stopped.' : 'Medians.', ...problems],
        yTitle: 'time, lower is better',
        yFormat: TIME,
        background: named(['notify']),
        points: rows.flatMap((row) => {
          const y = row.limit ?? (row.problem ? undefined : row.ready?.p50)
          if (row.side === 'nothing' || y === undefined) return []
          return { ...point(row, y), open: row.limit !== undefined }
        }),
      },
    ],
    [
      'watchers',
      'watchers-memory',
      {
        ...shared,
        title: 'Watching a folder: resident memory of the process',
        notes: ['Medians.', ...problems],
        yTitle: 'memory, lower is better',
        yFormat: MEMORY,
        background: named(['notify', 'nothing']),
        points: rows.flatMap((row) =>
          row.memory === undefined || row.problem ? [] : point(row, row.memory / 1e6),
        ),
      },
    ],
  ]
}

/**
 * @param {import('./scan.js').ScanRow[]} rows
 * @returns {Drawing[]}
 */
function scanPlots(rows) {
  return [
    [
      'scan',
      'scan',
      {
        title: 'Cold scan: from nothing to the whole module graph',
        notes: ['Medians, warm page cache.'],
        xTitle: 'modules',
        yTitle: 'time, lower is better',
        yFormat: TIME,
        lines: named(['ours', 'rolldown', 'rolldownBuild', 'esbuild', 'vite']),
        background: named(['floor']),
        points: rows.flatMap(({ side, size, time, limit }) => {
          const y = limit ?? time?.p50
          return y === undefined ? [] : { line: SIDE_NAMES[side], x: size, y, open: limit !== undefined }
        }),
      },
    ],
  ]
}

/**
 * @param {import('./propagation.js').Row[]} rows
 * @returns {Drawing[]}
 */
function propagationPlots(rows) {
  const shapes = ['uiKit', 'acceptingLayers', 'clusters']
  const sides = /** @type {const} */ (['ours', 'stock', 'linear'])
  /** @type {Point[]} */
  const points = []
  for (const row of rows.filter(({ shape }) => shapes.includes(shape))) {
    for (const name of sides) {
      const side = row[name]
      const y = side.whole?.p50 ?? side.limit
      if (y === undefined) continue
      const open = side.limit !== undefined
      points.push({ panel: SHAPE_NAMES[row.shape], line: SIDE_NAMES[name], x: row.size, y, open })
    }
  }
  return [
    [
      'propagation',
      'propagation',
      {
        title: 'One saved module, until its payload and all invalidation are done',
        notes: ['Medians; ↑ was stopped.'],
        xTitle: 'modules',
        yTitle: 'time, lower is better',
        yFormat: TIME,
        lines: named(sides),
        panels: shapes.map((shape) => SHAPE_NAMES[shape]),
        points,
      },
    ],
  ]
}

/** A line of a plot holds about this much. */
const NOTE_LENGTH = 90

/** @param {string} text */
const shortened = (text) => (text.length > NOTE_LENGTH ? `${text.slice(0, NOTE_LENGTH)}…` : text)

/** @param {readonly string[]} sides */
const named = (sides) => sides.map((side) => SIDE_NAMES[side])

/**
 * The axis from just below the least to just above the most.
 *
 * @param {Omit<Plot, 'y'>} plot
 * @returns {Plot}
 */
function around(plot) {
  const all = plot.points.map(({ y }) => y)
  return { ...plot, y: [Math.min(...all) / 1.6, Math.max(...all) * 1.6] }
}
