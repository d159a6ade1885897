/**
 * Whoever judges watchers in `npm run bench -- --only truth` is fair: who told all there was has lost nothing.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Consumer } from '../../benches/truth-consumer.js'
import { createProject } from '../support/project.js'

/** A consumer that knows of a file in a folder. */
function watched() {
  const project = createProject({ 'root/folder/file': '1' })
  const root = project.path('root')
  return { consumer: new Consumer(root), root, away: project.path('away') }
}

it('a folder that is away when its creation is told, and nobody tells of it again, is not missing', () => {
  const { consumer, root, away } = watched()
  mkdirSync(`${root}/new`)
  renameSync(`${root}/new`, away)
  consumer.saw(`${root}/new`, 'directory')
  renameSync(away, `${root}/new`)
  expect(consumer.judge()).toEqual({ wrong: [], paths: 3 })
})

it('a folder that is back when its deletion is told, and goes again, is not one too many', () => {
  const { consumer, root, away } = watched()
  consumer.saw(`${root}/folder`, 'gone')
  renameSync(`${root}/folder`, away)
  expect(consumer.judge()).toEqual({ wrong: [], paths: 0 })
})

it.each([undefined, 'there', 'gone'])('what is told as %s is looked for', (says) => {
  const { consumer, root } = watched()
  writeFileSync(`${root}/folder/file`, '2')
  writeFileSync(`${root}/new`, '1')
  for (const file of ['folder/file', 'new'])
    consumer.saw(`${root}/${file}`, /** @type {import('../../benches/truth-consumer.js').Says} */ (says))
  expect(consumer.judge().wrong).toEqual([])
})

it.each([undefined, 'believed'])('what is not told is lost (%s)', (believed) => {
  const { consumer, root } = watched()
  /** @param {string} path @param {import('../../benches/truth-consumer.js').Says} says */
  const say = (path, says) => consumer.saw(`${root}/${path}`, believed && says)
  expect(consumer.judge().wrong).toEqual([])
  writeFileSync(`${root}/folder/file`, '2')
  say('folder/file', 'file')
  writeFileSync(`${root}/folder/file`, '3')
  mkdirSync(`${root}/new`)
  writeFileSync(`${root}/new/file`, '1')
  say('new', 'directory')
  expect(consumer.judge().wrong.toSorted()).toEqual(['missed create', 'stale content'])
  rmSync(`${root}/folder/file`)
  expect(consumer.judge().wrong.toSorted()).toEqual(['missed create', 'missed delete'])
  rmSync(`${root}/folder`, { recursive: true })
  writeFileSync(`${root}/folder`, '1')
  expect(consumer.judge().wrong.toSorted()).toEqual(['missed create', 'missed delete', 'wrong type'])
})
