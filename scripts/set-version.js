// `npm version <new>` runs this between writing package.json and committing: the other places follow it.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot, root } from './paths.js'
import { mainManifest, platforms } from './platforms.js'

const { version } = mainManifest()
const written = []

for (const { folder, manifest } of platforms()) {
  const file = join(folder, 'package.json')
  writeFileSync(file, `${JSON.stringify({ ...manifest, version }, null, 2)}\n`)
  written.push(file)
}

// Both files have one entry of that name: the crate's.
for (const name of ['Cargo.toml', 'Cargo.lock']) {
  const file = fromRoot(name)
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/^(name = "bino-hmr"\nversion = ")[^"]+/m, `$1${version}`))
  written.push(file)
}

process.exitCode = spawnSync('git', ['add', '--', ...written], { cwd: root, stdio: 'inherit' }).status ?? 1
