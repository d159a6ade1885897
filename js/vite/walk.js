/**
 * The words that cross to the native walk and back; `src/binding/walk.rs` is the other side.
 *
 * request:  graph, with chains (0 | 1), passes, then for each pass: page (0 | 1), seeds, their indexes…
 * response: kind, the pass that decided, reloaded pages, their passes…,
 *           updates, (boundary, accepted via, bits)…, chain length, chain…,
 *           orphan's chain length, chain…, asked, their indexes…,
 *           and with chains, for each update: chain length, chain…
 */

/** What an environment should do. */
export const NOOP = 0
export const UPDATE = 1
export const RELOAD = 2

const EXPLICIT = 1
const CIRCULAR = 2

/**
 * @typedef {object} PassRequest
 * @property {number[]} seeds
 * @property {boolean} page an `.html` file, in the client's environment
 *
 * @typedef {object} WalkedUpdate
 * @property {number} boundary
 * @property {number} acceptedVia
 * @property {boolean} explicitImportRequired
 * @property {boolean} isWithinCircularImport
 * @property {Uint32Array | undefined} chain from the seed to the boundary; only when asked for
 *
 * @typedef {object} Walked
 * @property {number} kind `NOOP`, `UPDATE` or `RELOAD`
 * @property {number} pass the pass that made it a reload
 * @property {number[]} pages the passes whose page has to reload
 * @property {WalkedUpdate[]} updates
 * @property {Uint32Array} chain from the seed to the dead end of a reload
 * @property {Uint32Array} orphan from a seed to a module that no page has a use for any more, if the walk met one
 * @property {Uint32Array} asked every module whose flags had a part in the answer: visited, or a boundary
 */

/**
 * @param {number} graph
 * @param {PassRequest[]} passes
 * @param {boolean} withChains
 */
export function encodeRequest(graph, passes, withChains) {
  const words = [graph, withChains ? 1 : 0, passes.length]
  for (const { seeds, page } of passes) {
    words.push(page ? 1 : 0, seeds.length)
    for (const seed of seeds) words.push(seed)
  }
  return words
}

/**
 * @param {Uint32Array} words
 * @param {boolean} withChains
 * @returns {Walked}
 */
export function decodeResponse(words, withChains) {
  let at = 0
  const list = () => {
    const length = words[at++]
    at += length
    return words.subarray(at - length, at)
  }
  const kind = words[at++]
  const pass = words[at++]
  const pages = [...list()]
  /** @type {WalkedUpdate[]} */
  const updates = new Array(words[at++])
  for (let index = 0; index < updates.length; index++) {
    const bits = words[at + 2]
    updates[index] = {
      boundary: words[at],
      acceptedVia: words[at + 1],
      explicitImportRequired: (bits & EXPLICIT) !== 0,
      isWithinCircularImport: (bits & CIRCULAR) !== 0,
      chain: undefined,
    }
    at += 3
  }
  const chain = list()
  const orphan = list()
  const asked = list()
  if (withChains) for (const update of updates) update.chain = list()
  return { kind, pass, pages, updates, chain, orphan, asked }
}
