/**
 * Names that no JavaScript can say, and paths that no program can open: the watcher goes on, and the rest is true.
 */

import { Buffer } from 'node:buffer'
import { execFileSync } from 'node:child_process'
import { unlinkSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { watchProject } from '../node-api/support.js'

it.runIf(process.platform === 'linux')('a name that is not UTF-8 is told as Node says it', async () => {
  const { project, seen } = await watchProject({ 'a.js': '' })
  const name = Buffer.concat([Buffer.from(`${project.root}/caf`), Buffer.from([0xe9]), Buffer.from('.js')])
  writeFileSync(name, '')
  await seen.until('create file caf\uFFFD.js')
  unlinkSync(name)
  await seen.until('delete file caf\uFFFD.js')
  project.write('a.js', '2')
  expect(await seen.until('update file a.js')).toEqual([
    'create file caf\uFFFD.js',
    'delete file caf\uFFFD.js',
    'update file a.js',
  ])
})

it.runIf(process.platform === 'linux')('a path longer than the system takes harms nothing else', async () => {
  const { project, watcher, seen } = await watchProject({ 'a.js': '' })
  /** @type {string[]} */
  const errors = []
  watcher.on('error', ({ message }) => errors.push(message))
  const name = 'd'.repeat(250)
  // Step by step, since the whole path cannot be said in one call.
  const script = `cd "$1"; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do mkdir ${name}; cd ${name}; done; echo 1 > x`
  execFileSync('bash', ['-c', script, 'bash', project.root])
  await seen.until(`create directory ${name}`)
  project.write('a.js', '2')
  await seen.until('update file a.js')
  execFileSync('rm', ['-r', `${project.root}/${name}`])
  await seen.until(`delete directory ${name}`)
  project.write('b.js', '2')
  await seen.until('create file b.js')
  expect(errors).toEqual([])
  expect(watcher.stats()).toMatchObject({ directories: 1, files: 2 })
})
