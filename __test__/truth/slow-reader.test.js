/**
 * A reader that is blocked for as long as somebody writes: what waited for it comes as one batch, and is true.
 */

import { fork } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { Consumer, differences, treeOnDisk } from './consumer.js'
import { createYard } from './writer.js'

/** Waves with pauses between them that are long beside a transaction; says when it has ended with a file. */
const WRITER = `
import fs from 'node:fs'
const [root, done] = process.argv.slice(2)
const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
for (let wave = 0; wave < 6; wave++) {
  for (let at = 0; at < 200; at++) fs.writeFileSync(root + '/f' + at, 'wave ' + wave)
  fs.mkdirSync(root + '/only' + wave)
  fs.writeFileSync(root + '/only' + wave + '/x', '')
  if (wave > 0) fs.rmSync(root + '/only' + (wave - 1), { recursive: true })
  fs.writeFileSync(root + '/temporary', String(wave))
  pause(120)
  fs.unlinkSync(root + '/temporary')
}
fs.writeFileSync(root + '/late', 'late')
fs.writeFileSync(root + '/last', 'last')
fs.writeFileSync(done, '')
`

/** Vitest takes a test program that says nothing for a minute to be lost. */
const PATIENCE_MS = 50_000

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/** Blocks the event loop until something holds. @param {() => boolean} holds */
function blockUntil(holds) {
  const end = performance.now() + PATIENCE_MS
  while (!holds()) {
    if (performance.now() > end) throw new Error('not all that was written is known')
    Atomics.wait(sleeper, 0, 0, 5)
  }
}

it.each(['a listener', 'a loop'])('%s that is blocked gets one true batch', async (how) => {
  const yard = createYard()
  onTestFinished(() => yard.remove())
  const root = path.join(yard.folder, 'pack')
  const script = path.join(yard.folder, 'writer.mjs')
  const done = path.join(yard.folder, 'done')
  writeFileSync(script, WRITER)

  const watcher = createWatcher({ root, debounce: 0 })
  onTestFinished(() => watcher.close())
  await watcher.ready
  const consumer = new Consumer(root)
  /** @type {Promise<void>} */
  const complete = new Promise((resolve) => {
    const take = (/** @type {import('../../index.d.ts').WatcherBatch} */ batch) => {
      consumer.take(batch)
      if (consumer.known.has(`${root}/last`)) resolve()
    }
    if (how === 'a listener') watcher.on('batch', take)
    else {
      void (async () => {
        for await (const batch of watcher) take(batch)
      })()
    }
  })
  const before = watcher.stats()
  const writer = fork(script, [root, done], { execArgv: [] })
  onTestFinished(() => void writer.kill())
  // What the waves leave: 200 files, the two last ones, and one in a folder.
  blockUntil(() => {
    const { files, directories, pending } = watcher.stats()
    const isKnown = files === before.files + 203 && directories === before.directories + 1
    return existsSync(done) && isKnown && pending === 0
  })
  await complete

  expect(consumer.problems).toEqual([])
  expect(differences(consumer.known, treeOnDisk(root))).toEqual([])
  // What came last may have been on its way still; of the five waves before it nothing was told apart.
  expect(consumer.batches.length).toBeLessThanOrEqual(2)
  const [{ epoch, changes }] = consumer.batches
  expect(epoch).toBeGreaterThan(5)
  expect(changes.filter(({ path: file }) => /only[0-4]|temporary/.test(file))).toEqual([])
})
