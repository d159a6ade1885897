/**
 * The iterative `onFileChange`, `invalidateModule` and `invalidateAll` against Vite's recursive ones, on graphs that are
 * built alike.
 */

import { describe, expect, it } from 'vitest'
import { makeInvalidationIterative } from '../../js/vite/invalidation.js'
import { fileOf, randomCase } from './cases.js'
import { buildChain } from './large.js'
import { Random } from './random.js'
import { World } from './worlds.js'

const CASES = Number(process.env.BINO_CASES ?? 5000)
const LARGE = 100_000

for (const vite of ['vite', 'vite7']) {
  describe(`invalidation leaves the states that ${vite} leaves`, async () => {
    const ModuleGraph = await moduleGraphOf(vite)

    it(`on ${CASES} random graphs`, async () => {
      const alone = process.env.BINO_SEED
      const [first, last] = alone ? [Number(alone), Number(alone)] : [0, CASES - 1]
      for (let seed = first; seed <= last; seed++) await compare(ModuleGraph, seed)
    })

    for (const shape of /** @type {const} */ (['chain', 'ring'])) {
      it(`on a ${shape} of ${LARGE} modules, where the original overflows`, async () => {
        const original = World.around(ModuleGraph).graph('client')
        const ours = World.around(ModuleGraph).graph('client')
        makeInvalidationIterative(ours)
        const [theirs] = await buildChain(original, LARGE, shape)
        const modules = await buildChain(ours, LARGE, shape)
        expect(() => original.onFileChange(theirs.file)).toThrow(RangeError)
        ours.onFileChange(modules[0].file)
        expect(modules.every(({ invalidationState }) => invalidationState !== undefined)).toBe(true)
        ours.invalidateModule(modules[0], new Set(), 7, true)
        expect(modules.every(({ lastHMRTimestamp }) => lastHMRTimestamp === 7)).toBe(true)
        ours.invalidateAll()
        expect(modules.every(({ invalidationState }) => invalidationState === 'HARD_INVALIDATED')).toBe(true)
      })
    }

    it('with a clock that never gives the same time twice, shared with the original', () => {
      const { moduleGraph } = World.around(ModuleGraph).server.environments.client
      const { invalidateModule } = moduleGraph
      makeInvalidationIterative(moduleGraph)
      const module = moduleGraph.createFileOnlyEntry('/project/a.css')
      const times = Array.from({ length: 100 }, (_, turn) => {
        if (turn % 2) moduleGraph.invalidateModule(module)
        else invalidateModule.call(moduleGraph, module)
        return module.lastInvalidationTimestamp
      })
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    })
  })
}

/** The class is not exported: a server has instances. */
async function moduleGraphOf(vite) {
  const { createServer } = await import(vite)
  const server = await createServer({
    configFile: false,
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    server: { watch: null },
  })
  await server.close()
  return server.environments.client.moduleGraph.constructor
}

/**
 * @param {any} ModuleGraph
 * @param {number} seed
 */
async function compare(ModuleGraph, seed) {
  const { graphs } = randomCase(seed)
  const made = { graphs: { client: graphs.client }, steps: [] }
  const worlds = [World.around(ModuleGraph), World.around(ModuleGraph)]
  for (const world of worlds) await world.build(made, 'c')
  makeInvalidationIterative(worlds[1].graph('client'))
  const random = new Random(seed)
  // Vite's `updateModules` shares one set of seen modules among those of a file.
  const seen = worlds.map(() => new Set())
  for (let turn = random.between(1, 6); turn > 0; turn--) {
    const operation = randomOperation(random, graphs.client)
    const [theirs, ours] = await Promise.all(worlds.map((world, at) => play(world, operation, seen[at])))
    expect(ours, `seed ${seed} after ${JSON.stringify(operation)}`).toEqual(theirs)
  }
}

/**
 * @param {Random} random
 * @param {import('./cases.js').ModuleCase[]} modules
 */
function randomOperation(random, modules) {
  const module = random.below(modules.length)
  return {
    kind: random.pick([
      'file',
      'file',
      'module',
      'module',
      'with times',
      'with times',
      'all',
      'load',
      'new seen',
    ]),
    module,
    file: fileOf(modules[module].url),
    timestamp: random.between(1, 1e6),
    hmr: random.chance(0.6),
    soft: random.chance(0.4),
  }
}

/**
 * @param {World} world
 * @param {ReturnType<typeof randomOperation>} operation
 * @param {Set<any>} seen
 */
async function play(world, { kind, module, file, timestamp, hmr, soft }, seen) {
  const graph = world.graph('client')
  const target = world.modules.client[module]
  const before = world.states('client')
  if (kind === 'file') graph.onFileChange(world.file(file))
  else if (kind === 'module') graph.invalidateModule(target)
  else if (kind === 'with times') graph.invalidateModule(target, seen, timestamp, hmr, soft)
  else if (kind === 'all') graph.invalidateAll()
  else if (kind === 'load') await world.edit('client', { do: 'load', module, result: 'etag' })
  else seen.clear()
  return {
    seen: [...seen].map(({ url }) => url),
    states: [...world.states('client')].map(([url, state]) => [
      url,
      { ...state, invalidated: timeOf(state, before.get(url), world) },
    ]),
  }
}

/**
 * A time that was given is compared as it is; one that Vite's clock gave as a place in the order of those times.
 *
 * @param {import('./worlds.js').State} state
 * @param {import('./worlds.js').State} before
 * @param {World} world
 */
function timeOf(state, before, world) {
  if (state.invalidated === before.invalidated) return 'not now'
  if (state.invalidated <= 1e6) return state.invalidated
  const times = new Set([...world.states('client').values()].map(({ invalidated }) => invalidated))
  return `the ${[...times].sort((a, b) => a - b).indexOf(state.invalidated)}th`
}
