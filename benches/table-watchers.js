/** The watchers as Markdown. Pure. */

import { bold, count, megabytes, ms, table } from './markdown.js'
import { SIDE_NAMES } from './names.js'

/**
 * @param {import('./watchers.js').WatcherRows} watchers
 * @returns {string[]}
 */
export const watcherTables = ({ starts, storms, idle }) => [
  '## Watching a folder',
  'Without Vite, each watcher in a process of its own; all ignore `node_modules`, except `fs.watch`, which cannot, and ' +
    'nothing else. **Ready** is when it says so. Memory ' +
    'is resident, and "more" what it is above a Node process that watches nothing. Watches cost the kernel about 1 kB ' +
    'each, which is in no column. Medians. What did not work is said where it was tried; other figures of that row are ' +
    'those of the starts before.',
  table(
    ['tree', 'watcher', 'starts', 'ready', 'slowest', 'watches', 'CPU', 'MB', 'more'],
    starts.map(({ tree, side, problem, ready, watches, cpu, memory, rise }) => [
      tree,
      SIDE_NAMES[side],
      ready?.n ?? '',
      problem ? bold(problem) : side === 'nothing' ? '' : ms(ready?.p50),
      side === 'nothing' || problem ? '' : ms(ready?.max),
      count(watches),
      cpu === undefined ? '' : ms(cpu),
      megabytes(memory),
      rise === undefined || side === 'nothing' ? '' : megabytes(rise),
    ]),
  ),
  '### A storm',
  'Another process rewrites, replaces, deletes and creates files as fast as it can; `benches/watched-tree.js` says in ' +
    'which shares. **Lost** are files of which nothing was heard after the last operation on them had begun, by what ' +
    'that operation was; **wrong** those whose last event says the opposite of what is there. CPU is the watching ' +
    'process’s, user and system.',
  table(
    [
      'tree',
      'watcher',
      'operations',
      'writing took',
      'last event after that',
      'events',
      'lost',
      'wrong',
      'CPU',
      'event loop busy',
      'MB then',
    ],
    storms.map((row) => [
      row.tree,
      SIDE_NAMES[row.side],
      count(row.operations),
      row.problem ? bold(row.problem) : ms(row.writing),
      ms(row.last),
      count(row.events),
      row.lost ? `**${count(row.lost)}** (${kinds(row.lostKinds ?? {})})` : (row.lost ?? ''),
      row.wrong ? `**${count(row.wrong)}**` : (row.wrong ?? ''),
      row.cpu === undefined ? '' : ms(row.cpu),
      ms(row.busy),
      megabytes(row.memory),
    ]),
  ),
  ...errorsOf(storms),
  '### Idle',
  table(
    ['tree', 'watcher', 'seconds', 'CPU', 'share of one core'],
    idle.map(({ tree, side, problem, seconds, cpu }) => [
      tree,
      SIDE_NAMES[side],
      seconds,
      problem ? bold(problem) : ms(cpu),
      cpu === undefined ? '' : `${(cpu / seconds / 10).toFixed(2)} %`,
    ]),
  ),
]

/** @param {import('./watchers.js').WatchStormRow[]} storms */
function errorsOf(storms) {
  const told = storms.flatMap(({ tree, side, errors }) =>
    Object.entries(errors ?? {}).map(
      ([name, times]) => `${SIDE_NAMES[side]}, ${tree}: ${name} (${count(times)})`,
    ),
  )
  return told.length > 0 ? [`Errors that watchers told of in a storm: ${told.join('; ')}.`] : []
}

/** @param {Record<string, number>} lost */
const kinds = (lost) =>
  Object.entries(lost)
    .map(([kind, files]) => `${count(files)} ${kind}`)
    .join(', ')
