/**
 * Finds the compiled addon and loads it, or says what was looked for, what was found and what to do about it.
 *
 * Our own, and not the loader that napi-rs generates: that one knows thirty platforms of which we build eight, starts
 * `ldd` to learn the libc, and answers every failure with the same guess. A file that is cut short would end the whole
 * process with SIGBUS there.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What has a prebuilt package: the folders in `npm/`. */
export const PREBUILT = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
]

/**
 * @typedef {typeof import('./binding.cjs')} Addon
 *
 * @typedef {object} Libc
 * @property {'glibc' | 'musl' | 'unknown'} family
 * @property {string} [version]
 *
 * @typedef {object} Attempt one place in which the addon could have been
 * @property {string} place a file or a package
 * @property {boolean} found whether something was there
 * @property {string} failure why it was not loaded
 * @property {unknown} [cause] what Node threw
 */

const require = createRequire(import.meta.url)
const here = dirname(fileURLToPath(import.meta.url))
const { version } = require('../package.json')

/**
 * @returns {Addon}
 * @throws {Error} with `code` `BINO_ADDON_MISSING` when there is none for this platform, `BINO_ADDON_LOAD` when there is
 *   one and it could not be loaded
 */
export function loadAddon() {
  const libc = process.platform === 'linux' ? detectLibc() : undefined
  const names = addonNames(libc)
  /** @type {Attempt[]} */
  const attempts = []
  for (const name of names) {
    for (const load of [loadBuilt, loadInstalled]) {
      const outcome = load(name)
      if ('addon' in outcome) return outcome.addon
      attempts.push(outcome)
    }
  }
  throw failure(libc, names, attempts)
}

/**
 * As napi-rs names its targets. Two where the libc is unknown: the wrong one refuses to load, and says so.
 *
 * @param {Libc | undefined} libc
 */
function addonNames(libc) {
  const base = `${process.platform}-${process.arch}`
  if (process.platform === 'win32') return [`${base}-msvc`]
  if (!libc) return [base]
  const abis = { glibc: ['gnu'], musl: ['musl'], unknown: ['gnu', 'musl'] }
  return abis[libc.family].map((abi) => `${base}-${abi}`)
}

/**
 * What `npm run build` wrote, in a clone of the repository.
 *
 * @param {string} name
 * @returns {{ addon: Addon } | Attempt}
 */
function loadBuilt(name) {
  const file = join(here, `bino-hmr.${name}.node`)
  if (!existsSync(file))
    return { place: file, found: false, failure: 'not there (only a clone has it, after a build)' }
  return loadFile(file)
}

/**
 * What npm installed as an optional dependency.
 *
 * @param {string} name
 * @returns {{ addon: Addon } | Attempt}
 */
function loadInstalled(name) {
  const place = packageName(name)
  const folder = installedFolder(name)
  if (!folder) return { place, found: false, failure: `not installed (looked from ${here} upwards)` }
  const manifest = require(join(folder, 'package.json'))
  const file = join(folder, manifest.main)
  if (!existsSync(file))
    return { place: file, found: false, failure: 'the package is there, this file of it is not' }
  // Both are published together. Another version speaks another language, and would fail later and less clearly.
  if (manifest.version !== version) {
    return { place: file, found: true, failure: `is version ${manifest.version}, and bino-hmr is ${version}` }
  }
  return loadFile(file)
}

/**
 * @param {string} file
 * @returns {{ addon: Addon } | Attempt}
 */
function loadFile(file) {
  try {
    const short = process.platform === 'linux' ? missingBytes(file) : 0
    if (short > 0)
      return { place: file, found: true, failure: `is cut short: at least ${short} bytes are missing` }
    return { addon: require(file) }
  } catch (cause) {
    const failure = cause instanceof Error ? cause.message.replace(`${file}: `, '') : String(cause)
    return { place: file, found: true, failure, cause }
  }
}

const packageName = (/** @type {string} */ name) => `bino-hmr-${name}`

/** @param {string} name */
function installedFolder(name) {
  try {
    return dirname(require.resolve(`${packageName(name)}/package.json`))
  } catch {
    // Not resolvable is what "not installed" means; the caller says so.
    return undefined
  }
}

/**
 * Without starting a program: Node's own report knows what it is linked to.
 *
 * @returns {Libc}
 */
function detectLibc() {
  const report = /** @type {NodeJS.ProcessReport & { excludeNetwork?: boolean }} */ (process.report)
  const { excludeNetwork } = report
  // Otherwise the report looks up the host name of every open socket, which can take seconds.
  report.excludeNetwork = true
  const { header, sharedObjects } = /** @type {any} */ (report.getReport())
  report.excludeNetwork = excludeNetwork
  if (header?.glibcVersionRuntime) return { family: 'glibc', version: header.glibcVersionRuntime }
  const musl = sharedObjects?.some((/** @type {string} */ file) => /\bld-musl-|\blibc\.musl-/.test(file))
  return { family: musl ? 'musl' : 'unknown' }
}

/**
 * How much an ELF file lacks of what its own program headers promise. The dynamic linker maps it without looking, and the
 * process ends with SIGBUS: a full disk or an interrupted copy is enough. macOS and Windows look for themselves.
 *
 * @param {string} file
 */
function missingBytes(file) {
  const descriptor = openSync(file, 'r')
  try {
    const { size } = fstatSync(descriptor)
    /** @param {number} position @param {number} length */
    const read = (position, length) => {
      const bytes = Buffer.alloc(length)
      return { bytes, whole: readSync(descriptor, bytes, 0, length, position) === length }
    }
    // ELF64, little-endian: all that we build. Whatever else this is, the linker refuses it with its own words.
    const header = read(0, 64)
    if (!header.whole || header.bytes.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return 0
    const start = Number(header.bytes.readBigUInt64LE(32))
    const each = header.bytes.readUInt16LE(54)
    const count = header.bytes.readUInt16LE(56)
    const table = read(start, each * count)
    if (!table.whole) return start + each * count - size
    let end = 0
    for (let at = 0; each >= 40 && at < table.bytes.length; at += each) {
      // p_offset + p_filesz
      end = Math.max(
        end,
        Number(table.bytes.readBigUInt64LE(at + 8)) + Number(table.bytes.readBigUInt64LE(at + 32)),
      )
    }
    return Math.max(0, end - size)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * @param {Libc | undefined} libc
 * @param {string[]} names
 * @param {Attempt[]} attempts
 */
function failure(libc, names, attempts) {
  const found = attempts.filter((attempt) => attempt.found)
  const code = found.length > 0 ? 'BINO_ADDON_LOAD' : 'BINO_ADDON_MISSING'
  const system = [
    `${process.platform} ${process.arch}`,
    libc && `${libc.family === 'unknown' ? 'unknown libc' : libc.family} ${libc.version ?? ''}`.trim(),
    `Node ${process.versions.node}`,
  ]
  const packages = names.filter((name) => PREBUILT.includes(name)).map(packageName)
  const message = [
    'bino-hmr could not load its native addon.',
    `  platform  ${system.filter(Boolean).join(', ')}`,
    `  package   ${packages.length > 0 ? `${packages.join(' or ')} ${version}` : 'none is built for this platform'}`,
    ...attempts.map(({ place, failure }, at) => `  ${at === 0 ? 'tried' : '     '}     ${place}: ${failure}`),
    '',
    ...advice(libc, packages, found),
  ].join('\n')
  const causes = found.flatMap(({ cause }) => cause ?? [])
  const cause = causes.length > 1 ? new AggregateError(causes) : causes[0]
  return Object.assign(new Error(message, { cause }), { code })
}

const FROM_SOURCE =
  'Build it from source: clone the bino-hmr repository, run `npm run build` there (Rust is needed), and install the clone.'

/**
 * What to do next, for the situation that this is.
 *
 * @param {Libc | undefined} libc
 * @param {string[]} packages
 * @param {Attempt[]} found
 * @returns {string[]}
 */
function advice(libc, packages, found) {
  if (found.some(({ cause }) => /** @type {any} */ (cause)?.code === 'ERR_DLOPEN_DISABLED')) {
    return ['Node was told not to load native addons: give it `--allow-addons`, or leave out `--no-addons`.']
  }
  // Only a clone has it beside `js/`.
  if (existsSync(join(here, '../Cargo.toml')))
    return ['This is a clone of the repository: run `npm run build` in it.']
  if (packages.length === 0) return [`Prebuilt are ${PREBUILT.join(', ')}.`, FROM_SOURCE]

  const said = found.map(({ failure }) => failure).join('\n')
  const glibc = /version [`']GLIBC_([\d.]+)' not found/.exec(said)?.[1]
  if (glibc)
    return [`It needs glibc ${glibc}, and this system has ${libc?.version}: use a newer one.`, FROM_SOURCE]

  const reinstall = 'Delete node_modules and run `npm install` again, on this machine.'
  if (found.length > 0) return [reinstall, `If that does not help: ${lowerFirst(FROM_SOURCE)}`]

  const others = PREBUILT.filter((name) => !packages.includes(packageName(name)) && installedFolder(name))
  if (others.length > 0) {
    return [
      `Installed is ${others.map(packageName).join(', ')}: node_modules comes from another platform, or from before a ` +
        'change of Node. A container needs a node_modules of its own.',
      reinstall,
    ]
  }
  return [
    'npm leaves it out with `--omit=optional` or `--no-optional` (also as a setting in .npmrc), and when package-lock.json',
    'was written on another platform (npm/cli#4828). Either way this installs it:',
    ...packages.map((name) => `  npm install --save-optional ${name}@${version}`),
    `If that does not help, delete package-lock.json too: ${lowerFirst(reinstall)}`,
  ]
}

const lowerFirst = (/** @type {string} */ text) => text[0].toLowerCase() + text.slice(1)
