/**
 * The differential tests of payloads and module states, for one version of Vite. One case is one random graph for each
 * environment and one to five saves.
 *
 * `BINO_CASES=100000` plays more cases, `BINO_SEED=123` one alone.
 */

import { describe, expect, it } from 'vitest'
import { randomCase, randomOrderlyCase, randomUpdates } from './cases.js'
import { Pair } from './pair.js'

const CASES = Number(process.env.BINO_CASES ?? 10_000)

/** Vite forgets no module: a server that has played more cases than this gets slow. */
const CASES_OF_A_SERVER = 400

const CHUNK_DEADLINE_MS = 300_000

/** The ways in which a pair of servers is set up, which the chunks of cases take in turn. */
const SETUPS = [
  {
    name: 'with plugins that filter, in middleware mode',
    hooks: true,
    middlewareMode: true,
    make: randomCase,
  },
  { name: 'with plugins that filter', hooks: true, make: randomCase },
  { name: 'without such plugins', hooks: false, make: randomUpdates },
  {
    name: 'with plugins that filter and with verify',
    hooks: true,
    make: randomOrderlyCase,
    bino: { verify: true },
  },
]

/** What every server's cases must have led to at least once. */
const WAYS = [
  'silence',
  'update',
  'js-update',
  'css-update',
  'circular',
  'explicit',
  'accepted import',
  'full-reload',
  'hard',
  'soft',
]

/** @param {string} vite the package */
export function compareWithStock(vite) {
  describe(`payloads and module states are those of stock ${vite}`, () => {
    if (process.env.BINO_SEED) {
      const seed = Number(process.env.BINO_SEED)
      for (const setup of SETUPS) {
        it(`${setup.name}, seed ${seed}`, () => play(vite, setup, seed, seed), CHUNK_DEADLINE_MS)
      }
      return
    }
    for (let first = 0, chunk = 0; first < CASES; first += CASES_OF_A_SERVER, chunk++) {
      const setup = SETUPS[chunk % SETUPS.length]
      const last = Math.min(first + CASES_OF_A_SERVER, CASES) - 1
      it(`${setup.name}, seeds ${first} to ${last}`, () => play(vite, setup, first, last), CHUNK_DEADLINE_MS)
    }
  })
}

/**
 * @param {string} vite
 * @param {typeof SETUPS[number]} setup
 * @param {number} first
 * @param {number} last
 */
async function play(vite, { make, ...setup }, first, last) {
  const pair = await Pair.start({ vite, ...setup })
  try {
    for (let seed = first; seed <= last; seed++) await pair.check(make(seed), seed)
    if (last - first + 1 === CASES_OF_A_SERVER)
      expect([...pair.tally.keys()]).toEqual(expect.arrayContaining(WAYS))
  } finally {
    await pair.close()
  }
}
