/**
 * Polling, as a user of Vite sees it. Which changes are found, and when, is shown in `tests/watch/polls.rs`.
 */

import { expect, it } from 'vitest'
import { createProject, startServer } from '../support/project.js'

const FILES = {
  'index.html': '<script type="module" src="/main.js"></script>',
  'main.js': "import './used.js'\n",
  'used.js': 'export const used = 1\nimport.meta.hot.accept()\n',
}

/** @type {[string, import('../../index.d.ts').BinoHmrOptions, import('vite').ServerOptions][]} */
const WAYS = [
  ['poll: true', { poll: true }, {}],
  ['poll: { interval }', { poll: { interval: 20 } }, {}],
  ['server.watch.usePolling', {}, { watch: { usePolling: true, interval: 50 } }],
]

it.each(WAYS)('with %s no watch is held, and a save reaches the page', async (_name, bino, server) => {
  const project = createProject(FILES)
  const { plugin, load, next } = await startServer(project, { bino, config: { server } })
  expect(plugin.api.stats()).toMatchObject({ watches: 0, directories: 1 })
  await load(['/main.js'])
  for (const text of ['2', '33']) {
    const update = next()
    project.write('used.js', `export const used = ${text}\nimport.meta.hot.accept()\n`)
    expect(await update).toMatchObject({ type: 'update', updates: [{ path: '/used.js' }] })
  }
})

it('poll: false wins over usePolling', async () => {
  const project = createProject(FILES)
  const config = { server: { watch: { usePolling: true } } }
  const { plugin } = await startServer(project, { bino: { poll: false }, config })
  expect(plugin.api.stats()).toMatchObject({ watches: 1, directories: 1 })
})
