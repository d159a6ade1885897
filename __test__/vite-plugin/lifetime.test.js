import { execFile, spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { createProject, DEADLINE_MS, waitFor } from '../support/project.js'

const run = promisify(execFile)
const RESTARTS = 100

it(`${RESTARTS} restarts and a close leave no thread, descriptor or watch behind, and Node exits by itself`, async () => {
  const project = createProject({ 'main.js': 'export const main = 1\n', 'folder/file.js': '' })
  const script = new URL('./lifetime-process.js', import.meta.url)
  // The process ends by itself or the time-out ends it, and the test.
  const { stdout } = await run(process.execPath, [script.pathname, project.root, String(RESTARTS)], {
    timeout: 240_000,
  })
  const { before, after } = JSON.parse(stdout)
  expect(after).toEqual(before)
})

it('vitest runs once and exits, and in watch mode runs again after a save', async () => {
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `import { binoHmr } from '${new URL('../../js/index.js', import.meta.url)}'\nexport default { plugins: [binoHmr()] }\n`,
    'value.js': 'export const value = 1\n',
    'value.test.js':
      "import { expect, it } from 'vitest'\nimport { value } from './value.js'\nit('is', () => expect(value).toBeLessThan(3))\n",
  })
  symlinkSync(fileURLToPath(new URL('../../node_modules', import.meta.url)), project.path('node_modules'))
  const vitest = project.path('node_modules/vitest/vitest.mjs')
  const once = await run(process.execPath, [vitest, 'run'], { cwd: project.root, timeout: DEADLINE_MS })
  expect(once.stdout).toContain('1 passed')

  const watching = spawn(process.execPath, [vitest, '--watch'], {
    cwd: project.root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void watching.kill())
  let printed = ''
  for (const stream of [watching.stdout, watching.stderr]) {
    stream.on('data', (text) => {
      printed += text
    })
  }
  const prints = (/** @type {string} */ text) =>
    waitFor(
      () => printed.includes(text) || undefined,
      () => `${text} in:\n${printed}`,
    )
  await prints('Waiting for file changes')
  project.write('value.js', 'export const value = 3\n')
  await prints('RERUN')
  await prints('1 failed')
})
