/**
 * Module graphs in the shapes that hot updates find hard, as plain lists: no files, no Vite. The same arguments always
 * give the same graph.
 *
 * Every arrow below is an import. `*` marks a module that accepts itself; `!` the module that is saved.
 */

/**
 * @typedef {object} ShapeModule
 * @property {number[]} imports by index, in source order
 * @property {boolean} accepts whether it accepts itself
 *
 * @typedef {object} Shape
 * @property {string} name
 * @property {ShapeModule[]} modules the first is the entry
 * @property {number} saved the module that is saved
 * @property {[number, number]} extra an import that is not there, and would change no payload if it were
 */

const ENTRY = 0
const UTIL = 1
const FIRST = 2

/**
 * A class-name utility, 100 components that use it, and an application that is built of them.
 *
 *     entry ─▶ feature ─▶ feature ─▶ … ─▶ feature     9 layers; each feature imports 3 of the layer beneath
 *                 └──────────┴──────────────┴──▶ Button*, Card*, … (5 of 100)
 *                                                   └──▶ classNames!
 *
 * Few updates, but above each component lies nearly the whole application, which stock Vite searches once for each
 * of them to learn whether it lies in an import cycle.
 *
 * @param {number} size
 */
export function uiKit(size) {
  const components = range(FIRST, Math.min(100, Math.floor(size / 4)))
  const { random, modules } = start(size)
  for (const component of components) modules[component] = module([UTIL], true)
  const layers = inLayers(range(FIRST + components.length, size - FIRST - components.length), 9)
  connect(layers, 3, modules, random)
  for (const feature of layers.flat()) {
    modules[feature].imports.push(...pick(components, 5, random))
  }
  modules[ENTRY].imports.push(...layers[0])
  return shape('UI kit', modules, UTIL, [ENTRY, last(layers)])
}

/**
 * A utility that every component uses, in an application where every module is a component, as with React's Fast
 * Refresh.
 *
 *     entry ─▶ Page* ─▶ Section* ─▶ … ─▶ Icon*        20 layers; each imports 4 of the layer beneath
 *                └─────────┴──────────────┴──▶ format!
 *
 * As many updates as there are components, and for each of them stock Vite searches all that lies above it.
 *
 * @param {number} size
 */
export function acceptingLayers(size) {
  const { random, modules } = start(size)
  const layers = inLayers(range(FIRST, size - FIRST), 20)
  connect(layers, 4, modules, random)
  for (const component of layers.flat()) {
    modules[component].accepts = true
    modules[component].imports.push(UTIL)
  }
  modules[ENTRY].imports.push(...layers[0])
  return shape('accepting layers', modules, UTIL, [ENTRY, last(layers)])
}

/** Members of one ring, those that accept themselves, and those that use what is saved. */
const RING = 8
const ACCEPTS = [3, 7]
const USES = [2, 6]

/**
 * Feature folders whose modules import one another in a ring, and other folders in turn.
 *
 *     entry* ─▶ ring ─▶ ring ─▶ … ─▶ ring             24 layers of rings; 4 members import one of the layer beneath
 *
 *     a ring:  m0 ─▶ m1 ─▶ m2 ─▶ m3* ─▶ … ─▶ m7* ─▶ m0       m2 and m6 also import types!
 *
 * The change goes on past the acceptors through the rings, so that the chains which stock Vite copies and searches
 * at every step grow long.
 *
 * @param {number} size
 */
export function clusters(size) {
  const { random, modules } = start(size)
  modules[ENTRY].accepts = true
  const count = Math.floor((size - FIRST) / RING)
  const layers = inLayers(range(0, count), 24)
  const member = (/** @type {number} */ ring, /** @type {number} */ index) => FIRST + ring * RING + index
  layers.forEach((layer, depth) => {
    layer.forEach((ring, position) => {
      for (let index = 0; index < RING; index++) {
        const { imports } = modules[member(ring, index)]
        imports.push(member(ring, (index + 1) % RING))
        const beneath = layers[depth + 1]
        if (beneath && index % 2 === 0) {
          const other = index === 0 ? beneath[position % beneath.length] : pick(beneath, 1, random)[0]
          imports.push(member(other, (index + 1) % RING))
        }
      }
      for (const index of ACCEPTS) modules[member(ring, index)].accepts = true
      for (const index of USES) modules[member(ring, index)].imports.push(UTIL)
    })
  })
  modules[ENTRY].imports.push(...layers[0].map((ring) => member(ring, 0)))
  modules.length = FIRST + count * RING
  return shape('import cycles', modules, UTIL, [ENTRY, member(last(layers), 1)])
}

/**
 * One ring of all modules: `entry* ─▶ m1 ─▶ m2 ─▶ … ─▶ mN! ─▶ m1`.
 *
 * @param {number} size
 */
export function cycle(size) {
  const { name: _, ...rest } = chain(size)
  rest.modules[size - 1].imports.push(UTIL)
  return { name: 'one cycle', ...rest }
}

/**
 * One line of all modules: `entry* ─▶ m1 ─▶ m2 ─▶ … ─▶ mN!`.
 *
 * @param {number} size
 */
export function chain(size) {
  const { modules } = start(size)
  modules[ENTRY].accepts = true
  for (let index = 0; index < size - 1; index++) modules[index].imports.push(index + 1)
  return shape('one chain', modules, size - 1, [ENTRY, size >> 1])
}

/**
 * A utility with 5,000 boundaries right above it, and 5,000 modules that are built of those (at `size` 10,000).
 *
 *     entry ─▶ page ─▶ section ─▶ … ─▶ section        5 layers; each imports 3 of the layer beneath
 *                └────────┴───────────────┴──▶ Component* (5 of 5,000) ──▶ tokens!
 *
 * @param {number} size
 */
export function hub(size) {
  const { random, modules, components } = hubOf(size)
  const layers = inLayers(range(FIRST + components.length, size - FIRST - components.length), 5)
  connect(layers, 3, modules, random)
  for (const section of layers.flat()) modules[section].imports.push(...pick(components, 4, random))
  modules[ENTRY].imports.push(...layers[0])
  return shape('hub', modules, UTIL, [ENTRY, last(layers)])
}

/**
 * The same with almost nothing above a boundary, which is the kindest case for stock Vite.
 *
 *     entry ─▶ page ─▶ Component* (one each) ──▶ tokens!
 *
 * @param {number} size
 */
export function flatHub(size) {
  const { modules, components } = hubOf(size)
  modules[ENTRY].imports.push(...range(FIRST + components.length, size - FIRST - components.length))
  return shape('flat hub', modules, UTIL, [ENTRY, components[0]])
}

/**
 * The utility and its boundaries, each imported by one of the other modules; the entry takes what is left over.
 *
 * @param {number} size
 */
function hubOf(size) {
  const { random, modules } = start(size)
  const components = range(FIRST, Math.floor(size / 2))
  components.forEach((component, index) => {
    modules[component] = module([UTIL], true)
    const importer = FIRST + components.length + index
    modules[importer < size ? importer : ENTRY].imports.push(component)
  })
  return { random, modules, components }
}

/** By the name that a child process is given. @type {Record<string, (size: number) => Shape>} */
export const SHAPES = {
  uiKit,
  acceptingLayers,
  clusters,
  cycle,
  chain,
  hub,
  flatHub,
}

/** @param {number} size */
function start(size) {
  return { random: randomFrom(size), modules: Array.from({ length: size }, () => module([], false)) }
}

/**
 * @param {number[]} imports
 * @param {boolean} accepts
 * @returns {ShapeModule}
 */
const module = (imports, accepts) => ({ imports, accepts })

/**
 * @param {string} name
 * @param {ShapeModule[]} modules
 * @param {number} saved
 * @param {[number, number]} extra
 * @returns {Shape}
 */
function shape(name, modules, saved, extra) {
  for (const one of modules) one.imports = [...new Set(one.imports)]
  return { name, modules, saved, extra }
}

/**
 * Each module imports `fan` of the layer beneath; nobody in a layer is left without an importer.
 *
 * @param {number[][]} layers
 * @param {number} fan
 * @param {ShapeModule[]} modules
 * @param {() => number} random
 */
function connect(layers, fan, modules, random) {
  for (let depth = 0; depth + 1 < layers.length; depth++) {
    const beneath = layers[depth + 1]
    layers[depth].forEach((one, index) => {
      modules[one].imports.push(...pick(beneath, fan - 1, random), beneath[index % beneath.length])
    })
    for (let index = layers[depth].length; index < beneath.length; index++)
      modules[layers[depth][0]].imports.push(beneath[index])
  }
}

/**
 * @param {number[]} items
 * @param {number} count
 */
function inLayers(items, count) {
  const width = Math.ceil(items.length / count)
  return range(0, count)
    .map((index) => items.slice(index * width, (index + 1) * width))
    .filter((layer) => layer.length > 0)
}

/**
 * @param {number[]} items
 * @param {number} count
 * @param {() => number} random
 */
const pick = (items, count, random) =>
  Array.from({ length: count }, () => items[Math.floor(random() * items.length)])

/** @param {number[][]} layers */
const last = (layers) => layers[layers.length - 1][0]

/**
 * @param {number} from
 * @param {number} length
 */
const range = (from, length) => Array.from({ length }, (_, index) => from + index)

/**
 * A small generator of numbers in [0, 1) that gives the same ones in every run.
 *
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000
  }
}
