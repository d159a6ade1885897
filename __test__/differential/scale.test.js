/**
 * 100,000 modules in any shape go the whole way: change, hooks, invalidation, walk, payload. Stock Vite overflows the
 * stack on most of these shapes, so that what must come out is written down here.
 */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { analyze, buildChain, buildModules } from './large.js'
import { Random } from './random.js'
import { createRoot, World } from './worlds.js'

const LARGE = 100_000

for (const vite of ['vite', 'vite7']) {
  describe(`${LARGE} modules with ${vite}`, () => {
    /** @type {World} */
    let world
    /** @type {ReturnType<typeof createRoot>} */
    let folder
    /** @type {any} */
    let graph

    beforeEach(async () => {
      folder = createRoot()
      world = await World.start({ root: folder.root, vite, bino: { log: 'info' } })
      graph = world.graph('client')
    })
    afterEach(async () => {
      expect(world.logged).toEqual([])
      await world.close()
      folder.remove()
    })

    /**
     * What a page is sent when these modules are saved.
     *
     * @param {any[]} modules
     */
    const save = async (modules) =>
      (await world.save(modules.map(({ file }) => ({ kind: 'update', file })))).client

    it('in a chain up to one that accepts itself: one update', async () => {
      const modules = await buildChain(graph, LARGE, 'chain')
      const top = modules.at(-1)
      top.isSelfAccepting = true
      const [payload, ...more] = await save([modules[0]])
      expect(more).toEqual([])
      expect(linesOf(payload)).toEqual([`${top.url} < ${top.url}`])
      const { timestamp } = payload.updates[0]
      expect(modules.every((module) => module.lastHMRTimestamp === timestamp)).toBe(true)
    })

    it('in a chain that nothing accepts: one reload', async () => {
      const modules = await buildChain(graph, LARGE, 'chain')
      expect(await save([modules[0]])).toEqual([
        { type: 'full-reload', path: '*', triggeredBy: modules[0].file },
      ])
    })

    it('in one ring: an update marked circular, and nothing at all without an acceptor', async () => {
      const modules = await buildChain(graph, LARGE, 'ring')
      expect(await save([modules[0]])).toEqual([])
      const middle = modules[LARGE / 2]
      await analyze(graph, middle, [modules[LARGE / 2 - 1]], { accepts: [modules[LARGE / 2 - 1]] })
      const [payload] = await save([modules[0]])
      expect(linesOf(payload)).toEqual([`${middle.url} < ${modules[LARGE / 2 - 1].url} circular`])
    })

    it('around a hub, each accepting it: as many updates, in the order of the importers', async () => {
      const modules = await buildModules(graph, LARGE)
      const [hub, ...others] = modules
      await Promise.all(others.map((module) => analyze(graph, module, [hub], { accepts: [hub] })))
      const [payload] = await save([hub])
      expect(linesOf(payload)).toEqual(others.map((module) => `${module.url} < ${hub.url}`))
    })

    it('between a hub and one entry: one update', async () => {
      const modules = await buildModules(graph, LARGE)
      const [hub, entry, ...others] = modules
      await Promise.all(others.map((module) => analyze(graph, module, [hub])))
      await analyze(graph, entry, others, { selfAccepting: true })
      expect(linesOf((await save([hub]))[0])).toEqual([`${entry.url} < ${entry.url}`])
    })

    it('in 1,000 layers, one of which accepts what it imports', async () => {
      const width = 100
      const accepting = 600
      const modules = await buildModules(graph, LARGE)
      const random = new Random(1)
      /** @type {string[]} */
      const expected = []
      for (let index = width; index < LARGE; index++) {
        const layer = Math.floor(index / width)
        const below = [0, index % width, random.below(width)].map((at) => modules[(layer - 1) * width + at])
        const accepts = layer === accepting ? below : []
        await analyze(graph, modules[index], below, { accepts })
        for (const dep of new Set(accepts)) expected.push(`${modules[index].url} < ${dep.url}`)
      }
      // Everything in a layer imports the first of the layer below, and all of the first layer changes.
      const [payload] = await save(modules.slice(0, width))
      expect(linesOf(payload).sort()).toEqual(expected.sort())
      expect(modules[accepting * width].lastHMRTimestamp).toBe(0)
      expect(modules[accepting * width - 1].lastHMRTimestamp).toBe(payload.updates[0].timestamp)
    })

    it('in a tangle of cycles: one payload, and every module invalidated', async () => {
      const modules = await buildModules(graph, LARGE)
      const random = new Random(2)
      await Promise.all(
        modules.map((module, index) =>
          // The next one, so that everything hangs together, and two at random, so that everything is in cycles.
          analyze(graph, module, [
            modules[(index + 1) % LARGE],
            modules[random.below(LARGE)],
            modules[random.below(LARGE)],
          ]),
        ),
      )
      const accepting = modules[LARGE - 1]
      accepting.isSelfAccepting = true
      const payloads = await save([modules[0]])
      expect(payloads.map(linesOf)).toEqual([[`${accepting.url} < ${accepting.url} circular`]])
      expect(modules.every((module) => module.lastHMRTimestamp > 0)).toBe(true)
    })

    it('and half as many more saved at once: one payload with an update for each', async () => {
      // More than a JavaScript call can have arguments.
      const modules = await buildModules(graph, LARGE * 1.5)
      for (const module of modules) module.isSelfAccepting = true
      const payloads = await save(modules)
      expect(payloads.map((payload) => linesOf(payload).length)).toEqual([LARGE * 1.5])
    })
  })
}

/** @param {import('vite').HotPayload} payload */
const linesOf = (payload) =>
  payload.type === 'update'
    ? payload.updates.map(
        ({ path, acceptedPath, isWithinCircularImport }) =>
          `${path} < ${acceptedPath}${isWithinCircularImport ? ' circular' : ''}`,
      )
    : [JSON.stringify(payload)]
