import { readFileSync } from 'node:fs'
import path from 'node:path'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addonFile, fromRoot } from '../../scripts/paths.js'
import { mainManifest, platforms } from '../../scripts/platforms.js'
import { NOTICES, STANDARD_LIBRARY, takenOf } from '../../scripts/third-party.js'
import { createFolder, node, npmCli, removeFolder, succeeded } from './sandbox.js'

const { version } = mainManifest()
const here = platforms().find(({ addon }) => addon === path.basename(addonFile() ?? ''))
const folder = createFolder()
/** @param {string} name */
const tarball = (name) => path.join(folder, `${name}-${version}.tgz`)

beforeAll(async () => {
  const args = [fromRoot('scripts/pack.js'), '--addons', fromRoot('js'), '--out', folder]
  succeeded(
    await node([...args, '--repository', 'git+https://example.com/bino-hmr.git'], { cwd: fromRoot() }),
  )
})
afterAll(() => removeFolder(folder))

/** What a tarball holds, as npm itself reads it. @param {string} name */
async function contents(name) {
  const shown = await node([npmCli, 'pack', '--dry-run', '--json', '--ignore-scripts', tarball(name)], {
    cwd: folder,
  })
  const [{ files }] = /** @type {any[]} */ (Object.values(JSON.parse(succeeded(shown))))
  return files.map((/** @type {{ path: string }} */ file) => file.path)
}

/** @param {string} name */
async function manifestOf(name) {
  const data = createPackageFromTarballData(readFileSync(tarball(name)))
  return JSON.parse(data.readFile(`/node_modules/${name}/package.json`))
}

it('the main package holds its JavaScript, its types, its papers, and nothing else', async () => {
  const files = await contents('bino-hmr')
  const allowed = /^(package\.json|README\.md|LICENSE|index\.d\.ts|js\/([\w-]+\/)*[\w-]+\.js)$/
  expect(files.filter((/** @type {string} */ file) => !allowed.test(file))).toEqual([])
  expect(files).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'index.d.ts', 'js/index.js']))
})

it('the package of a platform holds its addon and its papers', async () => {
  const files = await contents(here.manifest.name)
  expect(files.sort()).toEqual(['LICENSE', 'README.md', NOTICES, here.addon, 'package.json'].sort())
})

it('the package of a platform names what it is linked from, each with the text of its licence', async () => {
  const data = createPackageFromTarballData(readFileSync(tarball(here.manifest.name)))
  const notices = data.readFile(`/node_modules/${here.manifest.name}/${NOTICES}`)
  const listed = [...notices.matchAll(/^\| ([\w-]+) \| (\d\S*) \| /gm)].map(
    ([, name, version]) => `${name}-${version}`,
  )
  // Where a panic would say that it came from: nearly everything that is linked in has such a place.
  const addon = readFileSync(addonFile() ?? '', 'latin1')
  const folders = [
    ...addon.matchAll(/[\\/](?:(deps)[\\/])?([a-z][\w-]*)-(\d+\.\d+\.\d+[\w.+-]*)[\\/]src[\\/]/g),
  ]
  const linked = new Set(folders.filter(([, std]) => !std).map(([, , name, version]) => `${name}-${version}`))
  expect(linked.size).toBeGreaterThan(20)
  expect([...linked].filter((crate) => !listed.includes(crate))).toEqual([])
  const standard = folders.filter(([, std]) => std).map(([, , name]) => name)
  expect(standard.filter((name) => !STANDARD_LIBRARY.includes(name))).toEqual([])
  const titles = [...notices.matchAll(/^## (.+)$/gm)].flatMap(([, title]) => title.split(', '))
  expect(listed.filter((crate) => !titles.includes(crate.replace(/-(?=\d+\.)/, ' ')))).toEqual([])
  for (const text of ['Mozilla Public License Version 2.0', 'UNICODE LICENSE V3', 'Apache License']) {
    expect(notices).toContain(text)
  }
})

it.each([
  ['MIT', ['MIT']],
  ['Unlicense OR MIT', ['MIT']],
  ['Apache-2.0/MIT', ['MIT']],
  ['Apache-2.0 OR GPL-2.0-only', ['Apache-2.0']],
  ['(MIT OR Apache-2.0) AND Unicode-3.0', ['MIT', 'Unicode-3.0']],
  ['GPL-3.0-only', undefined],
  ['MIT AND GPL-3.0-only', undefined],
  ['MIT OR (Apache-2.0 AND GPL-3.0-only)', undefined],
  [null, undefined],
])('of %s we take %s', (expression, taken) => {
  if (taken) expect(takenOf('a crate', expression)).toEqual(taken)
  else expect(() => takenOf('a crate', expression)).toThrow('a crate is licensed under')
})

it('the manifests are completed on the way', async () => {
  const own = await manifestOf('bino-hmr')
  expect(own.optionalDependencies).toEqual(
    Object.fromEntries(platforms().map(({ manifest }) => [manifest.name, version])),
  )
  expect(own.dependencies).toBeUndefined()
  for (const manifest of [own, await manifestOf(here.manifest.name)]) {
    expect(manifest.repository).toEqual({ type: 'git', url: 'git+https://example.com/bino-hmr.git' })
    for (const field of ['private', 'scripts', 'devDependencies', 'workspaces', 'napi']) {
      expect(manifest).not.toHaveProperty(field)
    }
  }
})

it.each(['bino-hmr', here.manifest.name])('publint has nothing to say about %s', async (name) => {
  const file = readFileSync(tarball(name))
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
  const { messages, pkg } = await publint({ pack: { tarball: /** @type {ArrayBuffer} */ (bytes) } })
  expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
})

it('the types are right however they are resolved', async () => {
  const result = await checkPackage(createPackageFromTarballData(readFileSync(tarball('bino-hmr'))))
  if (!result.types) throw new Error('no types')
  // ES modules only, also for require(): every Node in `engines` can do that, and install.test.js does it.
  const problems = result.problems.filter(({ kind }) => kind !== 'CJSResolvesToESM')
  expect(problems).toEqual([])
})
