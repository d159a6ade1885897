/**
 * One side of the propagation figures: `node propagation-child.js <side> <shape> <size> <root>`, asked over
 * IPC.
 *
 * What every sample includes, on all three sides: finding the boundaries, invalidating what an update invalidates,
 * building the payload, and handing it to the environment's hot channel, which keeps it. Not included, since it is the
 * same for all: the file's event, plugin hooks, and writing the payload to sockets. Vite's `onFileChange`, which comes
 * before the hooks, is done before each sample and timed apart.
 *
 * stock:  `environment.reloadModule`, which is Vite's own `updateModules`
 * ours:   `send` of `js/vite/send.js` on a transaction of one file, as the plugin calls it
 * linear: `linear-walk.js`, our iterative invalidation, and the same payload
 */

import { createHash } from 'node:crypto'
import { createServer } from 'vite'
import { binoHmr } from '../js/index.js'
import { makeInvalidationIterative } from '../js/vite/invalidation.js'
import { send } from '../js/vite/send.js'
import { sessionOf } from '../js/vite/session.js'
import { Pass, Transaction } from '../js/vite/transaction.js'
import { answer } from './conversation.js'
import { LinearWalk } from './linear-walk.js'
import { SHAPES } from './shapes.js'
import { LoadedShape, resolveShape } from './vite-graph.js'

const [side, shapeName, size, root] = process.argv.slice(2)

const server = await createServer({
  root,
  configFile: false,
  logLevel: 'silent',
  server: { middlewareMode: true, ws: false },
  optimizeDeps: { noDiscovery: true },
  plugins: [keepPayloads(), resolveShape(), side === 'ours' ? binoHmr({ log: 'silent' }) : []],
})
const environment = server.environments.client
const shape = new LoadedShape(environment, SHAPES[shapeName](Number(size)))

/** The payload that was handed over last. @type {any} */
let sent
/** @returns {import('vite').Plugin} */
function keepPayloads() {
  return {
    name: 'bench:keep-payloads',
    enforce: 'pre',
    configureServer: {
      order: 'pre',
      handler({ environments }) {
        // Behind what stands in front of the channel on our side, since this is there first.
        environments.client.hot.send = (/** @type {any} */ payload) => {
          sent = payload
        }
      },
    },
  }
}

/** Milliseconds of the current sample by part. @type {Record<string, number>} */
let parts = {}

const sides = {
  stock: () => ({
    update() {
      environment.reloadModule(shape.saved).catch((error) => {
        sent = error
      })
    },
  }),

  ours() {
    const session = sessionOf(server)
    if (!session) throw new Error('the plugin did not start')
    const { mirror } = session.mirrorOf(environment)
    measure(mirror, 'flush', 'mirror')
    measure(mirror, 'compare', 'compare')
    measure(session.engine, 'walk', 'walk')
    return {
      update() {
        const transaction = new Transaction(1)
        const change = /** @type {const} */ ({ kind: 'update', path: shape.saved.file ?? '', type: 'file' })
        const pass = new Pass(change, transaction, () => {})
        const options = /** @type {any} */ ({ timestamp: Date.now(), modules: [shape.saved] })
        pass.options.set(environment, options)
        pass.seeds.set(environment, options.modules)
        transaction.passes.push(pass)
        send(transaction, session)
      },
    }
  },

  linear() {
    makeInvalidationIterative(environment.moduleGraph)
    const linear = new LinearWalk(environment.moduleGraph)
    measure(linear, 'walk', 'walk')
    return {
      edgesChanged: () => linear.edgesChanged(),
      update() {
        const timestamp = Date.now()
        const boundaries = linear.walk(shape.saved)
        environment.moduleGraph.invalidateModule(shape.saved, new Set(), timestamp, true)
        if (!boundaries) return environment.hot.send({ type: 'full-reload', path: '*' })
        const updates = boundaries.map(({ boundary, acceptedVia, isWithinCircularImport }) => ({
          type: /** @type {'js-update'} */ (`${boundary.type}-update`),
          timestamp,
          path: boundary.url,
          acceptedPath: acceptedVia.url,
          explicitImportRequired: false,
          isWithinCircularImport,
        }))
        environment.hot.send({ type: 'update', updates })
      },
    }
  },
}

/**
 * Adds up what a method takes. While it runs the original is back in its place, so that a method which calls itself
 * runs as ever.
 *
 * @param {any} object
 * @param {string} method
 * @param {string} part
 */
function measure(object, method, part) {
  const original = object[method]
  const measured = (/** @type {unknown[]} */ ...args) => {
    object[method] = original
    const start = performance.now()
    try {
      return original.apply(object, args)
    } finally {
      parts[part] = (parts[part] ?? 0) + performance.now() - start
      object[method] = measured
    }
  }
  object[method] = measured
}

/** @type {{ update: () => void, edgesChanged?: () => void }} */
let mine

answer({
  async load() {
    mine = sides[/** @type {keyof typeof sides} */ (side)]()
    measure(environment.moduleGraph, 'invalidateModule', 'invalidate')
    await shape.load()
  },

  /** The first update after the page has loaded: what the mirror cost until now belongs to it. */
  async first() {
    const { mirror = 0 } = parts
    return { ...(await sample()), mirrorBefore: mirror }
  },

  steady: () => sample(),

  /** An import came or went since the last update, and the save comes before anything could be done about it. */
  async edge() {
    await shape.toggleExtraImport()
    mine.edgesChanged?.()
    return sample()
  },
})

async function sample() {
  shape.transformAgain()
  sent = undefined
  let start = performance.now()
  try {
    environment.moduleGraph.onFileChange(shape.saved.file ?? '')
  } catch (error) {
    // Vite calls it in the listener of the watcher: nothing is reached that could send.
    return { milliseconds: performance.now() - start, parts: {}, ...described(error) }
  }
  const onFileChange = performance.now() - start
  parts = {}
  start = performance.now()
  try {
    mine.update()
  } catch (error) {
    sent = error
  }
  const milliseconds = performance.now() - start
  // A rejection of `reloadModule` arrives a moment later.
  await new Promise((resolve) => setImmediate(resolve))
  return { milliseconds, parts: { ...parts, onFileChange }, ...described(sent) }
}

/** @param {any} payload */
function described(payload) {
  if (payload instanceof RangeError) return { outcome: 'stack overflow, nothing sent' }
  if (payload instanceof Error) throw payload
  if (payload?.type !== 'update') return { outcome: payload?.type ?? 'nothing sent' }
  const lines = payload.updates.map((/** @type {any} */ update) =>
    [update.path, update.acceptedPath, Boolean(update.isWithinCircularImport)].join(' '),
  )
  return {
    outcome: 'update',
    updates: lines.length,
    circular: payload.updates.filter((/** @type {any} */ update) => update.isWithinCircularImport).length,
    digest: createHash('sha256').update(lines.join('\n')).digest('hex'),
  }
}
