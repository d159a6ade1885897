import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { waitFor, watchProject } from './support.js'

/** @param {number} seed */
function random(seed) {
  let state = seed
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return (state >> 8) % below
  }
}

/** What a consumer knows by its batches alone; a change that cannot be is a problem. */
class Replay {
  known = new Map()
  /** @type {string[]} */
  problems = []

  /** @param {import('../../index.d.ts').WatcherBatch} batch @param {string} root */
  take({ changes, epoch }, root) {
    for (const { kind, path: file, type } of changes) {
      const before = this.known.get(file)
      const folder = path.posix.dirname(file)
      const inFolder = folder === root || this.known.get(folder) === 'directory'
      const isEmpty = ![...this.known.keys()].some((other) => other.startsWith(`${file}/`))
      const fits = {
        create: before === undefined && inFolder,
        update: before === 'file' && type === 'file',
        delete: before === type && isEmpty,
      }
      if (!fits[kind]) this.problems.push(`epoch ${epoch}: ${kind} of ${file}, a ${type} that was ${before}`)
      if (kind === 'delete') this.known.delete(file)
      else this.known.set(file, type)
    }
  }
}

/** @param {string} root */
const onDisk = (root) =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => [
      path.join(entry.parentPath ?? entry.path, entry.name),
      entry.isFile() ? 'file' : 'directory',
    ])
    .sort()

const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30))

it(`consumers of any speed end with what is on disk, by changes that can be (SEED=${SEED})`, async () => {
  const { project, watcher } = await watchProject({}, { debounce: 0 })
  const { root } = project
  const next = random(SEED)
  const consumers = [0, 0, 30, 300].map((pause) => ({ pause, replay: new Replay() }))
  const [listener, ...loops] = consumers
  watcher.on('batch', (batch) => listener.replay.take(batch, root))
  const running = loops.map(async ({ pause, replay }) => {
    const wait = random(SEED + pause)
    for await (const batch of watcher) {
      replay.take(batch, root)
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, wait(pause)))
    }
  })

  const part = (/** @type {string} */ names) => names[next(names.length)]
  const anywhere = () =>
    path.join(root, part('abc'), ...(next(3) ? [part('xyz'), ...(next(2) ? [part('123')] : [])] : []))
  for (let step = 0; step < 800; step++) {
    const [one, two] = [anywhere(), anywhere()]
    const steps = [
      () => mkdirSync(one, { recursive: true }),
      () => writeFileSync(one, String(step)),
      () => writeFileSync(one, ''),
      () => rmSync(one, { recursive: true }),
      () => renameSync(one, two),
      () => {
        mkdirSync(path.dirname(one), { recursive: true })
        writeFileSync(one, '')
      },
    ]
    try {
      steps[next(steps.length)]()
    } catch {
      // Not everything can be done everywhere: a folder that is not there, a file in the way.
    }
    if (next(3) === 0) await new Promise((resolve) => setTimeout(resolve, next(4)))
  }
  project.write('end', '')

  await waitFor(
    () => consumers.every(({ replay }) => replay.known.has(`${root}/end`)) || undefined,
    () => 'the last file',
  )
  await watcher.close()
  await Promise.all(running)
  for (const { replay } of consumers) {
    expect(replay.problems).toEqual([])
    expect([...replay.known].sort()).toEqual(onDisk(root))
  }
})
