/**
 * A side of the benchmark that dies is a row that says so, in the table and in the plot.
 */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { startChild } from '../../benches/conversation.js'
import { drawPlots } from '../../benches/plots.js'
import { watcherTables } from '../../benches/table-watchers.js'

it('a child that is killed says by what, also to who asks later', async () => {
  const child = startChild('./watcher-child.js', ['nothing', tmpdir()])
  await child.ask('load')
  const asked = child.ask('recorded')
  child.child.kill('SIGKILL')
  await expect(asked).rejects.toMatchObject({ reason: 'crashed: ended by SIGKILL' })
  await expect(child.ask('errors')).rejects.toMatchObject({ reason: 'crashed: ended by SIGKILL' })
})

it('a child without memory, or with an error, says so', async () => {
  const small = startChild('./watcher-child.js', ['nothing', tmpdir()], ['--max-old-space-size=4'])
  await expect(small.ask('judge', Array.from({ length: 500_000 }, String))).rejects.toMatchObject({
    reason: expect.stringContaining('crashed: JavaScript heap out of memory'),
  })
  const unknown = startChild('./watcher-child.js', ['nobody', tmpdir()])
  onTestFinished(() => unknown.stop())
  await expect(unknown.ask('load')).rejects.toMatchObject({ reason: expect.stringContaining('TypeError') })
})

const SUMMARY = { n: 3, p50: 50, p95: 60, p99: 60, max: 60 }
/** @type {import('../../benches/watchers.js').WatcherRows} */
const ROWS = {
  starts: [
    { tree: '5,000 files', files: 5000, side: 'ours', ready: SUMMARY, memory: 6e7 },
    { tree: '5,000 files', files: 5000, side: 'parcel', problem: 'crashed: an <odd> & "sad" end' },
    { tree: '5,000 files', files: 5000, side: 'node', problem: 'did not finish in 180 s', limit: 180_000 },
  ],
  storms: [{ tree: '5,000 files', side: 'parcel', operations: 5000, problem: 'did not start' }],
  idle: [{ tree: '5,000 files', side: 'parcel', seconds: 60, problem: 'did not start' }],
}

it('the table has its problem where the others have figures', () => {
  const text = watcherTables(ROWS).join('\n')
  expect(text).toContain('| 5,000 files | @parcel/watcher |  | **crashed: an <odd> & "sad" end** |')
  expect(text).toContain('| 5,000 files | @parcel/watcher | 5,000 | **did not start** |')
  expect(text).toContain('| 5,000 files | @parcel/watcher | 60 | **did not start** |')
})

it('the plot names it, and draws the others; without a point there is no plot', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bino-hmr-plots-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const run = {
    ...{ date: '2026-01-01T00:00:00.000Z', node: 'v20.0.0', vite: '8.0.0', cpus: 2, cpu: 'one' },
    ...{ loadAtStart: [0, 0, 0], quick: false, sections: { watchers: 1 } },
  }
  const to = pathToFileURL(`${folder}/`)
  /** @param {unknown} watchers */
  const drawn = (watchers) => drawPlots({ runs: [run], watchers }, to)
  expect(await drawn({ ...ROWS, starts: ROWS.starts.filter(({ ready }) => !ready).slice(0, 1) })).toEqual([])
  const [start] = await drawn(ROWS)
  const svg = readFileSync(start, 'utf8')
  expect(svg).toContain('@parcel/watcher, 5,000 files: crashed: an &lt;odd')
  expect(svg).toContain('bino-hmr')
  expect(svg).toContain('↑')
})
