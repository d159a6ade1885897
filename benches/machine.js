/** What the figures depend on besides the code. */

import { createRequire } from 'node:module'
import os from 'node:os'

const require = createRequire(import.meta.url)

export function describeMachine() {
  const { version: vite } = require('vite/package.json')
  const cpus = os.cpus()
  return {
    command: ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(
      ' ',
    ),
    date: new Date().toISOString(),
    vite,
    node: process.version,
    system: `${os.type()} ${os.arch()}`,
    cpus: cpus.length,
    cpu: cpus[0]?.model.trim(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    loadAtStart: os.loadavg().map((load) => Number(load.toFixed(2))),
  }
}
