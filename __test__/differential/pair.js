/**
 * Stock Vite and ours side by side: plays cases in both, and makes a failing one as small as it gets.
 */

import { smaller } from './cases.js'
import { differences } from './compare.js'
import { createRoot, World } from './worlds.js'

/**
 * @typedef {import('./cases.js').Case} Case
 */

/** How many smaller cases are tried before the smallest so far is good enough. */
const TRIES = 2000

export class Pair {
  #cases = 0
  /** How often stock Vite answered in which way: cases that are all alike prove little. @type {Map<string, number>} */
  tally = new Map()
  /** What came of ours in the latest step. @type {Record<string, import('./worlds.js').Outcome> | undefined} */
  latest

  /**
   * @param {object} options
   * @param {string} options.vite
   * @param {boolean} [options.hooks]
   * @param {boolean} [options.middlewareMode]
   * @param {import('../../index.d.ts').BinoHmrOptions} [options.bino]
   */
  static async start({ vite, hooks, middlewareMode, bino }) {
    const pair = new Pair()
    pair.folder = createRoot()
    const { root } = pair.folder
    pair.stock = await World.start({ root, vite, hooks, middlewareMode, bino: false })
    pair.ours = await World.start({ root, vite, hooks, middlewareMode, bino: { log: 'silent', ...bino } })
    return pair
  }

  async close() {
    await Promise.all([this.stock.close(), this.ours.close()])
    this.folder.remove()
  }

  /**
   * Plays a case in both worlds.
   *
   * @param {Case} made
   * @returns {Promise<string[]>} what differs after the first step that differs
   */
  async play(made) {
    const folder = `c${this.#cases++}`
    await this.stock.build(made, folder)
    await this.ours.build(made, folder)
    let edited = false
    for (const [index, step] of made.steps.entries()) {
      const stock = await this.stock.play(step)
      const ours = await this.ours.play(step)
      this.latest = ours
      for (const outcome of Object.values(stock)) this.#count(outcome)
      edited ||= step.edits.some(({ edit }) => edit.do.endsWith('-importer'))
      if (edited) for (const outcomes of [stock, ours]) forgetCircular(outcomes)
      const found = Object.keys(made.graphs).flatMap((environment) =>
        differences(stock[environment], ours[environment], step).map(
          (line) => `step ${index}, ${environment}: ${line}`,
        ),
      )
      const logged = [...this.stock.logged.splice(0), ...this.ours.logged.splice(0)]
      found.push(...logged.map((line) => `step ${index}, logged: ${line}`))
      if (found.length > 0) return found
    }
    return []
  }

  /** @param {import('./worlds.js').Outcome} outcome */
  #count({ payloads, before, after }) {
    const ways = payloads.length === 0 ? ['silence'] : payloads.map(({ type }) => type)
    for (const payload of payloads) {
      if (payload.type === 'full-reload' && payload.path !== '*') ways.push('reload of one page')
      if (payload.type !== 'update') continue
      for (const update of payload.updates) {
        ways.push(update.type)
        if (update.isWithinCircularImport) ways.push('circular')
        if (update.explicitImportRequired) ways.push('explicit')
        if (update.path !== update.acceptedPath) ways.push('accepted import')
      }
    }
    for (const [url, { hmr, state }] of after) {
      if (hmr !== before.get(url).hmr) ways.push(state === 'HARD_INVALIDATED' ? 'hard' : 'soft')
    }
    for (const way of ways) this.tally.set(way, (this.tally.get(way) ?? 0) + 1)
  }

  /**
   * Fails with the smallest case that still differs, if the case differs.
   *
   * @param {Case} made
   * @param {number} seed
   */
  async check(made, seed) {
    let found = await this.play(made)
    if (found.length === 0) return
    let smallest = made
    for (let tries = 0; tries < TRIES; ) {
      let shrunk = false
      for (const next of smaller(smallest)) {
        if (++tries > TRIES) break
        const still = await this.play(next)
        if (still.length === 0) continue
        smallest = next
        found = still
        shrunk = true
        break
      }
      if (!shrunk) break
    }
    throw new Error(
      [`seed ${seed} differs (BINO_SEED=${seed} runs it alone):`, ...found, print(smallest)].join('\n'),
    )
  }
}

/**
 * The case as code, to be pasted into the table of fixed cases.
 *
 * @param {Case} made
 */
function print({ graphs, steps }) {
  const lines = Object.entries(graphs).flatMap(([environment, modules]) => [
    `  ${environment}:`,
    ...modules.map((module, index) => `    ${index} ${JSON.stringify(module)}`),
  ])
  return [...lines, ...steps.map((step, index) => `  step ${index}: ${JSON.stringify(step)}`)].join('\n')
}

/**
 * Whether a module is in a cycle may depend on modules that no walk visits. An importer that a plugin adds to such a
 * module itself, past Vite's `updateModuleInfo`, is not seen: then the mark, and only the mark, may be out of date.
 *
 * @param {Record<string, import('./worlds.js').Outcome>} outcomes
 */
function forgetCircular(outcomes) {
  for (const { payloads } of Object.values(outcomes)) {
    for (const payload of payloads) {
      if (payload.type === 'update')
        for (const update of payload.updates) update.isWithinCircularImport = false
    }
  }
}
