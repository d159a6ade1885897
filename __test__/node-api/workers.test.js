import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createProject } from './support.js'

const COUNT = Number(process.env.BINO_TEST_WORKERS ?? 1000)

it.runIf(process.platform === 'linux')(
  `${COUNT} workers are terminated while they watch, and nothing of them is left`,
  async () => {
    const { root } = createProject({ '0.js': '' })
    const script = fileURLToPath(new URL('./workers-process.js', import.meta.url))
    // A crash is the end by a signal, which this rejects with.
    const { stdout } = await promisify(execFile)(process.execPath, [script, root, String(COUNT)])
    const { count, before, after } = JSON.parse(stdout)
    expect(count).toBe(COUNT)
    expect({ ours: after.ours, notifiers: after.notifiers }).toEqual({ ours: 0, notifiers: 0 })
    // A bundler's thread or a socket of Node's may come and go.
    expect(after.threads).toBeLessThanOrEqual(before.threads + 4)
    expect(after.handles).toBeLessThanOrEqual(before.handles + 8)
  },
  COUNT * 5000,
)
