/** The results as Markdown, with a sentence on what each table holds. Pure. */

import { bold, factor, ms, table } from './markdown.js'
import { SHAPE_NAMES } from './names.js'
import { scanTable } from './table-scan.js'
import { truthTables } from './table-truth.js'
import { watcherTables } from './table-watchers.js'

/**
 * @typedef {import('./propagation.js').Row} PropagationRow
 * @typedef {import('./propagation.js').Side} Side
 * @typedef {import('./statistics.js').Summary} Summary
 */

/** @param {import('./results.js').Measured} measured */
export function tableOf({ runs, latency, storm, scan, watchers, truth, propagation }) {
  const sections = [
    '# bino-hmr beside stock Vite and others',
    ...runs.map(runOf),
    ...(runs.some((/** @type {any} */ { quick }) => quick)
      ? ['**A quick run: few samples, small projects.** Not figures to quote.']
      : []),
    'All times in milliseconds. Each side is a process of its own; samples alternate. With few samples p99 is the slowest.',
  ]
  if (latency) sections.push(...savesOf(latency.saves), ...startsOf(latency.starts))
  if (storm) sections.push(...stormOf(storm))
  if (scan) sections.push(...scanTable(scan))
  if (watchers) sections.push(...watcherTables(watchers))
  if (truth) sections.push(...truthTables(truth))
  if (propagation) sections.push(...propagationOf(propagation))
  return `${sections.join('\n\n')}\n`
}

/** @param {import('./results.js').Run} run */
function runOf(run) {
  const took = Object.entries(run.sections).map(([name, seconds]) => `${name} in ${seconds} s`)
  const brokeOff = Object.entries(run.brokeOff).map(([name, error]) => `**${name} broke off: ${error}.**`)
  return [
    `\`${run.command}\`, ${run.date}, commit ${run.commit}. Node ${run.node}, ${versions(run.versions)}, ` +
      `${run.system}, ${run.cpus} CPUs (${run.cpu}), ${run.memoryGiB} GiB. ` +
      `Load when it began: ${run.loadAtStart.join(', ')}.`,
    ...(took.length > 0 ? [`Measured: ${took.join(', ')}.`] : []),
    ...brokeOff,
  ].join(' ')
}

/** @param {Record<string, string>} rivals */
const versions = (rivals) =>
  Object.entries(rivals)
    .map(([name, version]) => `${name === 'chokidar3' ? 'chokidar' : name} ${version}`)
    .join(', ')

/** @param {import('./latency.js').LatencyRow[]} rows */
function savesOf(rows) {
  return [
    '## Save → payload',
    'From the return of `writeFileSync` to `send` of the hot channel, on real servers and real files: event, hooks, ' +
      'propagation and invalidation included, sockets not. "In the page" goes on until a WebSocket client in another ' +
      'process has parsed the update. A ratio below 1 means that ours is faster.',
    table(
      [
        'project',
        'save',
        'updates',
        'saves',
        'stock p50',
        'p95',
        'p99',
        'ours p50',
        'p95',
        'p99',
        'ours / stock',
        'in the page: stock p50',
        'ours p50',
        'ours / stock',
        'lost, stock / ours',
      ],
      rows.map(({ project, kind, updates, stock, ours, ratio, pages, lost }) => [
        project,
        kind,
        updates[0] === updates[1] ? updates[0] : updates.join(' / '),
        ours.n,
        ...[stock, ours].flatMap(({ p50, p95, p99 }) => [p50, p95, p99].map(ms)),
        `**${ratio.toFixed(2)}** (${factor(1 / ratio)})`,
        ms(pages.stock.p50),
        ms(pages.ours.p50),
        pages.ratio.toFixed(2),
        lost.join(' / '),
      ]),
    ),
  ]
}

/** @param {import('./latency.js').StartRow[]} rows */
function startsOf(rows) {
  return [
    '## The first second',
    'From `createServer()` to `listen()` done, to every file being watched (`getWatched()`), and what became of edits ' +
      'that began as soon as the server listened, one every 50 ms. A watching time beside early edits includes them.',
    table(
      [
        'project',
        'side',
        'listens',
        'watches all',
        'early edits',
        'with a payload',
        'slowest of these',
        'payloads',
      ],
      rows.map(({ project, side, listening, watching, edits, seen, slowest, payloads }) => [
        project,
        side,
        ms(listening),
        ms(watching),
        edits,
        edits ? seen : '',
        edits ? ms(slowest) : '',
        edits ? payloads : '',
      ]),
    ),
  ]
}

/** @param {import('./storm.js').StormRow[]} rows */
function stormOf(rows) {
  return [
    '## Many files at once',
    'Written by another process. Medians of the rounds. "Updates" is what a page fetches; "missing" counts boundaries ' +
      'that should have been updated and were not, in the worst round.',
    table(
      [
        'what',
        'side',
        'payloads',
        'kB',
        'updates',
        'missing',
        'reloads',
        'writing took',
        'last payload after',
        'event loop busy',
        'longest block',
      ],
      rows.map((row) => [
        row.kind,
        row.side,
        row.payloads,
        (row.bytes / 1000).toFixed(1),
        row.updates,
        row.missing,
        row.reloads,
        ms(row.writing),
        ms(row.last),
        ms(row.busy),
        ms(row.longestDelay),
      ]),
    ),
  ]
}

/** @param {PropagationRow[]} rows */
function propagationOf(rows) {
  return [
    '## Propagation alone',
    'Medians for one saved module on graphs without files; `benches/shapes.js` draws the shapes. **Alone**: from the ' +
      'module to the payload, in ours with the mirror (its delta, and the comparison of every module on the way). ' +
      '**With invalidation**: the same and `invalidateModule`, which all three do in JavaScript. **JS**: the same linear ' +
      'walk in JavaScript, which needs no mirror. Stock is Vite’s own `updateModules`, stopped at 60 s.',
    table(
      [
        'shape',
        'modules',
        'updates',
        'stock',
        'ours',
        'faster',
        'JS',
        'stock with invalidation',
        'ours',
        'faster',
        'JS',
        'same payload',
      ],
      rows.map(({ shape, size, stock, ours, linear, samePayload }) => [
        SHAPE_NAMES[shape],
        size.toLocaleString('en'),
        ours.updates ?? 0,
        cell(stock, 'alone'),
        cell(ours, 'alone'),
        bold(faster(stock, ours, 'alone')),
        cell(linear, 'alone'),
        cell(stock, 'whole'),
        cell(ours, 'whole'),
        bold(faster(stock, ours, 'whole')),
        cell(linear, 'whole'),
        samePayload === undefined ? '' : samePayload ? 'yes' : '**no**',
      ]),
    ),
    'What the native part is worth, and what it costs: the walk alone; the save right after an import came or went ' +
      '(cycles are found anew); the first update of a loaded page, and how much of it is the mirror’s first delta, which ' +
      'is sent while the server idles. `onFileChange` is Vite’s own step before the hooks.',
    table(
      [
        'shape',
        'modules',
        'walk, native',
        'walk, JS',
        'after an edge change, ours',
        'JS',
        'first update, ours',
        'of it mirror',
        'JS',
        '`onFileChange`, stock',
        'ours',
      ],
      rows.map(({ shape, size, stock, ours, linear }) => [
        SHAPE_NAMES[shape],
        size.toLocaleString('en'),
        cell(ours, 'walk'),
        cell(linear, 'walk'),
        cell(ours, 'edge'),
        cell(linear, 'edge'),
        ms(ours.first),
        ms(ours.mirror),
        ms(linear.first),
        cell(stock, 'onFileChange'),
        cell(ours, 'onFileChange'),
      ]),
    ),
  ]
}

/**
 * @param {Side} side
 * @param {'alone' | 'whole' | 'walk' | 'edge' | 'onFileChange'} what
 */
function cell(side, what) {
  const summary = side[what]
  if (summary) return ms(summary.p50)
  // A stopped run says nothing about the steps before.
  if (side.outcome === 'update' || (what === 'onFileChange' && side.limit !== undefined)) return ''
  return side.outcome
}

/**
 * @param {Side} stock
 * @param {Side} ours
 * @param {'alone' | 'whole'} what
 */
function faster(stock, ours, what) {
  const mine = ours[what]?.p50
  const theirs = stock[what]?.p50
  if (mine === undefined) return ''
  if (theirs !== undefined) return factor(theirs / mine)
  return stock.limit === undefined ? '' : `> ${factor(stock.limit / mine)}`
}
