/** What the figures depend on besides the code. */

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

/** What is measured beside ours. */
const RIVALS = ['vite', 'rolldown', 'esbuild', 'chokidar3', 'chokidar', '@parcel/watcher']

export function describeMachine() {
  const versions = Object.fromEntries(RIVALS.map((name) => [name, versionOf(name)]))
  const cpus = os.cpus()
  return {
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
      ' ',
    ),
    date: new Date().toISOString(),
    commit: git('describe', '--always', '--dirty'),
    vite: versions.vite,
    versions,
    node: process.version,
    system: `${os.type()} ${os.arch()}`,
    cpus: cpus.length,
    cpu: cpus[0]?.model.trim(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAtStart: os.loadavg().map((load) => Number(load.toFixed(2))),
  }
}

/** @param {string} name */
const versionOf = (name) =>
  JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')).version

/** Nothing where this is no clone. @param {string[]} args */
const git = (...args) =>
  spawnSync('git', args, { cwd: new URL('..', import.meta.url), encoding: 'utf8' }).stdout?.trim()
