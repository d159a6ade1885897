/**
 * A real Vite server on a real folder: `node server-child.js <stock | ours> <root>`, asked over IPC.
 *
 * Every time ends where a payload is handed to the `send` of the client's hot channel, behind all that stands in front of
 * it: the same place for both sides.
 */

import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createServer } from 'vite'
import { binoHmr } from '../js/index.js'
import { answer, now, sleep } from './conversation.js'

const [side, root] = process.argv.slice(2)

/** An edit without a payload by then is lost. */
const DEADLINE_MS = 3000

/** What was sent, with the time at which it was. @type {{ at: number, payload: import('vite').HotPayload }[]} */
const sent = []
/** @type {(() => void) | undefined} */
let onSent

/** @type {import('vite').Plugin} */
const recorder = {
  name: 'bench:recorder',
  enforce: 'pre',
  configureServer: {
    order: 'pre',
    handler(server) {
      const { hot } = server.environments.client
      const { send } = hot
      hot.send = (/** @type {any[]} */ ...args) => {
        const [payload] = args
        if (payload?.type === 'update' || payload?.type === 'full-reload' || payload?.type === 'error') {
          sent.push({ at: now(), payload })
          onSent?.()
        }
        return /** @type {any} */ (send).apply(hot, args)
      }
    },
  },
}

/** @type {import('vite').ViteDevServer} */
let server
/** @type {import('vite').DevEnvironment} */
let environment

/** @type {ReturnType<typeof monitorEventLoopDelay>} */
let delay
/** @type {ReturnType<typeof performance.eventLoopUtilization>} */
let utilization

answer({
  /** Starts the server. chokidar says `ready` long before it is, so both sides are asked what they watch. */
  async start({ files, edits }) {
    const start = now()
    server = await createServer({
      root,
      configFile: false,
      logLevel: 'silent',
      server: { port: 0, host: '127.0.0.1' },
      optimizeDeps: { noDiscovery: true },
      plugins: [recorder, side === 'ours' ? binoHmr({ log: 'silent' }) : []],
    })
    await server.listen()
    environment = server.environments.client
    const listening = now() - start
    const early = await editAtOnce(edits)
    while (watched() < files) await sleep(20)
    const watching = now() - start
    await sleep(1000)
    const updated = new Map(
      sent.toReversed().flatMap(({ at, payload }) => urlsOf(payload).map((url) => [url, at])),
    )
    const delays = early.filter(({ url }) => updated.has(url)).map(({ url, at }) => updated.get(url) - at)
    return {
      listening,
      watching,
      edits: edits.length,
      seen: delays.length,
      payloads: sent.length,
      slowest: Math.max(0, ...delays),
    }
  },

  /** Where a page connects. */
  address() {
    const address = server.httpServer?.address()
    const port = typeof address === 'object' ? address?.port : undefined
    return { port, token: server.config.webSocketToken }
  },

  /** Transforms modules breadth first over what Vite finds them to import, as a page would. */
  async load(urls) {
    const seen = new Set()
    let wave = urls
    while (wave.length > 0) {
      const fresh = wave.filter((/** @type {string} */ url) => !seen.has(url))
      for (const url of fresh) seen.add(url)
      await request(fresh)
      const modules = await Promise.all(
        fresh.map((/** @type {string} */ url) => environment.moduleGraph.getModuleByUrl(url)),
      )
      wave = modules.flatMap((module) => [...(module?.importedModules ?? [])].map(({ url }) => url))
    }
    return seen.size
  },

  request,

  /** One save, timed from the return of `writeFileSync`. */
  async save({ file, content }) {
    sent.length = 0
    const answered = new Promise((resolve) => {
      onSent = () => resolve(undefined)
      setTimeout(resolve, DEADLINE_MS).unref()
    })
    writeFileSync(file, content)
    const start = now()
    await answered
    onSent = undefined
    if (sent.length === 0) return { start, milliseconds: undefined, updates: 0 }
    return { start, milliseconds: sent[0].at - start, updates: urlsOf(sent[0].payload).length }
  },

  /** How many payloads there were since the last save began: more than one is one too many. */
  count: () => sent.length,

  record() {
    sent.length = 0
    delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    utilization = performance.eventLoopUtilization()
  },

  /** What was sent since `record`, when nothing has been for a while. */
  async recorded({ patience }) {
    const start = now()
    while (now() - (sent.at(-1)?.at ?? start) < patience) await sleep(50)
    const { active } = performance.eventLoopUtilization(utilization)
    delay.disable()
    const urls = sent.flatMap(({ payload }) => urlsOf(payload))
    return {
      payloads: sent.length,
      reloads: sent.filter(({ payload }) => payload.type === 'full-reload').length,
      updates: urls.length,
      distinct: [...new Set(urls)],
      bytes: sent.reduce((sum, { payload }) => sum + JSON.stringify(payload).length, 0),
      firstAt: sent[0]?.at,
      lastAt: sent.at(-1)?.at,
      busy: active,
      longestDelay: delay.max / 1e6,
    }
  },
})

/**
 * Edits one file every 50 ms, each a module that the page has just loaded.
 *
 * @param {{ url: string, file: string, content: string }[]} edits
 */
async function editAtOnce(edits) {
  const done = []
  for (const { url, file, content } of edits) {
    const next = sleep(50)
    await environment.transformRequest(url)
    writeFileSync(file, content)
    done.push({ url, at: now() })
    await next
  }
  return done
}

/** How many files and folders the server says it watches. */
const watched = () => Object.values(server.watcher.getWatched()).reduce((sum, names) => sum + names.length, 0)

/** @param {string[]} urls */
async function request(urls) {
  await Promise.all(urls.map((url) => environment.transformRequest(url)))
}

/** @param {import('vite').HotPayload} payload */
function urlsOf(payload) {
  return payload.type === 'update' ? payload.updates.map((update) => update.path) : []
}
