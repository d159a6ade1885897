/**
 * `npm run bench [-- --only latency,storm,scan,watchers,truth,propagation] [--quick]`: bino-hmr beside stock Vite,
 * bundlers and watchers in one run. Prints what it does, and writes `bench-results/`: `results.json`, `table.md`, and
 * plots. It never judges: a slow machine gives slow figures, not a failure.
 *
 * `npm run bench -- --plots` measures nothing, and draws `docs/plots/` anew from the last results.
 *
 * `docs/benchmark.md` says what is measured and how.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { measureLatency } from './latency.js'
import { describeMachine } from './machine.js'
import { measurePropagation } from './propagation.js'
import { measureScan } from './scan.js'
import { measureStorm } from './storm.js'
import { tableOf } from './table.js'
import { measureTruth } from './truth.js'
import { measureWatchers } from './watchers.js'

const SECTIONS = {
  latency: measureLatency,
  storm: measureStorm,
  scan: measureScan,
  watchers: measureWatchers,
  truth: measureTruth,
  propagation: measurePropagation,
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    plots: { type: 'boolean', default: false },
  },
})
const folder = new URL('../bench-results/', import.meta.url)
if (values.plots) {
  await plot(JSON.parse(readFileSync(new URL('results.json', folder), 'utf8')), '../docs/plots/')
  process.exit(0)
}

const wanted = values.only?.split(',') ?? Object.keys(SECTIONS)
const unknown = wanted.filter((name) => !(name in SECTIONS))
if (unknown.length > 0) {
  console.error(`--only takes ${Object.keys(SECTIONS).join(', ')}; not ${unknown.join(', ')}`)
  process.exit(1)
}

// Ends by itself, so that children and folders are gone as at any other end.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))

const startedAt = performance.now()
/** @type {any} */
const results = { machine: describeMachine(), quick: values.quick }
mkdirSync(folder, { recursive: true })
for (const [name, measure] of Object.entries(SECTIONS)) {
  if (!wanted.includes(name)) continue
  console.log(`\n${name}`)
  results[name] = await measure({ quick: values.quick, say: (line) => console.log(`  ${line}`) })
  results.seconds = Math.round((performance.now() - startedAt) / 1000)
  // Whoever stops a long run keeps what was measured.
  writeFileSync(new URL('results.json', folder), `${JSON.stringify(results, null, 2)}\n`)
}
const table = tableOf(results)
writeFileSync(new URL('table.md', folder), table)
console.log(`\n${table}\nwritten to bench-results/ after ${results.seconds} s`)
await plot(results, '../bench-results/')
process.exit(0)

/**
 * @param {any} results
 * @param {string} to
 */
async function plot(results, to) {
  // Not before the end: a large library that has no business in what is measured.
  const { drawPlots } = await import('./plots.js')
  for (const file of await drawPlots(results, new URL(to, import.meta.url))) console.log(`drawn: ${file}`)
}
