/**
 * Stands in front of `send` of each environment's hot channel, which is where Vite and plugins send by themselves.
 *
 * Owns: merging a reload that is sent during a pass with the transaction's update, or dropping it where it is for a
 * tsconfig that nothing uses; and capturing what Vite's own `hmr` would send. Everything else goes straight through.
 */

import { currentPass } from './transaction.js'
import { isUsedTsconfig } from './tsconfig.js'

/**
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Payload} Payload
 */

/** Channels that are patched already: two plugin objects may meet on one server. */
const patched = new WeakSet()

/** Who is told what really went out, by channel. @type {WeakMap<object, (payload: Payload) => void>} */
const listeners = new WeakMap()

/** Where payloads go while Vite's `hmr` is asked for its answer, which it gives synchronously. @type {Payload[] | undefined} */
let captured

/** True while we send: our own payloads are never merged or dropped. */
let delivering = false

/** @param {Environment} environment */
export function standInFront(environment) {
  const { hot } = environment
  if (patched.has(hot)) return
  patched.add(hot)
  const { send } = hot
  /** @param {any[]} args */
  hot.send = (...args) => {
    const payload = args[0]
    if (captured && typeof payload === 'object') {
      captured.push(payload)
      return
    }
    const pass = delivering || payload?.type !== 'full-reload' ? undefined : currentPass()
    if (!pass) {
      if (typeof payload === 'object') listeners.get(hot)?.(payload)
      return /** @type {any} */ (send).apply(hot, args)
    }
    // Vite reloads for a tsconfig in its own listener, hence while the event is emitted; plugins send later.
    if (pass.emitting && pass.file.endsWith('.json') && !isUsedTsconfig(environment, pass.file)) {
      pass.transaction.spared.push({ environment, rule: `no loaded module uses ${pass.file}` })
      return
    }
    const { reloads } = pass.transaction
    reloads.set(environment, [...(reloads.get(environment) ?? []), payload])
  }
}

/**
 * Tells of each payload that goes out, once {@link standInFront} was called for the environment.
 *
 * @param {Environment} environment
 * @param {(payload: Payload) => void} listener
 */
export function listenTo(environment, listener) {
  listeners.set(environment.hot, listener)
}

/**
 * Sends past ourselves.
 *
 * @param {Environment} environment
 * @param {Payload} payload
 */
export function deliver(environment, payload) {
  delivering = true
  try {
    environment.hot.send(payload)
  } finally {
    delivering = false
  }
}

/**
 * What `body` sends and would log, instead of sending and logging it.
 *
 * @param {Environment} environment
 * @param {() => unknown} body synchronous up to its last send
 */
export function capture(environment, body) {
  const { logger } = environment
  const { info } = logger
  /** @type {Payload[]} */
  const payloads = []
  const before = captured
  captured = payloads
  logger.info = () => {}
  try {
    body()
  } finally {
    captured = before
    logger.info = info
  }
  return payloads
}
