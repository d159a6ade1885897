/**
 * Propagation alone: what the same saved module costs stock Vite, us, and the same linear walk in JavaScript, on graphs
 * in difficult shapes. Each side is a process of its own; samples alternate.
 */

import { STOPPED, startChild } from './conversation.js'
import { emptyFolder } from './project.js'
import { summarize } from './statistics.js'

/** A stock run that has said nothing for this long is stopped. */
const LIMIT_MS = 60_000

/** Samples of one side in one row end after this long together, with all that prepares them… */
const BUDGET_MS = 4000

/** …but not before there are this many; for stock Vite one is enough, since one may take a minute. */
const LEAST = 5

const SIDES = /** @type {const} */ (['stock', 'ours', 'linear'])

const SIZES = [1000, 10_000, 50_000, 100_000]

/** @type {[string, number[]][]} */
const ROWS = [
  ['uiKit', SIZES],
  ['acceptingLayers', SIZES],
  ['clusters', SIZES],
  ['hub', [10_000]],
  ['flatHub', [10_000]],
  ['chain', [3000, 100_000]],
  ['cycle', [5000, 100_000]],
]

/**
 * @typedef {import('./statistics.js').Summary} Summary
 *
 * @typedef {object} Side
 * @property {string} outcome `update`, or what came instead
 * @property {number} [limit] milliseconds after which it was stopped
 * @property {number} [updates]
 * @property {number} [circular] how many of the updates lie in an import cycle
 * @property {number} [first] milliseconds of the first update after the load, the mirror's whole cost included
 * @property {number} [mirror] milliseconds that the mirror had cost by then
 * @property {Summary} [alone] without invalidation
 * @property {Summary} [whole] with invalidation
 * @property {Summary} [walk] the walk alone
 * @property {Summary} [edge] as `alone`, right after an import came or went
 * @property {Summary} [onFileChange] Vite's step before the hooks
 *
 * @typedef {{ shape: string, size: number, stock: Side, ours: Side, linear: Side, samePayload: boolean | undefined }} Row
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void, keep: (rows: Row[]) => void }} options `keep` is told after each row
 * @returns {Promise<Row[]>}
 */
export async function measurePropagation({ quick, say, keep }) {
  const rows = []
  for (const [shape, sizes] of ROWS) {
    for (const size of sizes) {
      if (quick && size > 10_000) continue
      const row = await measureRow(shape, size, quick)
      say(`${shape} ${size}: ${SIDES.map((side) => `${side} ${short(row[side])}`).join(', ')}`)
      rows.push(row)
      keep(rows)
    }
  }
  return rows
}

/**
 * @param {string} shape
 * @param {number} size
 * @param {boolean} quick
 * @returns {Promise<Row>}
 */
async function measureRow(shape, size, quick) {
  const samples = quick ? 10 : 30
  const root = emptyFolder()
  const children = Object.fromEntries(
    SIDES.map((side) => [side, startChild('./propagation-child.js', [side, shape, String(size), root])]),
  )
  await Promise.all(SIDES.map((side) => children[side].ask('load')))
  const runs = SIDES.map((side) => new Run(children[side], side === 'stock'))
  for (const run of runs) await run.first()
  for (let index = -WARM_UP; index < samples; index++) for (const run of runs) await run.steady(index)
  for (let index = 0; index < LEAST; index++) for (const run of runs) await run.edge()
  await Promise.all(SIDES.map((side) => children[side].stop()))
  const [stock, ours, linear] = runs
  const { digest } = ours
  if (linear.digest !== digest)
    throw new Error(`${shape} ${size}: the walk in JavaScript finds something else`)
  return {
    shape,
    size,
    stock: stock.side(),
    ours: ours.side(),
    linear: linear.side(),
    // Nothing to compare with where stock Vite sent nothing.
    samePayload: stock.digest === undefined ? undefined : stock.digest === digest,
  }
}

/** Samples that only make the engine's compilers warm. */
const WARM_UP = 5

class Run {
  /** @type {any[]} */
  #steady = []
  /** @type {any[]} */
  #edge = []
  /** @type {any} */
  #first
  #spent = 0
  #asked = 0
  outcome = ''
  stopped = false
  /** @type {string | undefined} */
  digest

  /**
   * @param {ReturnType<typeof startChild>} child
   * @param {boolean} isStock
   */
  constructor(child, isStock) {
    this.child = child
    this.isStock = isStock
    // The first update and the warm-up come before.
    this.least = isStock ? 1 : 1 + WARM_UP + LEAST
  }

  async first() {
    this.#first = await this.#ask('first')
  }

  /** @param {number} index negative while warming up */
  async steady(index) {
    if (this.#spent >= BUDGET_MS && this.#asked >= this.least) return
    const answer = await this.#ask('steady')
    if (answer && index >= 0) this.#steady.push(answer)
  }

  async edge() {
    // Stock Vite keeps nothing that a new edge could make stale.
    if (this.isStock) return
    const answer = await this.#ask('edge')
    if (answer) this.#edge.push(answer)
  }

  /** @param {string} command */
  async #ask(command) {
    if (this.outcome !== '' && this.outcome !== 'update') return undefined
    this.#asked += 1
    const start = performance.now()
    const answer = await this.child.ask(command, undefined, LIMIT_MS)
    if (answer === STOPPED) {
      this.outcome = `> ${LIMIT_MS / 1000} s (stopped)`
      this.stopped = true
      return undefined
    }
    this.#spent += performance.now() - start
    this.outcome = answer.outcome
    if (this.digest !== undefined && answer.digest !== this.digest)
      throw new Error('a payload is not like the last')
    this.digest = answer.digest
    return answer
  }

  /** @returns {Side} */
  side() {
    const { outcome } = this
    const first = this.#first
    if (this.stopped) return { outcome, limit: LIMIT_MS }
    if (outcome !== 'update') return { outcome }
    // One sample took the whole budget: the first one is all there is.
    const steady = this.#steady.length > 0 ? this.#steady : [first]
    return {
      outcome,
      updates: first.updates,
      circular: first.circular,
      first: first.milliseconds + first.mirrorBefore,
      mirror: first.mirrorBefore + (first.parts.mirror ?? 0),
      alone: summarize(steady.map(alone)),
      whole: summarize(steady.map((sample) => sample.milliseconds)),
      walk: steady[0].parts.walk === undefined ? undefined : summarize(steady.map(({ parts }) => parts.walk)),
      edge: this.#edge.length > 0 ? summarize(this.#edge.map(alone)) : undefined,
      onFileChange: summarize(steady.map(({ parts }) => parts.onFileChange)),
    }
  }
}

/** @param {{ milliseconds: number, parts: Record<string, number> }} sample */
const alone = ({ milliseconds, parts }) => milliseconds - (parts.invalidate ?? 0)

/** @param {Side} side */
const short = ({ outcome, alone: time, whole }) =>
  time && whole ? `${time.p50.toFixed(2)} ms (${whole.p50.toFixed(2)} with invalidation)` : outcome
