/**
 * A real project on disk with a real Vite server, for one test: everything is gone when the test ends.
 */

import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { onTestFinished } from 'vitest'
import { binoHmr } from '../../js/index.js'
import { sessionOf } from '../../js/vite/session.js'

/**
 * @typedef {import('vite').HotPayload} Payload
 * @typedef {Record<string, string>} Files contents by path below the root
 */

/**
 * How long anything may take before a test calls it lost. Nothing waits for its end but a test that fails, and the machine
 * may be slow and busy with other things.
 */
export const DEADLINE_MS = 60_000

/**
 * Writes a project into a fresh folder.
 *
 * @param {Files} files
 */
export function createProject(files) {
  const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'bino-hmr-')))
  // A process that ends may still write its last, as Vite its profile.
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }))
  const project = {
    root,
    /** @param {string} file */
    path: (file) => path.join(root, file),
    /**
     * @param {string} file
     * @param {string} content
     */
    write(file, content) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
      writeFileSync(path.join(root, file), content)
    },
    /**
     * Puts a file in its place in one step. One that is written is there, empty, before it has its content, and on a busy
     * machine for so long that it is two changes.
     *
     * @param {string} file
     * @param {string} content
     */
    put(file, content) {
      mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
      writeFileSync(`${root}.draft`, content)
      renameSync(`${root}.draft`, path.join(root, file))
    },
    /** @param {string} file */
    remove: (file) => rmSync(path.join(root, file), { recursive: true }),
  }
  for (const [file, content] of Object.entries(files)) project.write(file, content)
  return project
}

/**
 * What goes out on each environment's channel, behind everything that stands in front of it.
 *
 * @returns {import('vite').Plugin & { sent: Map<string, Payload[]> }}
 */
function recorder() {
  /** @type {Map<string, Payload[]>} */
  const sent = new Map()
  return {
    name: 'test:recorder',
    enforce: 'pre',
    sent,
    configureServer: {
      order: 'pre',
      handler(server) {
        for (const environment of Object.values(server.environments)) {
          const { hot } = environment
          const { send } = hot
          sent.set(environment.name, [])
          hot.send = (...args) => {
            if (typeof args[0] === 'object') sent.get(environment.name).push(args[0])
            return send.apply(hot, args)
          }
        }
      },
    },
  }
}

/**
 * Starts a server on the project. With `bino: false` it is stock Vite.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {object} [options]
 * @param {import('vite').InlineConfig} [options.config]
 * @param {import('../../index.d.ts').BinoHmrOptions | false} [options.bino]
 * @param {string} [options.vite] the package of the Vite to use
 */
export async function startServer(project, { config = {}, bino = {}, vite = 'vite' } = {}) {
  const { createServer, createLogger } = await import(vite)
  const record = recorder()
  /** @type {string[]} */
  const logged = []
  const logger = createLogger('silent')
  for (const level of ['info', 'warn', 'warnOnce', 'error'])
    logger[level] = (message) => logged.push(`${level}: ${message}`)
  const plugins = bino === false ? [] : binoHmr({ verify: true, ...bino })
  const server = await createServer({
    root: project.root,
    configFile: false,
    customLogger: logger,
    ...config,
    server: { port: 0, strictPort: false, ...config.server },
    optimizeDeps: { noDiscovery: true, ...config.optimizeDeps },
    plugins: [record, ...plugins, ...(config.plugins ?? [])],
  })
  if (!server.config.server.middlewareMode) await server.listen()
  onTestFinished(() => server.close())

  return {
    server,
    logged,
    plugin: plugins[0],
    session: bino === false ? undefined : sessionOf(server),
    /** What was sent so far to an environment. */
    sent: (environment = 'client') => record.sent.get(environment),
    /**
     * Loads modules and all that they import, as a page would.
     *
     * @param {string[]} urls
     */
    async load(urls, environment = 'client') {
      await loadAll(server.environments[environment], urls)
    },
    /**
     * The next payload that `matches`, counted from now.
     *
     * @param {(payload: Payload) => boolean} [matches]
     */
    next(
      matches = (payload) => payload.type === 'update' || payload.type === 'full-reload',
      environment = 'client',
    ) {
      const payloads = record.sent.get(environment)
      const from = payloads.length
      return waitFor(
        () => payloads.slice(from).find(matches),
        () =>
          `no such payload; sent: ${JSON.stringify(payloads.slice(from))}; logged: ${logged.slice(-5).join('\n')}`,
      )
    },
    /**
     * The next log line that contains `text`.
     *
     * @param {string} text
     */
    log: (text) =>
      waitFor(
        () => logged.find((line) => line.includes(text)),
        () => logged.join('\n'),
      ),
    /** Fails the test if `verify` found a difference. */
    expectNoDifference() {
      const differences = logged.filter((line) => line.includes('verify:') && line.includes('differs'))
      if (differences.length > 0) throw new Error(differences.join('\n'))
    },
  }
}

/**
 * Transforms modules breadth first over what Vite finds them to import.
 *
 * @param {import('vite').DevEnvironment} environment
 * @param {string[]} urls
 */
async function loadAll(environment, urls) {
  const seen = new Set()
  let wave = urls
  while (wave.length > 0) {
    const fresh = wave.filter((url) => !seen.has(url))
    for (const url of fresh) seen.add(url)
    await Promise.all(fresh.map((url) => environment.transformRequest(url)))
    const modules = await Promise.all(fresh.map((url) => environment.moduleGraph.getModuleByUrl(url)))
    wave = modules.flatMap((module) => [...(module?.importedModules ?? [])].map(({ url }) => url))
  }
}

/** What the machine stopped in the middle. */
class Interrupted extends Error {}

/**
 * Plays a story of which one step has to be done in one go, as programs do it: what comes later is no part of the same. A
 * busy machine may stop us in the middle of it; then the story is played again, from its beginning.
 *
 * @param {number} ms what is one go
 * @param {(swiftly: (act: () => void) => void) => Promise<void>} story calls `swiftly` with that step
 */
export async function inOneGo(ms, story) {
  const swiftly = (/** @type {() => void} */ act) => {
    const start = performance.now()
    act()
    const took = performance.now() - start
    if (took > ms) throw new Interrupted(`took ${took} ms, not ${ms}`)
  }
  const end = performance.now() + 2 * DEADLINE_MS
  while (true) {
    try {
      return await story(swiftly)
    } catch (error) {
      if (!(error instanceof Interrupted) || performance.now() > end) throw error
    }
  }
}

/**
 * Polls `find` until it gives something, and fails with `describe()` after the deadline.
 *
 * @template T
 * @param {() => T | undefined} find
 * @param {() => string} describe
 * @param {number} [deadline]
 * @returns {Promise<T>}
 */
export async function waitFor(find, describe, deadline = DEADLINE_MS) {
  const end = performance.now() + deadline
  while (true) {
    const found = find()
    if (found !== undefined) return found
    if (performance.now() > end) throw new Error(`waited ${deadline} ms in vain: ${describe()}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
