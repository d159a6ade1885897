// `npm run pack`: the packages as they are published, as tarballs in dist/.
//
//   npm run pack                                    the main package and the addon of this machine, built if need be
//   npm run pack -- --addons <folder>               the addons in a folder, as they are; nothing is built
//   npm run pack -- --addons <folder> --release     every platform has to be there, and run where Node runs
//   npm run pack -- --repository <url> --out <folder>
//
// The main package depends on each platform's package at exactly its own version. The package.json in the repository
// does not say so: what is not published yet cannot be installed, and `npm ci` in a clone has to work before a release.
// So the manifests are completed on the way into the tarball, and those in the repository are `private`, which keeps
// npm from publishing the incomplete ones.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { buildAddon } from './build-addon.js'
import { installPackages } from './install-packages.js'
import { fromRoot, root } from './paths.js'
import { mainManifest, platforms } from './platforms.js'
import { Advice, dim, explainFailure, green } from './terminal.js'
import { NOTICES, thirdPartyNotices } from './third-party.js'

/** Node 20, the oldest that we run on, needs as much itself: an addon that needs no more runs wherever Node does. */
const NODE_GLIBC = [2, 28]

/**
 * @param {string[]} args
 * @returns {string} what npm printed
 */
function npmPack(args) {
  const cli = process.env.npm_execpath
  const command = cli?.endsWith('.js') ? [process.execPath, cli] : ['npm']
  const [program, ...first] = [...command, 'pack', '--ignore-scripts', '--json', ...args]
  const { status, stdout, stderr, error } = spawnSync(program, first, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw error ?? new Advice(`npm pack failed:\n${stderr}`)
  return stdout
}

/** npm answers with a list up to version 11, and with an object by name after it. @param {string} json */
const packed = (json) => /** @type {any} */ (Object.values(JSON.parse(json))[0])

/**
 * What a user's npm should know of a package; what only the repository needs stays there.
 *
 * @param {any} manifest
 * @param {object} added
 */
function published(manifest, added) {
  const { private: _, scripts, devDependencies, workspaces, napi, ...rest } = manifest
  return { ...rest, ...added }
}

/**
 * @param {string} stage
 * @param {any} manifest
 * @param {Array<[from: string, to: string]>} files
 * @param {string} out
 */
function tarball(stage, manifest, files, out) {
  const folder = join(stage, manifest.name)
  for (const [from, to] of files) {
    mkdirSync(dirname(join(folder, to)), { recursive: true })
    cpSync(from, join(folder, to))
  }
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  const { filename } = packed(npmPack([folder, '--pack-destination', out]))
  const file = join(out, basename(filename))
  console.log(`${green('✓')} ${file} ${dim(`${Math.ceil(statSync(file).size / 1024)} kB`)}`)
}

/**
 * The newest glibc that an addon asks for. The linker refuses it on anything older.
 *
 * @param {string} addon
 */
function neededGlibc(addon) {
  const names = readFileSync(addon, 'latin1').matchAll(/GLIBC_(\d+)\.(\d+)/g)
  return [...names]
    .map(([, major, minor]) => [Number(major), Number(minor)])
    .sort(byVersion)
    .at(-1)
}

/** @param {number[]} a @param {number[]} b */
const byVersion = (a, b) => a[0] - b[0] || a[1] - b[1]

/**
 * @param {string} addon
 * @param {boolean} release
 */
function checkGlibc(addon, release) {
  const needed = neededGlibc(addon)
  if (!needed || byVersion(needed, NODE_GLIBC) <= 0) return
  const finding = `${basename(addon)} needs glibc ${needed.join('.')}; Node itself runs from ${NODE_GLIBC.join('.')} on`
  if (release) throw new Advice(`${finding}. Build it with --use-napi-cross.`)
  console.log(dim(`  ${finding}: good for this machine, not for a release`))
}

async function main() {
  const { values } = parseArgs({
    options: {
      addons: { type: 'string' },
      out: { type: 'string', default: fromRoot('dist') },
      release: { type: 'boolean', default: false },
      repository: { type: 'string' },
    },
  })
  if (!values.addons) {
    await installPackages()
    await buildAddon()
  }
  const addons = resolve(values.addons ?? fromRoot('js'))
  const out = resolve(values.out)
  const repository = values.repository && { repository: { type: 'git', url: values.repository } }

  const all = platforms()
  const built = all.filter(({ addon }) => existsSync(join(addons, addon)))
  const missing = all.filter((platform) => !built.includes(platform)).map(({ addon }) => addon)
  if (built.length === 0 || (values.release && missing.length > 0)) {
    throw new Advice(`In ${addons} there is no ${missing.join(', no ')}.`)
  }

  for (const { addon } of built) checkGlibc(join(addons, addon), values.release)

  mkdirSync(out, { recursive: true })
  const stage = mkdtempSync(join(tmpdir(), 'bino-hmr-pack-'))
  try {
    for (const { folder, addon, manifest, target } of built) {
      const notices = join(stage, NOTICES)
      writeFileSync(notices, thirdPartyNotices(target))
      /** @type {Array<[string, string]>} */
      const files = [
        [join(addons, addon), addon],
        [join(folder, 'README.md'), 'README.md'],
        [fromRoot('LICENSE'), 'LICENSE'],
        [notices, NOTICES],
      ]
      tarball(stage, published(manifest, { ...repository }), files, out)
    }
    const own = mainManifest()
    // npm's own answer to what belongs into the package: `files` of package.json stays the one place that says it.
    const { files } = packed(npmPack(['--dry-run']))
    const optionalDependencies = Object.fromEntries(
      all.map(({ manifest }) => [manifest.name, manifest.version]),
    )
    tarball(
      stage,
      published(own, { ...repository, optionalDependencies }),
      files.map((/** @type {{ path: string }} */ { path }) => [fromRoot(path), path]),
      out,
    )
  } finally {
    rmSync(stage, { recursive: true, force: true })
  }
}

main().catch((error) => {
  explainFailure(error)
  process.exitCode = 1
})
