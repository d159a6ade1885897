/**
 * A process may end in any way while events fly: it ends as it would have without us, and the system has nothing to say
 * about it.
 */

import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { DEADLINE_MS } from '../support/project.js'
import { createProject, PACKAGE } from './support.js'

/** Children of each kind; hundreds on demand. */
const TIMES = Number(process.env.BINO_TEST_ENDS ?? 4)
const AT_ONCE = 2

/**
 * @typedef {object} End
 * @property {string} [inside] what the child does when it has heard of a few changes
 * @property {NodeJS.Signals} [signal] what it is sent then
 * @property {string} [before] what it does first
 * @property {{ code: number | null, by: NodeJS.Signals | null, says: string }} ended
 */

/** @type {Record<string, End>} */
const ENDS = {
  'process.exit()': { inside: 'process.exit(7)', ended: { code: 7, by: null, says: '' } },
  'an uncaught exception': {
    inside: "queueMicrotask(() => { throw new Error('of the user') })",
    ended: { code: 1, by: null, says: 'of the user' },
  },
  'an unhandled rejection': {
    inside: "Promise.reject(new Error('of the user'))",
    ended: { code: 1, by: null, says: 'of the user' },
  },
  'Ctrl-C': { signal: 'SIGINT', ended: { code: null, by: 'SIGINT', says: '' } },
  'Ctrl-C with a listener': {
    before: "process.on('SIGINT', () => process.exit(3))",
    signal: 'SIGINT',
    ended: { code: 3, by: null, says: '' },
  },
  SIGTERM: { signal: 'SIGTERM', ended: { code: null, by: 'SIGTERM', says: '' } },
}

const WATCHERS = `
  import { createWatcher } from ${JSON.stringify(PACKAGE)}
  const watcher = createWatcher({ root, threads: 2 })
  const withGraph = createWatcher({ root, threads: 2, entries: ['0.js'] })
  watcher.on('batch', told)
  withGraph.on('update', () => {})
  await watcher.ready`

const SERVER = `
  import { createServer } from ${JSON.stringify(import.meta.resolve('vite'))}
  import { binoHmr } from ${JSON.stringify(PACKAGE)}
  const server = await createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    server: { port: 0 },
    plugins: [binoHmr({ threads: 2 })],
  })
  await server.listen()
  server.watcher.on('change', told)`

/**
 * @param {string} watching
 * @param {End} end
 * @param {number} count each child is ended a little earlier or later than the one before
 */
async function endedBy(watching, { inside = '', signal, before = '' }, count) {
  const { root } = createProject({ '0.js': '' })
  const source = `
    import fs from 'node:fs'
    const root = ${JSON.stringify(root)}
    ${before}
    let heard = 0
    function told() {
      if (++heard === ${1 + (count % 4)}) { ${signal ? "process.stdout.write('now')" : inside} }
    }
    ${watching}
    let written = 0
    setInterval(() => {
      for (let file = 0; file < 20; file++) fs.writeFileSync(root + '/' + file + '.js', 'export default ' + written++)
    }, 15)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source])
  let says = ''
  child.stderr.on('data', (text) => {
    says += text
  })
  if (signal) child.stdout.once('data', () => setTimeout(() => child.kill(signal), count % 9))
  const limit = setTimeout(() => child.kill('SIGKILL'), DEADLINE_MS)
  const [code, by] = await new Promise((resolve) => child.once('close', (...ended) => resolve(ended)))
  clearTimeout(limit)
  return { code, by, says }
}

describe.each(Object.entries({ 'createWatcher()': WATCHERS, 'a Vite server': SERVER }))(
  '%s',
  (name, watching) => {
    it.each(Object.entries(ENDS))(
      '%s',
      async (_what, end) => {
        // Vite listens for it, closes the server and exits with what a shell would make of the signal.
        const vites = name !== 'createWatcher()' && end.signal === 'SIGTERM'
        const expected = vites ? { code: 128 + 15, by: null, says: '' } : end.ended
        for (let count = 0; count < TIMES; count += AT_ONCE) {
          const at = Array.from({ length: AT_ONCE }, (_, more) => count + more)
          for (const ended of await Promise.all(at.map((each) => endedBy(watching, end, each)))) {
            expect(ended).toEqual({ ...expected, says: expect.stringContaining(expected.says) })
            expect(ended.says).not.toMatch(/panicked|FATAL|Assertion/)
          }
        }
      },
      TIMES * DEADLINE_MS,
    )
  },
)
