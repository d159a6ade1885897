/**
 * Starts a server, restarts it many times, closes it, and prints what the process held before and after as JSON. Then
 * it ends by itself, or `lifetime.test.js` fails.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'vite'
import { binoHmr } from '../../js/index.js'
import { threadNames } from '../support/threads.js'

const [root, restarts] = process.argv.slice(2)

/** Threads, descriptors and inotify watches of this process (Linux). */
function held() {
  const descriptors = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [{ fd, target: readlinkSync(`/proc/self/fd/${fd}`) }]
    } catch {
      // The descriptor of the listing itself.
      return []
    }
  })
  const notifiers = descriptors.filter(({ target }) => target.includes('inotify'))
  return {
    // Vite's bundler starts its own workers when it likes.
    threads: threadNames()
      .filter((name) => !name.startsWith('rolldown'))
      .sort(),
    descriptors: descriptors.length,
    watches: notifiers
      .map(({ fd }) => readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').split('inotify wd:').length - 1)
      .reduce((sum, count) => sum + count, 0),
  }
}

/**
 * What is held when Vite has nothing under way any more, which on a busy machine goes on for a while after `close()`: the
 * same for a quarter of a second. What is left behind stays.
 */
async function heldAtRest() {
  const end = performance.now() + 60_000
  let [last, times] = ['', 0]
  while (times < 10 && performance.now() < end) {
    const now = JSON.stringify(held())
    times = now === last ? times + 1 : 0
    last = now
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return JSON.parse(last)
}

async function start() {
  return createServer({
    root,
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, ws: false },
    plugins: [binoHmr()],
  })
}

// The first server loads what stays for the life of the process: the addon, Vite's own workers.
await (await start()).close()
const before = await heldAtRest()
const server = await start()
for (let count = 0; count < Number(restarts); count++) await server.restart()
await server.close()
process.stdout.write(JSON.stringify({ before, after: await heldAtRest() }))
