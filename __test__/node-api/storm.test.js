/** `close()` while another process writes as fast as it can. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { startServer } from '../support/project.js'
import { ourThreads } from '../support/threads.js'
import { createProject, waitFor, within } from './support.js'

/**
 * Another process that writes. Gives how many rounds it has done.
 *
 * @param {string} root
 */
function storm(root) {
  const script = fileURLToPath(new URL('./storm-process.js', import.meta.url))
  const child = spawn(process.execPath, [script, root], { stdio: ['ignore', 'pipe', 'inherit'] })
  // Before the folder goes: what was registered last runs first.
  onTestFinished(
    () =>
      new Promise((resolve) => {
        child.once('close', () => resolve())
        child.kill('SIGKILL')
      }),
  )
  let rounds = 0
  child.stdout.on('data', (text) => {
    rounds += String(text).split('\n').length - 1
  })
  return {
    /** Waits for so many more. @param {number} count */
    async rounds(count) {
      const until = rounds + count
      await waitFor(
        () => (rounds >= until ? true : undefined),
        () => `${rounds} of ${until} rounds`,
      )
    },
  }
}

it.runIf(process.platform === 'linux')(
  'createWatcher: it resolves, joins its threads, and nothing is told after it',
  async () => {
    const { root } = createProject({ '0.js': '' })
    const writer = storm(root)
    await writer.rounds(2)
    const before = ourThreads()
    for (let count = 0; count < 20; count++) {
      const watcher = createWatcher({ root, threads: 2, ...(count % 2 ? { entries: ['0.js'] } : {}) })
      let isClosed = false
      let late = 0
      const told = new Promise((resolve) =>
        watcher.on('batch', () => {
          if (isClosed) late++
          resolve(undefined)
        }),
      )
      watcher.on('error', () => {
        if (isClosed) late++
      })
      // Before it is ready, at once after it, and when it tells.
      if (count % 3 > 0) await within(watcher.ready, 'ready')
      if (count % 3 > 1) await within(told, 'a batch')
      await within(watcher.close(), 'close')
      isClosed = true
      expect(ourThreads()).toBe(before)
      await writer.rounds(2)
      expect(late).toBe(0)
    }
  },
)

it.runIf(process.platform === 'linux')(
  'a Vite server: it resolves, joins its threads, and nothing is told after it',
  async () => {
    const project = createProject({ '0.js': '' })
    const writer = storm(project.root)
    await writer.rounds(2)
    const before = ourThreads()
    for (let count = 0; count < 4; count++) {
      const { server } = await startServer(project, {
        bino: { verify: false, threads: 2 },
        config: { server: { middlewareMode: true, ws: false } },
      })
      const { watcher } = server
      let isClosed = false
      let late = 0
      const { emit } = watcher
      watcher.emit = (...args) => {
        if (isClosed) late++
        return emit.apply(watcher, args)
      }
      if (count % 2) {
        await within(new Promise((resolve) => watcher.once('all', () => resolve(undefined))), 'an event')
      }
      await within(server.close(), 'close')
      isClosed = true
      expect(ourThreads()).toBe(before)
      await writer.rounds(2)
      expect(late).toBe(0)
    }
  },
)
