/**
 * What was measured, in `bench-results/`: written anew after each row, so that whoever ends a long run loses nothing.
 *
 *     { runs: [{ command, date, loadAtStart, …, sections: { watchers: 812 } }], latency: …, watchers: … }
 *
 * Each run stands with its machine and its load, and with the seconds that its sections took.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tableOf } from './table.js'

export const FOLDER = new URL('../bench-results/', import.meta.url)
const FILE = new URL('results.json', FOLDER)

/**
 * @typedef {ReturnType<typeof import('./machine.js').describeMachine> & {
 *   quick: boolean,
 *   sections: Record<string, number>,
 *   brokeOff: Record<string, string>,
 * }} Run `sections` in seconds, `brokeOff` with the error
 *
 * @typedef {{ runs: Run[], [section: string]: any }} Measured
 */

/** @returns {Measured} */
export function lastResults() {
  const last = JSON.parse(readFileSync(FILE, 'utf8'))
  if (!Array.isArray(last.runs)) throw new Error('bench-results/results.json is of an older version')
  return last
}

export class Results {
  /**
   * @param {Omit<Run, 'sections' | 'brokeOff'>} about
   * @param {Measured} [last] what stays until it is measured again
   */
  constructor(about, last = { runs: [] }) {
    /** @type {Run} */
    this.run = { .../** @type {Run} */ (about), sections: {}, brokeOff: {} }
    this.measured = last
    this.measured.runs.push(this.run)
    mkdirSync(FOLDER, { recursive: true })
  }

  /**
   * @param {string} section
   * @param {unknown} rows all that there are of it so far
   * @param {object} about
   * @param {number} about.seconds that they took
   * @param {boolean} about.isPart whether some of them are of earlier runs
   */
  keep(section, rows, { seconds, isPart }) {
    const { run, measured } = this
    measured[section] = rows
    run.sections[section] = Math.round(seconds)
    if (!isPart) {
      for (const other of measured.runs) if (other !== run) delete other.sections[section]
      measured.runs = measured.runs.filter((other) => other === run || Object.keys(other.sections).length > 0)
    }
    this.#write()
  }

  /**
   * @param {string} section
   * @param {unknown} error
   */
  breakOff(section, error) {
    this.run.brokeOff[section] = String(error).split('\n')[0]
    this.#write()
  }

  get table() {
    return tableOf(this.measured)
  }

  #write() {
    writeFileSync(FILE, `${JSON.stringify(this.measured, null, 2)}\n`)
    writeFileSync(new URL('table.md', FOLDER), this.table)
  }
}
