/**
 * Starts and terminates workers that watch, a few at a time, while files are written all the time, and prints what
 * the process held before and after as JSON. `workers.test.js` reads it.
 *
 * A worker is terminated in the middle of whatever its stage is: nothing in it gets to clean up.
 */

import fs from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ourThreads, threadNames } from '../support/threads.js'

const [root, number] = process.argv.slice(2)
const PACKAGE = new URL('../../js/index.js', import.meta.url)
const VITE = import.meta.resolve('vite')

const WATCHER = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { createWatcher } from ${JSON.stringify(PACKAGE)}
  const tell = (stage) => parentPort.postMessage(stage)
  tell('imported')
  const options = { root: ${JSON.stringify(root)}, threads: 2 }
  const [plain, graph] = [createWatcher(options), createWatcher({ ...options, entries: ['0.js'] })]
  plain.on('batch', () => tell('batch'))
  graph.on('update', () => tell('update'))
  tell('started')
  await Promise.all([plain.ready, graph.ready])
  tell('ready')
  // Answered, or refused since the watcher was closed before.
  graph.graph().catch(() => {})
  tell('asked')
  if (workerData === 'closing') {
    await plain.close()
    void graph.close()
    tell('closing')
  }`

const SERVER = `
  import { parentPort } from 'node:worker_threads'
  import { createServer } from ${JSON.stringify(VITE)}
  import { binoHmr } from ${JSON.stringify(PACKAGE)}
  const server = await createServer({
    root: ${JSON.stringify(root)},
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    // Vite looks for such a configuration in the background, and Node 20 aborts where that is terminated.
    css: { postcss: {} },
    server: { middlewareMode: true, ws: false },
    plugins: [binoHmr({ threads: 2 })],
  })
  server.watcher.on('change', () => parentPort.postMessage('change'))
  parentPort.postMessage('served')`

/** When a worker is terminated. */
const STAGES = ['online', 'imported', 'started', 'ready', 'batch', 'update', 'asked', 'closing']
const SERVER_STAGES = ['served', 'change']
/** Vite takes long to load; every so many workers it is one with a server. */
const EACH_SERVER = 25
/** So that one is terminated while others start and watch, and no core waits. */
const AT_ONCE = 4

/** Threads of ours, and what the process has open that is no file. */
function held() {
  const read = (/** @type {() => string} */ get) => {
    try {
      return get()
    } catch {
      // It ended while we looked.
      return ''
    }
  }
  // Node itself leaves the module files open that a worker was reading when it was terminated.
  const handles = fs
    .readdirSync('/proc/self/fd')
    .map((fd) => read(() => fs.readlinkSync(`/proc/self/fd/${fd}`)))
    .filter((target) => target !== '' && !target.startsWith('/'))
  return {
    threads: threadNames().length,
    ours: ourThreads(),
    notifiers: handles.filter((target) => target.includes('inotify')).length,
    handles: handles.length,
  }
}

let writes = 0
const storm = setInterval(() => {
  for (let file = 0; file < 20; file++) fs.writeFileSync(`${root}/${file}.js`, `export default ${writes++}\n`)
}, 25)

/** @param {number} count */
async function once(count) {
  const serves = count % EACH_SERVER === EACH_SERVER - 1
  const stages = serves ? SERVER_STAGES : STAGES
  const stage = stages[(serves ? Math.floor(count / EACH_SERVER) : count) % stages.length]
  const source = serves ? SERVER : WATCHER
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), {
    workerData: stage,
  })
  await new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error(`a worker ended before it was ${stage}`)))
    // At some point of loading, each time another one.
    if (stage === 'online') worker.once('online', () => setTimeout(resolve, count % 40))
    else worker.on('message', (told) => told === stage && resolve(undefined))
  })
  worker.removeAllListeners()
  // It may fail in its last moments: what it uses is being taken from it.
  worker.on('error', () => {})
  await worker.terminate()
}

// The first ones load what stays for the life of the process.
for (let count = 0; count < STAGES.length; count++) await once(count)
await once(EACH_SERVER - 1)
const before = held()
let next = 0
let done = 0
async function lane() {
  for (let count = next++; count < Number(number); count = next++) {
    await once(count)
    done++
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, lane))
clearInterval(storm)
process.stdout.write(JSON.stringify({ count: done, before, after: held() }))
