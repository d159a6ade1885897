/**
 * What random cases have found, each as the smallest case that shows it: the payload is written down, and payload and
 * module states are those of stock Vite besides.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Pair } from './pair.js'

/**
 * @typedef {Partial<{ imports: string[], accepts: string[], selfAccepting: boolean }>} Sketch one module
 * @typedef {{ edits?: object[], update?: string[], remove?: string[] }} StepSketch
 *
 * @typedef {object} Found
 * @property {string} name
 * @property {Record<string, Sketch>} modules
 * @property {StepSketch[]} steps
 * @property {string[]} sends what the last step sends, each line one update or reload
 */

/** @type {Found[]} */
const FOUND = [
  {
    // What counted as sent was everything of a module, though only what was marked had been.
    name: 'a flag that a plugin sets while another change of the module waits to be mirrored',
    modules: { 'main.js': { imports: ['dep.js'] }, 'dep.js': {}, 'other.js': {} },
    steps: [
      { update: ['other.js'] },
      {
        edits: [
          { do: 'analyze', module: 'main.js', info: {} },
          { do: 'self-accepting', module: 'dep.js', value: true },
        ],
        update: ['dep.js'],
      },
    ],
    sends: ['js-update dep.js < dep.js'],
  },
  {
    name: 'a module that is no longer analysed',
    modules: { 'main.js': { imports: ['dep.js'] }, 'dep.js': {} },
    steps: [
      { update: ['main.js'] },
      {
        edits: [
          { do: 'analyze', module: 'main.js', info: {} },
          { do: 'self-accepting', module: 'dep.js', value: undefined },
        ],
        update: ['dep.js'],
      },
    ],
    sends: [],
  },
  {
    // Only the modules that the walk goes through were compared with Vite's, and it does not go through this one.
    name: 'a boundary whose kind a plugin changes',
    modules: { 'main.js': { imports: ['data/'], accepts: ['data/'] }, 'data/': {} },
    steps: [
      {
        edits: [{ do: 'flush' }, { do: 'type', module: 'main.js', type: 'css' }],
        update: ['data/'],
      },
    ],
    sends: ['css-update main.js < data/'],
  },
  {
    name: 'a boundary whose acceptance a plugin takes away',
    modules: { 'main.js': { imports: ['dep.js'], accepts: ['dep.js'] }, 'dep.js': {} },
    steps: [
      {
        edits: [{ do: 'flush' }, { do: 'accept-nothing', module: 'main.js' }],
        update: ['dep.js'],
      },
    ],
    sends: ['full-reload *'],
  },
  {
    // The importers were compared by their number.
    name: 'an importer that a plugin replaces by another',
    modules: { 'a.js': { imports: ['dep.js'] }, 'b.js': { selfAccepting: true }, 'dep.js': {} },
    steps: [
      {
        edits: [{ do: 'flush' }, { do: 'swap-importer', module: 'dep.js', place: 0, importer: 'b.js' }],
        update: ['dep.js'],
      },
    ],
    sends: ['js-update b.js < b.js'],
  },
  {
    // Vite keeps what a deleted module imports, so that nothing seemed to be new when it came back.
    name: 'a deleted file that comes back and closes a cycle again',
    modules: {
      'a.js': { imports: ['b.js', 'leaf.js'], accepts: ['leaf.js'] },
      'b.js': { imports: ['c.js'] },
      'c.js': { imports: ['a.js'] },
      'leaf.js': {},
    },
    steps: [
      { remove: ['b.js'] },
      {
        edits: [{ do: 'analyze', module: 'b.js', info: { imports: ['c.js'] } }],
        update: ['leaf.js'],
      },
    ],
    sends: ['js-update a.js < leaf.js circular'],
  },
]

for (const vite of ['vite', 'vite7']) {
  describe(`found by random cases, with ${vite}:`, () => {
    /** @type {Pair} */
    let pair
    beforeAll(async () => {
      pair = await Pair.start({ vite })
    })
    afterAll(() => pair.close())

    it.each(FOUND)('$name', async ({ modules, steps, sends }) => {
      expect(await pair.play(caseOf(modules, steps))).toEqual([])
      expect(pair.latest.client.payloads.flatMap(linesOf)).toEqual(sends)
    })
  })
}

/**
 * @param {Found['modules']} sketches
 * @param {StepSketch[]} steps
 * @returns {import('./cases.js').Case}
 */
function caseOf(sketches, steps) {
  const names = Object.keys(sketches)
  /** @param {string[]} [list] */
  const places = (list = []) => list.map((name) => names.indexOf(name))
  /** @param {Sketch} sketch */
  const infoOf = ({ imports, accepts, selfAccepting = false }) => ({
    imports: places(imports),
    accepts: places(accepts),
    acceptedExports: null,
    bindings: null,
    selfAccepting,
    statics: undefined,
  })
  const client = names.map((url) => ({
    url,
    info: infoOf(sketches[url]),
    unanalyzed: false,
    result: /** @type {const} */ ('none'),
    state: /** @type {const} */ ('none'),
    received: false,
    failed: false,
  }))
  return {
    graphs: { client },
    steps: steps.map(({ edits = [], update = [], remove = [] }) => ({
      edits: edits.map((/** @type {any} */ edit) => ({
        environment: 'client',
        edit: {
          ...edit,
          ...('module' in edit && { module: names.indexOf(edit.module) }),
          ...('importer' in edit && { importer: names.indexOf(edit.importer) }),
          ...('info' in edit && { info: infoOf(edit.info) }),
        },
      })),
      changes: [
        ...update.map((file) => ({ kind: /** @type {const} */ ('update'), file })),
        ...remove.map((file) => ({ kind: /** @type {const} */ ('delete'), file })),
      ],
      hooks: [],
    })),
  }
}

/** @param {import('vite').HotPayload} payload */
function linesOf(payload) {
  if (payload.type === 'full-reload') return [`full-reload ${payload.path}`]
  if (payload.type !== 'update') return [payload.type]
  return payload.updates.map(({ type, path, acceptedPath, isWithinCircularImport, explicitImportRequired }) =>
    [
      `${type} ${nameOf(path)} < ${nameOf(acceptedPath)}`,
      isWithinCircularImport ? ' circular' : '',
      explicitImportRequired ? ' explicit' : '',
    ].join(''),
  )
}

/**
 * A path without the folder of its case.
 *
 * @param {string} path
 */
const nameOf = (path) => path.replace(/^\/c\d+\//, '')
