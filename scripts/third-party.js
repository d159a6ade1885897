// What the addon is linked from, and under which licences: `THIRD-PARTY-NOTICES.md` of each platform's package. Written
// from cargo's own answer and the licence files that lie beside the sources, which a build has brought to this machine.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { cargoIsMissing } from './build-addon.js'
import { fromRoot, root } from './paths.js'
import { findCargo } from './run-command.js'
import { Advice } from './terminal.js'

export const NOTICES = 'THIRD-PARTY-NOTICES.md'

/** Which licence is taken where there is a choice: the first of these. With each, how its file may be called. */
const LICENCES = /** @type {const} */ ({
  MIT: /mit/i,
  ISC: /isc/i,
  Zlib: /zlib/i,
  'BSL-1.0': /bsl|boost/i,
  'Unicode-3.0': /unicode/i,
  'Apache-2.0': /apache(?!.*llvm)/i,
  'MPL-2.0': /mpl/i,
  'CC0-1.0': /cc0/i,
})

/** What the standard library of Rust is built from, beside itself; each is offered under Apache-2.0, too. */
export const STANDARD_LIBRARY = [
  'addr2line',
  'adler2',
  'cfg-if',
  'gimli',
  'hashbrown',
  'libc',
  'miniz_oxide',
  'object',
  'rustc-demangle',
  'windows-targets',
]

/**
 * @typedef {object} Crate
 * @property {string} name
 * @property {string} version
 * @property {string} licence as its manifest says
 * @property {string[]} taken the licences that we take it under
 * @property {string} source where its sources are
 * @property {string[]} texts
 */

/** @param {string} target Rust's name of a platform */
export function thirdPartyNotices(target) {
  const crates = linkedCrates(target)
  /** @type {Map<string, Crate[]>} */
  const texts = new Map()
  for (const crate of crates) {
    for (const text of crate.texts) texts.set(text, [...(texts.get(text) ?? []), crate])
  }
  const apache = crates.find(({ taken }) => taken.join() === 'Apache-2.0')?.texts[0]
  if (!apache) throw new Advice('No crate brings the text of Apache-2.0, which the standard library needs.')
  texts.set(apache, [.../** @type {Crate[]} */ (texts.get(apache)), rust])
  const title = (/** @type {Crate} */ { name, version }) => `${name} ${version}`.trim()
  return [
    '# Third-party notices',
    '',
    'The addon in this package is compiled from bino-hmr (MIT, see LICENSE) and from the following. Where there is a',
    'choice, the licence in the third column is the one that is taken. The sources of each, unchanged, are those of its',
    'version in its repository and in the public registry of Rust crates; that is also where to get the source code of what',
    'is licensed under MPL-2.0.',
    '',
    '| crate | version | licence | source |',
    '|---|---|---|---|',
    ...[...crates, rust].map(
      ({ name, version, taken, source }) => `| ${name} | ${version} | ${taken.join(' and ')} | ${source} |`,
    ),
    '',
    `The standard library is itself built from ${STANDARD_LIBRARY.join(', ')}.`,
    '',
    ...[...texts].flatMap(([text, users]) => [
      `## ${users.map(title).join(', ')}`,
      '',
      '```text',
      text,
      '```',
      '',
    ]),
  ].join('\n')
}

/** @type {Crate} */
const rust = {
  name: 'the standard library of Rust',
  version: '',
  licence: 'MIT OR Apache-2.0',
  taken: ['Apache-2.0'],
  source: 'https://github.com/rust-lang/rust',
  texts: [],
}

/**
 * What is linked into the addon of a platform, by name. What only runs in the compiler is not.
 *
 * @param {string} target
 * @returns {Crate[]}
 */
function linkedCrates(target) {
  const { packages, resolve } = metadata(target)
  const byId = new Map(packages.map((/** @type {any} */ entry) => [entry.id, entry]))
  const nodes = new Map(resolve.nodes.map((/** @type {any} */ node) => [node.id, node]))
  const linked = new Set([resolve.root])
  for (const id of linked) {
    for (const { pkg, dep_kinds } of nodes.get(id).deps) {
      const kinds = byId.get(pkg).targets.flatMap((/** @type {any} */ { kind }) => kind)
      const needed = dep_kinds.some((/** @type {any} */ { kind }) => kind === null)
      if (needed && !kinds.includes('proc-macro')) linked.add(pkg)
    }
  }
  linked.delete(resolve.root)
  return [...linked]
    .map((id) => describe(byId.get(id)))
    .sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version))
}

/** @param {string} a @param {string} b */
const compare = (a, b) => (a < b ? -1 : Number(a > b))

/** @param {string} target @returns {any} */
function metadata(target) {
  if (!findCargo()) throw new Advice(cargoIsMissing())
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target]
  // After a build all is there; what another platform has on top may have to be fetched.
  for (const more of [['--offline'], []]) {
    const { status, stdout, stderr } = spawnSync('cargo', [...args, ...more], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    })
    if (status === 0) return JSON.parse(stdout)
    if (more.length === 0) throw new Advice(`cargo metadata failed:\n${stderr}`)
  }
}

/** @param {any} entry of cargo's metadata @returns {Crate} */
function describe({ name, version, license, repository, authors, manifest_path }) {
  const taken = takenOf(`${name} ${version}`, license)
  const texts = licenceTexts(dirname(manifest_path), taken)
  if (texts.length === 0) {
    if (taken.join() !== 'MIT') {
      throw new Advice(`${name} ${version} comes without the text of ${taken.join(' and ')}.`)
    }
    texts.push(mit(name, authors))
  }
  return { name, version, licence: license, taken, source: repository ?? '', texts }
}

/**
 * The licences to take something under, of an expression as cargo knows them: `(MIT OR Apache-2.0) AND Unicode-3.0`.
 *
 * @param {string} what
 * @param {string | null} expression
 */
export function takenOf(what, expression) {
  return (expression ?? '').split(' AND ').map((part, _, { length }) => {
    const bare = length > 1 ? part.replace(/^\((.*)\)$/, '$1') : part
    const choice = bare.split(/ OR |\//).map((name) => name.trim())
    const first = Object.keys(LICENCES).find((name) => choice.includes(name))
    if (first && !/[()]/.test(bare)) return first
    throw new Advice(
      `${what} is licensed under ${expression}: scripts/third-party.js does not know what that asks for.`,
    )
  })
}

/**
 * The texts that lie beside a crate's manifest, for these licences.
 *
 * @param {string} folder
 * @param {string[]} taken
 */
function licenceTexts(folder, taken) {
  const papers = readdirSync(folder).filter((file) => /^(un)?licen[cs]e|^copy(ing|right)|^notice/i.test(file))
  const names = Object.entries(LICENCES)
  const matching = papers.filter((file) => {
    const bare = basename(file).replace(/\.(md|txt)$/i, '')
    if (/third.?party|notice|^copyright/i.test(bare)) return true
    const mentioned = names.filter(([, pattern]) => pattern.test(bare)).map(([name]) => name)
    return mentioned.length > 0 ? mentioned.some((name) => taken.includes(name)) : /^licen[cs]e$/i.test(bare)
  })
  return matching.map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
}

/**
 * MIT for a crate that names it and brings no text: the text is always the same, and the manifest says who wrote it.
 *
 * @param {string} name
 * @param {string[]} authors
 */
function mit(name, authors) {
  const who = authors.map((author) => author.replace(/\s*<.*>$/, '')).join(', ') || `the authors of ${name}`
  const own = readFileSync(fromRoot('LICENSE'), 'utf8').trim()
  return own.replace(/^Copyright .*$/m, `Copyright (c) ${who}`)
}
