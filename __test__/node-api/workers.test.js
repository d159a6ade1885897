import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createProject } from './support.js'

const COUNT = Number(process.env.BINO_TEST_WORKERS ?? 1000)

/**
 * Node 20 aborts when a worker is terminated in the moment in which it calls a function of `node:fs/promises`, as its own
 * loader of modules does: `fs.access()` in a loop and `terminate()` are enough. Nothing of ours calls one.
 */
const ABORT_OF_NODE = /node_file\.cc:\d+\s[^\n]*Assertion failed: \(req_wrap_async\) != nullptr/

/**
 * @param {string} root
 * @returns {Promise<string>} what the process prints
 */
async function play(root) {
  const script = fileURLToPath(new URL('./workers-process.js', import.meta.url))
  for (let left = 5; ; left--) {
    try {
      return (await promisify(execFile)(process.execPath, [script, root, String(COUNT)])).stdout
    } catch (error) {
      // Any other end, by a signal or an error, is ours.
      const { stderr } = /** @type {{ stderr?: string }} */ (error)
      if (left === 0 || !ABORT_OF_NODE.test(stderr ?? '')) throw error
    }
  }
}

it.runIf(process.platform === 'linux')(
  `${COUNT} workers are terminated while they watch, and nothing of them is left`,
  async () => {
    const { root } = createProject({ '0.js': '' })
    const { count, before, after } = JSON.parse(await play(root))
    expect(count).toBe(COUNT)
    expect({ ours: after.ours, notifiers: after.notifiers }).toEqual({ ours: 0, notifiers: 0 })
    // A bundler's thread or a socket of Node's may come and go.
    expect(after.threads).toBeLessThanOrEqual(before.threads + 4)
    expect(after.handles).toBeLessThanOrEqual(before.handles + 8)
  },
  COUNT * 5000,
)
