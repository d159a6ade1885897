/**
 * Plays a story before `createWatcher()`, and says where what was told is not what is on disk.
 */

import fs from 'node:fs'
import { createWatcher } from '../../js/index.js'
import { DEADLINE_MS } from '../support/project.js'
import { Consumer, differences, treeOnDisk } from './consumer.js'
import { bytes } from './model.js'
import { openStory, perform, show } from './writer.js'

/**
 * @typedef {import('./operations.js').Story} Story
 * @typedef {import('../../index.d.ts').Watcher} Watcher
 */

/** @param {Story} story @param {string} yard @param {import('./writer.js').Writers} writers */
export async function play(story, yard, writers) {
  const { base, root, remove } = await openStory(yard, story)
  const watcher = createWatcher({ root, debounce: story.debounce })
  try {
    const audience = new Audience(watcher, root, story)
    await watcher.ready
    const consumer = audience.begin()
    for (const [round, steps] of story.rounds.entries()) {
      if (story.writer === 'process') await writers.perform(base, steps)
      else await perform(base, steps, { yields: story.pace !== 'fast' || story.seed % 2 === 0 })
      await audience.settle(`round ${round}`)
      audience.compare(`round ${round}`, story.rounds.slice(0, round + 1).flat())
    }
    // Whatever happened, each folder is watched under the name that it has now.
    for (const [path, { type }] of treeOnDisk(root)) {
      if (type === 'directory' && bytes(path) < 4000) fs.writeFileSync(`${path}/.probe`, 'probe')
    }
    await audience.settle('the probes')
    audience.compare('the probes', story.rounds.flat())
    return consumer.batches.length
  } finally {
    await watcher.close()
    remove()
  }
}

/** Whoever is told. */
class Audience {
  /** @type {Consumer} */
  #consumer
  #sentinels = 0
  /** @type {Error | undefined} */
  #warning

  /** @param {Watcher} watcher @param {string} root @param {Story} story */
  constructor(watcher, root, story) {
    this.watcher = watcher
    this.root = root
    this.story = story
    watcher.on('error', (error) => {
      this.#warning = error
    })
  }

  /** To be called when the watcher is ready. */
  begin() {
    this.#consumer = new Consumer(this.root)
    if (this.story.loop) void this.#loop()
    else this.watcher.on('batch', (batch) => this.#take(batch))
    return this.#consumer
  }

  /**
   * Waits until a file that is written now was told, and nothing is under way.
   *
   * @param {string} when
   */
  async settle(when) {
    const sentinel = `${this.root}/.sentinel-${this.#sentinels++}`
    fs.writeFileSync(sentinel, 'sentinel')
    const isQuiet = () => {
      if (!this.#consumer.known.has(sentinel)) return false
      const { pending, epoch } = this.watcher.stats()
      return pending === 0 && epoch === this.#consumer.epoch
    }
    const end = performance.now() + DEADLINE_MS
    while (!isQuiet()) {
      if (performance.now() > end) {
        this.compare(when, [], JSON.stringify(this.watcher.stats()))
        throw new Error(
          `seed ${this.story.seed}, ${when}: never quiet, ${JSON.stringify(this.watcher.stats())}`,
        )
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  /**
   * @param {string} when
   * @param {import('./model.js').Step[]} steps
   * @param {string} [note]
   */
  compare(when, steps, note = '') {
    if (this.#warning) throw this.#warning
    const { problems, known, batches } = this.#consumer
    const wrong = differences(known, treeOnDisk(this.root))
    if (wrong.length === 0 && problems.length === 0) return
    const { before: _, rounds: __, ...facts } = this.story
    const names = [...wrong.map(({ path }) => path), ...problems].join('\n')
    // Of a long story, what speaks of the names that are wrong.
    const concerns = (/** @type {string | undefined} */ path) =>
      path !== undefined && names.includes(path.slice(path.lastIndexOf('/') + 1))
    const lines = [
      `BINO_TEST_SEED=${facts.seed} ${JSON.stringify(facts)}, ${when} ${note}`,
      ...wrong.slice(0, 20).map(({ path, what }) => `  ${what}: ${this.#short(path)}`),
      ...problems.slice(0, 20).map((problem) => `  ${this.#short(problem)}`),
      'steps:',
      ...steps
        .filter(({ path, to, do: what }) => what === 'checkout' || concerns(path) || concerns(to))
        .slice(-40)
        .map((step) => `  ${readable(show(step))}`),
      'told:',
      ...batches
        .flatMap(({ epoch, changes }) =>
          changes
            .filter(({ path }) => concerns(path))
            .map(({ kind, type, path }) => `  ${epoch} ${kind} ${type} ${this.#short(path)}`),
        )
        .slice(-60),
    ]
    throw new Error(lines.join('\n'))
  }

  async #loop() {
    for await (const batch of this.watcher) this.#take(batch)
  }

  /** @param {import('../../index.d.ts').WatcherBatch} batch */
  #take(batch) {
    if (this.story.block > 0) Atomics.wait(NOBODY, 0, 0, this.story.block)
    this.#consumer.take(batch)
  }

  /** @param {string} text */
  #short = (text) => readable(text.replaceAll(`${this.root}/`, ''))
}

/** Long names cut short. @param {string} text */
const readable = (text) => text.replaceAll(/(.)\1{9,}/gu, '$1…')

const NOBODY = new Int32Array(new SharedArrayBuffer(4))

/**
 * Plays stories side by side and gives the problems.
 *
 * @param {Story[]} stories
 * @param {string} yard
 * @param {import('./writer.js').Writers} writers
 * @param {number} [lanes]
 */
export async function playAll(stories, yard, writers, lanes = 6) {
  const waiting = [...stories]
  /** @type {string[]} */
  const problems = []
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let story = waiting.shift(); story; story = waiting.shift()) {
        await play(story, yard, writers).catch((error) =>
          problems.push(`seed ${story.seed}: ${error.message}`),
        )
      }
    }),
  )
  return problems
}
