import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createProject } from '../support/project.js'

const run = promisify(execFile)
const RESTARTS = 100

it(`${RESTARTS} restarts and a close leave no thread, descriptor or watch behind, and Node exits by itself`, async () => {
  const project = createProject({ 'main.js': 'export const main = 1\n', 'folder/file.js': '' })
  const script = new URL('./lifetime-process.js', import.meta.url)
  // The process ends by itself or the time-out ends it, and the test.
  const { stdout } = await run(process.execPath, [script.pathname, project.root, String(RESTARTS)], {
    timeout: 120_000,
  })
  const { before, after } = JSON.parse(stdout)
  expect(after).toEqual(before)
}, 130_000)
