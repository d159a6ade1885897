/**
 * `npm run bench [-- --only latency,storm,scan,watchers,truth,propagation] [--sizes …] [--add] [--quick]`: bino-hmr beside
 * stock Vite, bundlers and watchers in one run. Prints what it does, and writes `bench-results/`: `results.json` and
 * `table.md` after each row, and plots. It never judges: a slow machine gives slow figures, not a failure.
 *
 * `npm run bench -- --plots` measures nothing, and draws `docs/plots/` anew from the last results.
 *
 * `docs/benchmark.md` says what is measured and how.
 */

import { parseArgs } from 'node:util'
import { measureLatency } from './latency.js'
import { describeMachine } from './machine.js'
import { measurePropagation } from './propagation.js'
import { lastResults, Results } from './results.js'
import { measureScan } from './scan.js'
import { measureStorm } from './storm.js'
import { measureTruth } from './truth.js'
import { measureWatchers, TREE_SIZES, watchersTake } from './watchers.js'

/** What measures each section, and how many seconds that takes on two quiet cores: all of it, and a quick run. */
const SECTIONS = {
  latency: { measure: measureLatency, takes: [115, 40] },
  storm: { measure: measureStorm, takes: [50, 30] },
  scan: { measure: measureScan, takes: [215, 40] },
  watchers: { measure: measureWatchers },
  truth: { measure: measureTruth, takes: [420, 180] },
  propagation: { measure: measurePropagation, takes: [560, 160] },
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    sizes: { type: 'string' },
    add: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    plots: { type: 'boolean', default: false },
  },
})
if (values.plots) {
  await plot(last(), '../docs/plots/')
  process.exit(0)
}

const { quick } = values
const wanted = listed('only', values.only, Object.keys(SECTIONS)) ?? Object.keys(SECTIONS)
const sizes = listed('sizes', values.sizes, TREE_SIZES)
if (sizes && !wanted.includes('watchers'))
  fail('--sizes chooses among the trees of watchers, which --only leaves out')

const startedAt = performance.now()
/** @param {number} [since] */
const clock = (since = startedAt) => {
  const seconds = Math.round((performance.now() - since) / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

// Ends by itself, so that children and folders are gone as at any other end.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    console.error(`\n${signal} after ${clock()}: what was measured until then is in bench-results/`)
    process.exit(130)
  })
}

const results = new Results({ ...describeMachine(), quick }, values.add ? last() : undefined)
const minutes = (/** @type {string[]} */ names) => Math.ceil(sum(names.map(takes)) / 60)
console.log(
  `${minutes(wanted)} min on two quiet cores: ` +
    wanted.map((name) => `${name} ${minutes([name])}`).join(', '),
)
for (const [nth, name] of wanted.entries()) {
  const before = performance.now()
  console.log(`\n${name}: ${minutes([name])} min; ${clock()} so far, ${minutes(wanted.slice(nth))} min to go`)
  const { measure } = /** @type {{ measure: (options: any) => Promise<unknown> }} */ (
    SECTIONS[/** @type {keyof typeof SECTIONS} */ (name)]
  )
  const isPart = name === 'watchers' && sizes !== undefined
  const keep = (/** @type {unknown} */ rows) =>
    results.keep(name, rows, { seconds: (performance.now() - before) / 1000, isPart })
  const say = (/** @type {string} */ line) => console.log(`  ${clock()} ${line}`)
  try {
    const earlier = isPart ? results.measured[name] : undefined
    keep(await measure({ quick, sizes, earlier, keep, say }))
    console.log(`  ${name} took ${clock(before)}`)
  } catch (error) {
    // The other sections are still worth measuring.
    results.breakOff(name, error)
    console.error(`  ${name} broke off after ${clock(before)}:`, error)
  }
}
console.log(`\n${results.table}\nwritten to bench-results/ after ${clock()}`)
await plot(results.measured, '../bench-results/')
process.exit(Object.keys(results.run.brokeOff).length > 0 ? 1 : 0)

/** @param {string} name */
function takes(name) {
  if (name === 'watchers') return watchersTake({ quick, sizes })
  const section = /** @type {{ takes: number[] }} */ (/** @type {any} */ (SECTIONS)[name])
  return section.takes[quick ? 1 : 0]
}

/**
 * What an option chooses, in the order of what there is.
 *
 * @param {string} option
 * @param {string | undefined} value
 * @param {string[]} all
 */
function listed(option, value, all) {
  if (value === undefined) return undefined
  const chosen = value.split(',')
  const unknown = chosen.filter((name) => !all.includes(name))
  if (unknown.length > 0) fail(`--${option} takes ${all.join(', ')}; not ${unknown.join(', ')}`)
  return all.filter((name) => chosen.includes(name))
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(message)
  process.exit(1)
}

function last() {
  try {
    return lastResults()
  } catch (error) {
    return fail(`there are no last results: ${/** @type {Error} */ (error).message}`)
  }
}

/**
 * @param {import('./results.js').Measured} results
 * @param {string} to
 */
async function plot(results, to) {
  // Not before the end: a large library that has no business in what is measured.
  const { drawPlots } = await import('./plots.js')
  for (const file of await drawPlots(results, new URL(to, import.meta.url))) console.log(`drawn: ${file}`)
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((one, other) => one + other, 0)
}
