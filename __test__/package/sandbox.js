/**
 * A machine without Rust and without our repository: a folder of its own as home, a PATH with nothing but Node, npm with
 * an empty cache and no settings.
 */

import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fromRoot } from '../../scripts/paths.js'

/** npm's own program, so that it can be run without a shell. */
export const npmCli = findNpm()

function findNpm() {
  const beside = path.dirname(realpathSync(process.execPath))
  const candidates = [
    process.env.npm_execpath,
    path.join(beside, '../lib/node_modules/npm/bin/npm-cli.js'),
    path.join(beside, 'node_modules/npm/bin/npm-cli.js'),
    ...(process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'npm')),
  ]
  const found = candidates.find(
    (file) => file && existsSync(file) && realpathSync(file).endsWith('npm-cli.js'),
  )
  if (!found) throw new Error('npm was not found')
  return realpathSync(found)
}

/** npm at work takes a while, and on a busy machine a long one. */
const PATIENCE_MS = 240_000

/**
 * @typedef {object} Ended
 * @property {number | string} code exit code, or the signal that ended it
 * @property {string} stdout
 * @property {string} stderr
 */

/**
 * @param {string[]} args of Node
 * @param {{ cwd: string, env?: Record<string, string> }} options `env`: instead of ours
 * @returns {Promise<Ended>}
 */
export const node = (args, { cwd, env }) =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd, env: env ?? process.env, timeout: PATIENCE_MS, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => resolve({ code: error ? (error.signal ?? error.code) : 0, stdout, stderr }),
    )
  })

/** @param {Ended} ended */
export function succeeded(ended) {
  if (ended.code !== 0) throw new Error(`ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`)
  return ended.stdout
}

/** @returns {string} a fresh folder */
export const createFolder = () => realpathSync(mkdtempSync(path.join(tmpdir(), 'bino-hmr-package-')))

/** @param {string} folder */
export const removeFolder = (folder) => rmSync(folder, { recursive: true, force: true })

/**
 * An empty project in a machine of its own.
 *
 * @param {string} registry where npm may ask
 */
export function createMachine(registry = 'http://127.0.0.1:1') {
  const home = createFolder()
  const root = path.join(home, 'project')
  const bin = path.join(home, 'bin')
  for (const folder of [root, bin]) mkdirSync(folder)
  const onWindows = process.platform === 'win32'
  symlinkSync(
    process.execPath,
    path.join(bin, path.basename(process.execPath)),
    onWindows ? 'file' : undefined,
  )
  writeFileSync(path.join(root, 'package.json'), '{ "name": "project", "private": true, "type": "module" }\n')
  const env = {
    HOME: home,
    USERPROFILE: home,
    PATH: bin,
    ...(onWindows && { SystemRoot: process.env.SystemRoot, TEMP: home }),
    NO_COLOR: '1',
    npm_config_cache: path.join(home, 'cache'),
    npm_config_registry: registry,
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_update_notifier: 'false',
    npm_config_fetch_retries: '0',
    // The Vite that the project has is this repository's own: npm is not to look for another.
    npm_config_legacy_peer_deps: 'true',
  }
  return {
    root,
    path: (/** @type {string[]} */ ...parts) => path.join(root, ...parts),
    /** @param {string[]} args */
    npm: async (...args) => succeeded(await node([npmCli, ...args], { cwd: root, env })),
    /** @param {string[]} args */
    node: (...args) => node(args, { cwd: root, env }),
    linkVite: () =>
      symlinkSync(fromRoot('node_modules/vite'), path.join(root, 'node_modules/vite'), 'junction'),
    /** @param {Record<string, string>} files */
    write(files) {
      for (const [file, content] of Object.entries(files)) writeFileSync(path.join(root, file), content)
    },
    remove: () => removeFolder(home),
  }
}
