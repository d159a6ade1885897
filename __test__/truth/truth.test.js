/**
 * The truth test: whatever is done to a folder, and however fast, what the events add up to is what lies on disk.
 *
 * `BINO_TEST_SEEDS=20000` tells more stories, `BINO_TEST_SEED=293` that one, a hundred times: a story is the same each
 * time, but what overtakes what is not.
 */

import os from 'node:os'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { OPERATIONS, tellStory } from './operations.js'
import { playAll } from './play.js'
import { randomOf } from './random.js'
import { createYard, Writers } from './writer.js'

const { BINO_TEST_SEED, BINO_TEST_SEEDS = '1000' } = process.env

/** In each test; a thousand are ten tests. */
const AT_ONCE = 100

/** Most stories are played in memory, where a busy disk does not slow the storms down, and some on the disk. */
const [memory, disk] = ['/dev/shm', os.tmpdir()]

const writers = new Writers()
/** @type {ReturnType<typeof createYard>[]} */
const yards = []
beforeAll(() => {
  yards.push(createYard(disk), createYard(memory))
})
afterAll(() => {
  writers.close()
  for (const yard of yards) yard.remove()
})

/** @param {number[]} seeds @param {number} yard */
async function expectTruth(seeds, yard) {
  const problems = await playAll(
    seeds.map((seed) => tellStory(seed)),
    yards[yard].folder,
    writers,
  )
  expect(problems.join('\n\n')).toBe('')
}

if (BINO_TEST_SEED) {
  it(`tells the truth with seed ${BINO_TEST_SEED}, again and again`, { timeout: 600_000 }, async () => {
    await expectTruth(Array(100).fill(Number(BINO_TEST_SEED)), 1)
  })
} else {
  const tests = Math.ceil(Number(BINO_TEST_SEEDS) / AT_ONCE)
  const firsts = Array.from({ length: tests }, (_, at) => at * AT_ONCE + 1)
  it.each(firsts)('tells the truth with a hundred seeds from %i on', { timeout: 600_000 }, async (first) => {
    const seeds = Array.from({ length: AT_ONCE }, (_, at) => first + at)
    await expectTruth(seeds, first === 1 ? 0 : 1)
  })
}

it.each(Object.keys(OPERATIONS))('nothing but: %s', async (kind) => {
  const stories = [1, 2, 3].map((seed) => tellStory(seed, { kinds: [kind] }))
  expect((await playAll(stories, yards[1].folder, writers, 3)).join('\n\n')).toBe('')
})

it('tells the truth where every name comes back for something else', { timeout: 600_000 }, async () => {
  const stories = Array.from({ length: 60 }, (_, at) => tellStory(at + 1, { names: ['a', 'b', 'c'] }))
  expect((await playAll(stories, yards[1].folder, writers)).join('\n\n')).toBe('')
})

it('a seed says it all', () => {
  expect(tellStory(7)).toEqual(tellStory(7))
  expect(tellStory(7)).not.toEqual(tellStory(8))
})

it('the random numbers are spread evenly', () => {
  const random = randomOf(1)
  const counts = Array(10).fill(0)
  for (let at = 0; at < 10_000; at++) counts[random.below(10)] += 1
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
