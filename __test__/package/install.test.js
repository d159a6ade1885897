import { copyFileSync, existsSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { addonFile, fromRoot } from '../../scripts/paths.js'
import { mainManifest, platforms } from '../../scripts/platforms.js'
import { NOTICES } from '../../scripts/third-party.js'
import { startRegistry } from './registry.js'
import { createFolder, createMachine, node, npmCli, removeFolder, succeeded } from './sandbox.js'

const FIVE_LINES = `import { binoHmr } from 'bino-hmr'

export default {
  plugins: [binoHmr()],
}
`
const FILES = {
  'vite.config.js': FIVE_LINES,
  'index.html': '<script type="module" src="/main.js"></script>\n',
  'main.js': 'export const main = 1\nimport.meta.hot.accept()\n',
}
const UPDATE = { type: 'update', updates: [expect.objectContaining({ path: '/main.js' })] }

const all = platforms()
const here = all.find(({ addon }) => addon === path.basename(addonFile() ?? ''))
if (!here) throw new Error('the addon of this platform is not built: `npm run build`')
const { version } = mainManifest()
const folder = createFolder()
const tarballs = { main: '', addon: '' }

beforeAll(async () => {
  const args = [fromRoot('scripts/pack.js'), '--addons', fromRoot('js'), '--out', folder]
  succeeded(await node(args, { cwd: fromRoot() }))
  tarballs.main = path.join(folder, `bino-hmr-${version}.tgz`)
  tarballs.addon = path.join(folder, `${here.manifest.name}-${version}.tgz`)
})

afterAll(() => removeFolder(folder))

/** @param {string} [registry] */
function machine(registry) {
  const created = createMachine(registry)
  onTestFinished(created.remove)
  return created
}

/** @param {ReturnType<typeof createMachine>} project */
async function serve(project) {
  project.linkVite()
  project.write(FILES)
  copyFileSync(new URL('five-lines.js', import.meta.url), project.path('five-lines.js'))
  const ended = await project.node('--experimental-websocket', '--no-warnings', 'five-lines.js')
  return JSON.parse(succeeded(ended).trim())
}

it('what npm run pack makes works from a five-line config, without Rust and without a network', async () => {
  const project = machine()
  await project.npm('install', '--offline', tarballs.main, tarballs.addon)
  const { payload, stats, addons, log } = await serve(project)
  expect(payload).toMatchObject(UPDATE)
  expect(stats.watches).toBeGreaterThan(0)
  expect(addons).toEqual([project.path('node_modules', here.manifest.name, here.addon)])
  expect(log).not.toContain('error')
})

it('npm pack of the repository and of npm/<platform> install side by side', async () => {
  const out = createFolder()
  onTestFinished(() => removeFolder(out))
  const brought = [here.addon, NOTICES].map((file) => path.join(here.folder, file))
  const added = brought.filter((file) => !existsSync(file))
  onTestFinished(() => {
    for (const file of added) rmSync(file)
  })
  for (const source of [fromRoot(), here.folder]) {
    succeeded(await node([npmCli, 'pack', source, '--pack-destination', out], { cwd: fromRoot() }))
  }
  const project = machine()
  await project.npm('install', '--offline', ...readdirSync(out).map((file) => path.join(out, file)))
  expect(await serve(project)).toMatchObject({ payload: UPDATE, stats: { watches: expect.any(Number) } })
})

it('npm fetches the addon of this platform and no other', async () => {
  const optionalDependencies = Object.fromEntries(all.map(({ manifest }) => [manifest.name, version]))
  const registry = await startRegistry([
    { manifest: { ...mainManifest(), devDependencies: {}, optionalDependencies }, tarball: tarballs.main },
    ...all.map(({ manifest }) => ({
      manifest,
      tarball: manifest.name === here.manifest.name ? tarballs.addon : undefined,
    })),
  ])
  onTestFinished(registry.close)
  const project = machine(registry.url)
  await project.npm('install', 'bino-hmr')
  expect(registry.fetched.sort()).toEqual(['bino-hmr', here.manifest.name])
  await project.npm('ci')
  expect(await serve(project)).toMatchObject({ payload: UPDATE, stats: { watches: expect.any(Number) } })

  const bare = machine(registry.url)
  await bare.npm('install', 'bino-hmr', '--omit=optional')
  expect(readdirSync(bare.path('node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['bino-hmr'])
  const { payload, stats, log } = await serve(bare)
  expect(payload, "Vite's own watcher takes over").toMatchObject(UPDATE)
  expect(stats).toBeUndefined()
  expect(log).toContain('BINO_ADDON_MISSING')
  expect(log).toContain(`npm install --save-optional ${here.manifest.name}@${version}`)
})

it('npm installs the command', async () => {
  const project = machine()
  await project.npm('install', '--offline', tarballs.main)
  const link = project.path('node_modules/.bin/bino')
  expect(existsSync(link)).toBe(true)
  // On Windows it is a script that calls this file.
  const ended = await project.node(
    process.platform === 'win32' ? 'node_modules/bino-hmr/js/cli/main.js' : link,
    '-v',
  )
  expect(ended).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
})

it('require() and import give the same package', async () => {
  const project = machine()
  await project.npm('install', '--offline', tarballs.main, tarballs.addon)
  project.linkVite()
  const script = `import('bino-hmr').then(({ binoHmr, default: same }) => {
    const required = require('bino-hmr')
    if (required.binoHmr !== binoHmr || same !== binoHmr) throw new Error('not the same')
  })`
  const ended = await project.node('--input-type=commonjs', '-e', script)
  expect(ended).toMatchObject({ code: 0 })
})
