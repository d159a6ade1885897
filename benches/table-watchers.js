/** The watchers as Markdown. Pure. */

import { count, megabytes, ms, table } from './markdown.js'
import { SIDE_NAMES } from './names.js'

/**
 * @param {Awaited<ReturnType<typeof import('./watchers.js').measureWatchers>>} watchers
 * @returns {string[]}
 */
export const watcherTables = ({ starts, storms, idle }) => [
  '## Watching a folder',
  'Without Vite, each watcher in a process of its own; all ignore `node_modules`, except `fs.watch`, which cannot, and ' +
    'nothing else. **Ready** is when it says so. Memory ' +
    'is resident, and "more" what it is above a Node process that watches nothing. Watches cost the kernel about 1 kB ' +
    'each, which is in no column. Medians.',
  table(
    ['tree', 'watcher', 'starts', 'ready', 'slowest', 'watches', 'CPU', 'MB', 'more'],
    starts.map(({ tree, side, problem, ready, watches, cpu, memory, rise }) => [
      tree,
      SIDE_NAMES[side],
      ready?.n ?? '',
      problem ?? (side === 'nothing' ? '' : ms(ready?.p50)),
      side === 'nothing' ? '' : ms(ready?.max),
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
      row.problem ?? ms(row.writing),
      ms(row.last),
      count(row.events),
      row.lost ? `**${count(row.lost)}** (${kinds(row.lostKinds ?? {})})` : (row.lost ?? ''),
      row.wrong ? `**${count(row.wrong)}**` : (row.wrong ?? ''),
      row.cpu === undefined ? '' : ms(row.cpu),
      ms(row.busy),
      megabytes(row.memory),
    ]),
  ),
  '### Idle',
  table(
    ['tree', 'watcher', 'seconds', 'CPU', 'share of one core'],
    idle.map(({ tree, side, seconds, cpu }) => [
      tree,
      SIDE_NAMES[side],
      seconds,
      ms(cpu),
      `${(cpu / seconds / 10).toFixed(2)} %`,
    ]),
  ),
]

/** @param {Record<string, number>} lost */
const kinds = (lost) =>
  Object.entries(lost)
    .map(([kind, files]) => `${count(files)} ${kind}`)
    .join(', ')
