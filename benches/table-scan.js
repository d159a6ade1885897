/** The cold scans as Markdown. Pure. */

import { count, factor, megabytes, ms, table } from './markdown.js'
import { SIDE_NAMES } from './names.js'

/**
 * @param {import('./scan.js').ScanRow[]} rows
 * @returns {string[]}
 */
export const scanTable = (rows) => [
  '## Cold scan',
  'From nothing to the whole module graph of a generated application, warm page cache, each sample a process of its own ' +
    'with the library loaded. **Ours** is `createWatcher({ root, entries })` until it is ready, so everything is watched, ' +
    'too. The floor reads and parses the same files and resolves nothing. Rolldown’s scan, its build and esbuild’s build ' +
    'transform as well, and the builds link and print; Vite transforms each module for the browser: what else they do is ' +
    'no waste. CPU and memory are those of the whole process and its children, the start of Node included.',
  table(
    ['modules', 'side', 'samples', 'median', 'slowest', '/ ours', 'CPU', 'peak MB', 'modules found'],
    rows.map(({ size, side, limit, time, ratio, cpu, peak, modules, expected }) => [
      count(size),
      SIDE_NAMES[side],
      time?.n ?? '',
      limit ? `> ${limit / 1000} s (stopped)` : ms(time?.p50),
      ms(time?.max),
      side === 'ours' || !ratio ? '' : factor(1 / ratio),
      cpu === undefined ? '' : ms(cpu),
      megabytes(peak),
      modules === undefined
        ? ''
        : modules === expected
          ? count(modules)
          : `**${count(modules)} of ${count(expected)}**`,
    ]),
  ),
]
