/**
 * The same list in several places: what one says, the others have to say.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { PREBUILT } from '../../js/load-addon.js'
import { fromRoot } from '../../scripts/paths.js'
import { mainManifest, platforms, readJson } from '../../scripts/platforms.js'
import { NOTICES } from '../../scripts/third-party.js'

const own = mainManifest()
const all = platforms()
/** @param {string[]} parts */
const text = (...parts) => readFileSync(fromRoot(...parts), 'utf8')

/** Rust's names. */
const TARGETS = {
  'darwin-arm64': 'aarch64-apple-darwin',
  'darwin-x64': 'x86_64-apple-darwin',
  'linux-arm64-gnu': 'aarch64-unknown-linux-gnu',
  'linux-arm64-musl': 'aarch64-unknown-linux-musl',
  'linux-x64-gnu': 'x86_64-unknown-linux-gnu',
  'linux-x64-musl': 'x86_64-unknown-linux-musl',
  'win32-arm64-msvc': 'aarch64-pc-windows-msvc',
  'win32-x64-msvc': 'x86_64-pc-windows-msvc',
}

it('the loader, npm/, napi and the release know the same platforms', () => {
  const names = Object.keys(TARGETS)
  expect(all.map(({ name }) => name)).toEqual(names)
  expect(all.map(({ target }) => target)).toEqual(Object.values(TARGETS))
  expect(PREBUILT).toEqual(names)
  expect(own.napi.targets.toSorted()).toEqual(Object.values(TARGETS).toSorted())
  const matrix = [...text('.github/workflows/release.yml').matchAll(/platform: (\S+)\n\s+target: (\S+)/g)]
  expect(Object.fromEntries(matrix.map(([, name, target]) => [name, target]))).toEqual(TARGETS)
})

it.each(all)('npm/$name says what it is', ({ name, addon, manifest }) => {
  const [os, cpu, abi] = name.split('-')
  expect(manifest).toMatchObject({
    name: `bino-hmr-${name}`,
    version: own.version,
    license: own.license,
    os: [os],
    cpu: [cpu],
    main: addon,
    files: [addon, NOTICES],
  })
  // npm leaves an optional dependency out, without a word, on a Node that its `engines` do not name.
  expect(manifest).not.toHaveProperty('engines')
  const libc = { gnu: ['glibc'], musl: ['musl'] }[abi]
  expect(manifest.libc).toEqual(libc)
  expect(text('npm', name, 'README.md')).toContain(`# bino-hmr-${name}\n`)
})

it('the crate and the package have one version, and CI builds with its Rust', () => {
  const cargo = text('Cargo.toml')
  expect(/^version = "(.+)"$/m.exec(cargo)?.[1]).toBe(own.version)
  expect(readJson(fromRoot('package-lock.json')).version).toBe(own.version)
  const rust = /^rust-version = "(.+)"$/m.exec(cargo)?.[1]
  for (const workflow of ['ci.yml', 'release.yml']) {
    expect(text('.github/workflows', workflow)).toContain(`RUST: "${rust}"`)
  }
})

it('package-lock.json holds no address to download from', () => {
  const { packages } = readJson(fromRoot('package-lock.json'))
  const resolved = Object.values(packages).flatMap((entry) => entry.resolved ?? [])
  expect(resolved.filter((address) => address.includes(':'))).toEqual([])
})

it('docs/dependencies.md gives a reason for each dependency', () => {
  const page = text('docs/dependencies.md')
  const tables = text('Cargo.toml').matchAll(/^\[(?:dev-|build-)?dependencies\]\n((?:[^[\n].*\n|\n)*)/gm)
  const crates = [...tables].flatMap(([, table]) =>
    [...table.matchAll(/^([\w-]+) = /gm)].map(([, name]) => name),
  )
  expect(crates).toContain('notify')
  const missing = [...crates, ...Object.keys(own.devDependencies)].filter(
    (name) => !page.includes(`\`${name}\``),
  )
  expect(missing).toEqual([])
  expect(own.dependencies, 'at run time there are none').toBeUndefined()
})

it('docs/errors.md lists each code, and no other', () => {
  const source = ['src', 'js'].flatMap((folder) =>
    readdirSync(fromRoot(folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(rs|js)$/.test(file))
      .map((file) => text(folder, file)),
  )
  const codes = source.flatMap((file) =>
    [...file.matchAll(/["'`](BINO_[A-Z]+_[A-Z_]+[A-Z])["'`]/g)].map(([, code]) => code),
  )
  const errors = [...new Set(codes)].filter((code) => !/^BINO_HMR_/.test(code))
  const listed = [...text('docs/errors.md').matchAll(/^\| `(BINO_\w+)`/gm)].map(([, code]) => code)
  expect(listed.toSorted()).toEqual(errors.toSorted())
})
