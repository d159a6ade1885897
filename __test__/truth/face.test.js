/**
 * The same stories in a real Vite: what plugins hear of `server.watcher` adds up to the disk, too.
 */

import fs from 'node:fs'
import { createServer } from 'vite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { binoHmr } from '../../js/index.js'
import { waitFor } from '../support/project.js'
import { differences, textOf, treeOnDisk } from './consumer.js'
import { tellStory } from './operations.js'
import { createYard, openStory, perform, Writers } from './writer.js'

/** @typedef {import('./consumer.js').Entry} Entry */

const writers = new Writers()
/** @type {ReturnType<typeof createYard>} */
let yard
beforeAll(() => {
  yard = createYard('/dev/shm')
})
afterAll(() => {
  writers.close()
  yard.remove()
})

/** A story whose names mean nothing to Vite: a written `.env` restarts the server. @param {number} seed */
const storyOf = (seed) =>
  /** @type {import('./operations.js').Story} */ (
    JSON.parse(JSON.stringify(tellStory(seed)).replaceAll('.env', '_env'))
  )

const FIRST = Number(process.env.BINO_TEST_SEED ?? 1)

it.each(Array.from({ length: 40 }, (_, at) => FIRST + at))('seed %i', async (seed) => {
  const story = storyOf(seed)
  const { base, root, remove } = await openStory(yard.folder, story)
  const plugins = binoHmr()
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    appType: 'custom',
    plugins,
    server: { middlewareMode: true, ws: false },
    optimizeDeps: { noDiscovery: true },
  })
  try {
    await plugins[0].api.ready
    const known = treeOnDisk(root)
    const problems = listen(server.watcher, known)
    let sentinels = 0
    for (const steps of story.rounds) {
      if (story.writer === 'process') await writers.perform(base, steps)
      else await perform(base, steps, { yields: true })
      // Twice: what comes of all that was before the first has been emitted when the second is.
      for (const sentinel of [`${root}/sentinel${sentinels++}`, `${root}/sentinel${sentinels++}`]) {
        fs.writeFileSync(sentinel, 'sentinel')
        await waitFor(
          () => known.has(sentinel) || undefined,
          () => `the sentinel; ${problems.join(', ')}`,
        )
      }
      expect(differences(known, treeOnDisk(root))).toEqual([])
      expect(problems).toEqual([])
    }
  } finally {
    await server.close()
    remove()
  }
})

/**
 * Keeps `known` by what is emitted, and gives what could not be.
 *
 * @param {import('vite').FSWatcher} watcher
 * @param {Map<string, Entry>} known
 */
function listen(watcher, known) {
  /** @type {string[]} */
  const problems = []
  const on = (
    /** @type {string} */ event,
    /** @type {Entry['type'] | undefined} */ before,
    /** @type {(file: string) => void} */ then,
  ) =>
    watcher.on(event, (/** @type {string} */ file) => {
      const was = known.get(file)?.type
      if (was !== before) problems.push(`${event} of ${file}: there was ${was ?? 'nothing'}`)
      then(file)
    })
  const read = (/** @type {string} */ file) => known.set(file, { type: 'file', text: textOf(file) })
  const forget = (/** @type {string} */ file) => known.delete(file)
  on('add', undefined, read)
  on('change', 'file', read)
  on('unlink', 'file', forget)
  on('addDir', undefined, (file) => known.set(file, { type: 'directory' }))
  on('unlinkDir', 'directory', forget)
  return problems
}
