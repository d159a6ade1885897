/**
 * Describes random cases: a module graph for each environment, and what happens to it step by step. A case is plain
 * data without any Vite in it, so that the same one can be built twice, printed, and made smaller.
 */

import { Random } from './random.js'

/**
 * @typedef {object} Info what an analysis of a module's code found; the numbers are places in the list of modules
 * @property {number[]} imports
 * @property {number[]} accepts
 * @property {string[] | null} acceptedExports
 * @property {[number, string[]][] | null} bindings
 * @property {boolean} selfAccepting
 * @property {number[] | undefined} statics which imports are static, where that is known
 * @property {boolean} [byUrl] whether Vite is given urls, which it looks up one after another, rather than modules
 *
 * @typedef {object} ModuleCase
 * @property {string} url below the case's own folder; `virtual:` in front for a virtual module
 * @property {boolean} [fileOnly] a file that a style sheet depends on, without a url of its own
 * @property {Info | undefined} info absent for a module that is imported but was never loaded
 * @property {boolean} unanalyzed such a module was made by an import that is not analysed yet
 * @property {'etag' | 'plain' | 'none'} result its transform result
 * @property {'none' | 'soft' | 'hard'} state what an earlier invalidation left over
 * @property {boolean} received a page has asked to invalidate it
 * @property {boolean} failed one of its imports did not resolve
 *
 * @typedef {{ do: 'analyze', module: number, info: Info }
 *   | { do: 'load', module: number, result: 'etag' | 'plain' }
 *   | { do: 'self-accepting', module: number, value: boolean | undefined }
 *   | { do: 'accept', module: number, dep: number }
 *   | { do: 'accept-nothing', module: number }
 *   | { do: 'accept-exports', module: number, names: string[] | null }
 *   | { do: 'type', module: number, type: 'js' | 'css' }
 *   | { do: 'add-importer', module: number, importer: number }
 *   | { do: 'drop-importer', module: number, place: number }
 *   | { do: 'swap-importer', module: number, place: number, importer: number }
 *   | { do: 'received', module: number }
 *   | { do: 'failed', module: number }
 *   | { do: 'invalidate', module: number, hmr: boolean }
 *   | { do: 'invalidate-all' }
 *   | { do: 'flush' }} Edit
 *
 * @typedef {object} Hook what a plugin's `hotUpdate` does to the modules of one file
 * @property {string} environment
 * @property {string} file
 * @property {number[]} drops
 * @property {number[]} adds
 * @property {'filter' | 'legacy' | 'throw' | 'reload'} kind
 * @property {number} turns of the event loop that it takes
 *
 * @typedef {object} Step
 * @property {{ environment: string, edit: Edit }[]} edits what happens before the save
 * @property {{ kind: 'update' | 'create' | 'delete', file: string }[]} changes the save
 * @property {Hook[]} hooks
 *
 * @typedef {object} Case
 * @property {Record<string, ModuleCase[]>} graphs by environment
 * @property {Step[]} steps
 */

const NAMES = ['default', 'a', 'b', 'c']

/** Extensions that Vite tells apart somewhere: by kind of module, by whether `?import` is needed, by path. */
const EXTENSIONS = ['.ts', '.jsx', '.mjs', '.vue', '.svelte', '.css', '.scss', '.module.css', '.json', '.svg']
const RARE_EXTENSIONS = [
  '.html',
  '',
  '/',
  '.css?direct',
  '.md',
  '.worker.js',
  '.d.ts',
  '.html?html-proxy&index=0.js',
]

/** Further modules that one file may have. */
const QUERIES = [
  '?raw',
  '?url',
  '?worker',
  '?vue&type=style&index=0&lang.css',
  '?direct',
  '?inline',
  '?x&lang.ts',
]

/**
 * @param {number} seed
 * @returns {Case}
 */
export function randomCase(seed) {
  const random = new Random(seed)
  const urls = randomUrls(random, randomSize(random))
  /** @type {Case['graphs']} */
  const graphs = { client: randomGraph(random, urls) }
  if (random.chance(0.12)) graphs.ssr = randomGraph(random, urls)
  const steps = Array.from({ length: random.pick([1, 1, 2, 2, 3, 4, 5]) }, () => randomStep(random, graphs))
  return { graphs, steps }
}

/**
 * Cases in which stock Vite's answer depends on no order of files: no file comes or goes.
 *
 * @param {number} seed
 */
export function randomUpdates(seed) {
  const made = randomCase(seed)
  for (const step of made.steps) {
    for (const change of step.changes) change.kind = 'update'
    step.hooks = []
  }
  return made
}

/**
 * Cases in which importers change only as Vite changes them.
 *
 * @param {number} seed
 */
export function randomOrderlyCase(seed) {
  const made = randomCase(seed)
  for (const step of made.steps) step.edits = step.edits.filter(({ edit }) => !edit.do.endsWith('-importer'))
  return made
}

/** Mostly small: whatever is wrong is wrong in a small graph too, and many of those are quick. */
function randomSize(random) {
  if (random.chance(0.005)) return 200
  if (random.chance(0.1)) return random.between(20, 40)
  return random.between(1, 14)
}

/**
 * @param {Random} random
 * @param {number} size
 */
function randomUrls(random, size) {
  const urls = []
  while (urls.length < size) {
    const stem = `${random.chance(0.05) ? 'virtual:' : ''}m${urls.length}`
    const extension = random.chance(0.6)
      ? '.js'
      : random.chance(0.8)
        ? random.pick(EXTENSIONS)
        : random.pick(RARE_EXTENSIONS)
    urls.push(stem + extension)
    if (extension.includes('?')) continue
    while (random.chance(0.12) && urls.length < size) {
      const url = stem + extension + random.pick(QUERIES)
      if (!urls.includes(url)) urls.push(url)
    }
  }
  return urls
}

/**
 * @param {Random} random
 * @param {string[]} urls
 * @returns {ModuleCase[]}
 */
function randomGraph(random, urls) {
  const taste = randomTaste(random, urls.length)
  return urls.map((url, index) => {
    const fileOnly = !url.includes('?') && !url.startsWith('virtual:') && random.chance(0.06)
    const unloaded = fileOnly || random.chance(taste.unloaded)
    return {
      url,
      fileOnly,
      info: unloaded ? undefined : randomInfo(random, index, taste),
      unanalyzed: random.chance(0.7),
      result: unloaded ? 'none' : random.pick(['etag', 'etag', 'plain', 'none']),
      state: random.pick(['none', 'none', 'none', 'none', 'soft', 'hard']),
      received: random.chance(0.2),
      failed: random.chance(0.1),
    }
  })
}

/**
 * What the modules of one graph have in common. Without it every graph would be of the same middling sort.
 *
 * @param {Random} random
 * @param {number} size
 */
function randomTaste(random, size) {
  return {
    size,
    shape: random.pick(['any', 'any', 'layers', 'chain', 'ring', 'hub']),
    density: random.pick([0.3, 0.8, 1.5, 3]),
    selfAccepting: random.pick([0, 0.05, 0.2, 0.5]),
    accepting: random.pick([0, 0.1, 0.3, 0.6]),
    partial: random.pick([0, 0, 0.3, 0.7]),
    unloaded: random.pick([0, 0.05, 0.2]),
    statics: random.pick([0, 0.5, 0.9, 1]),
  }
}

/**
 * @param {Random} random
 * @param {number} index
 * @param {ReturnType<typeof randomTaste>} taste
 * @returns {Info}
 */
function randomInfo(random, index, taste) {
  const imports = randomImports(random, index, taste)
  const accepts = random.some(imports, taste.accepting)
  // A callback may accept what the module does not import, and even the module itself.
  if (random.chance(0.04)) accepts.push(random.below(taste.size))
  return {
    imports,
    accepts: [...new Set(accepts)],
    acceptedExports: random.chance(taste.partial) ? random.some(NAMES, random.pick([0, 0.5, 0.9])) : null,
    bindings: random.chance(taste.partial + 0.1)
      ? random
          .some(imports, 0.8)
          .map((dep) => [dep, random.chance(0.15) ? ['*'] : random.some(NAMES, random.pick([0, 0.3, 0.6]))])
      : null,
    selfAccepting: random.chance(taste.selfAccepting),
    statics: random.chance(0.9) ? random.some(imports, taste.statics) : undefined,
    byUrl: random.chance(0.3),
  }
}

/**
 * @param {Random} random
 * @param {number} index
 * @param {ReturnType<typeof randomTaste>} taste
 */
function randomImports(random, index, { size, shape, density }) {
  const imports = new Set()
  if (shape === 'chain' && index + 1 < size) imports.add(index + 1)
  if (shape === 'ring') imports.add((index + 1) % size)
  if (shape === 'hub' && index > 0) imports.add(0)
  const extra = shape === 'any' || shape === 'layers' ? density : density / 6
  let count = Math.floor(extra) + (random.chance(extra % 1) ? 1 : 0)
  while (count-- > 0) {
    if (shape === 'layers') {
      if (index + 1 < size) imports.add(random.between(index + 1, Math.min(size - 1, index + 4)))
    } else imports.add(random.below(size))
  }
  if (random.chance(0.02)) imports.add(index)
  return random.shuffled([...imports])
}

/**
 * @param {Random} random
 * @param {Case['graphs']} graphs
 * @returns {Step}
 */
function randomStep(random, graphs) {
  const environments = Object.keys(graphs)
  const edits = environments.flatMap((environment) =>
    Array.from({ length: random.pick([0, 0, 1, 2, 4, 8]) }, () => ({
      environment,
      edit: randomEdit(random, graphs[environment].length),
    })),
  )
  const files = random.shuffled([...new Set(graphs.client.map(({ url }) => fileOf(url)))])
  if (random.chance(0.03)) files.unshift(random.pick(['elsewhere.js', 'page.html', 'page.html']))
  const count = Math.min(files.length, random.pick([1, 1, 1, 2, 2, 3, 4, 6]))
  const changes = files.slice(0, count).map((file) => ({ kind: randomKind(random), file }))
  const hooks = environments.flatMap((environment) =>
    changes
      .filter(() => random.chance(0.15))
      .map(({ file }) => randomHook(random, environment, file, graphs[environment].length)),
  )
  return { edits, changes, hooks }
}

/** @param {Random} random */
const randomKind = (random) =>
  random.chance(0.85)
    ? 'update'
    : /** @type {'create' | 'delete'} */ (random.pick(['create', 'delete', 'delete']))

/**
 * @param {Random} random
 * @param {string} environment
 * @param {string} file
 * @param {number} size
 * @returns {Hook}
 */
function randomHook(random, environment, file, size) {
  const all = Array.from({ length: size }, (_, index) => index)
  const kind = random.chance(0.8) ? 'filter' : random.pick(['legacy', 'throw', 'reload'])
  return {
    environment,
    file,
    kind: /** @type {Hook['kind']} */ (kind),
    turns: random.pick([0, 0, 0, 1, 3]),
    drops: random.some(all, random.pick([0, 0.3, 1])),
    adds: random.chance(0.6) ? Array.from({ length: random.between(1, 3) }, () => random.below(size)) : [],
  }
}

/**
 * @param {Random} random
 * @param {number} size
 * @returns {Edit}
 */
function randomEdit(random, size) {
  const module = random.below(size)
  const other = random.below(size)
  const taste = randomTaste(random, size)
  const sort = random.below(22)
  if (sort < 5) return { do: 'analyze', module, info: randomInfo(random, module, { ...taste, shape: 'any' }) }
  if (sort < 9) return { do: 'load', module, result: random.pick(['etag', 'plain']) }
  if (sort < 11) return { do: 'flush' }
  switch (sort) {
    case 11:
      return { do: 'self-accepting', module, value: random.pick([true, true, false, undefined]) }
    case 12:
      return random.chance(0.5) ? { do: 'accept', module, dep: other } : { do: 'accept-nothing', module }
    case 13:
      return {
        do: 'accept-exports',
        module,
        names: random.chance(0.7) ? random.some(NAMES, 0.5) : null,
      }
    case 14:
      return { do: 'type', module, type: random.pick(['js', 'css']) }
    case 15:
      return { do: 'add-importer', module, importer: other }
    case 16:
      return { do: 'drop-importer', module, place: random.below(4) }
    case 17:
      return { do: 'swap-importer', module, place: random.below(4), importer: other }
    case 18:
      return { do: 'received', module }
    case 19:
      return { do: 'failed', module }
    case 20:
      return { do: 'invalidate', module, hmr: random.chance(0.5) }
    default:
      return random.chance(0.1) ? { do: 'invalidate-all' } : { do: 'received', module }
  }
}

/**
 * The file behind a url.
 *
 * @param {string} url
 */
export const fileOf = (url) => url.replace(/[?#].*$/, '')

/**
 * Every case that lacks one thing of this one: for the search for the smallest that still fails.
 *
 * @param {Case} made
 * @returns {Generator<Case>}
 */
export function* smaller(made) {
  for (let step = 0; step < made.steps.length; step++) {
    yield { ...made, steps: made.steps.toSpliced(step, 1) }
  }
  for (const environment of Object.keys(made.graphs)) {
    if (environment === 'client') continue
    const { [environment]: _, ...graphs } = made.graphs
    yield {
      graphs,
      steps: made.steps.map((step) => ({
        ...step,
        edits: step.edits.filter((edit) => edit.environment !== environment),
        hooks: step.hooks.filter((hook) => hook.environment !== environment),
      })),
    }
  }
  for (let step = 0; step < made.steps.length; step++) {
    for (const part of /** @type {const} */ (['edits', 'changes', 'hooks'])) {
      for (let at = 0; at < made.steps[step][part].length; at++) {
        const copy = structuredClone(made)
        copy.steps[step][part].splice(at, 1)
        yield copy
      }
    }
  }
  for (let module = made.graphs.client.length - 1; module >= 0; module--) yield without(made, module)
  for (const [environment, modules] of Object.entries(made.graphs)) {
    for (const [module, one] of modules.entries()) {
      for (const simplify of simplifications(one)) {
        const copy = structuredClone(made)
        simplify(copy.graphs[environment][module])
        yield copy
      }
    }
  }
}

/** What a module is when there is nothing special about it. */
const PLAIN = { result: 'none', state: 'none', failed: false, received: false }
const PLAIN_INFO = {
  bindings: null,
  acceptedExports: null,
  statics: undefined,
  selfAccepting: false,
  byUrl: false,
}

/**
 * The ways to make a module plainer by one thing.
 *
 * @param {ModuleCase} module
 * @returns {((copy: ModuleCase) => void)[]}
 */
function simplifications({ info, ...module }) {
  const special = (/** @type {object} */ of, /** @type {object} */ plain) =>
    Object.keys(plain).filter((field) => of[field] !== plain[field])
  const ways = special(module, PLAIN).map((field) => (copy) => Object.assign(copy, { [field]: PLAIN[field] }))
  if (!info) return ways
  return [
    ...ways,
    ...special(info, PLAIN_INFO).map(
      (field) => (copy) => Object.assign(copy.info, { [field]: PLAIN_INFO[field] }),
    ),
    ...info.accepts.map((_, at) => (copy) => copy.info.accepts.splice(at, 1)),
    ...info.imports.map((_, at) => (copy) => copy.info.imports.splice(at, 1)),
  ]
}

/**
 * The case without one of its modules.
 *
 * @param {Case} made
 * @param {number} gone
 * @returns {Case}
 */
function without(made, gone) {
  const move = (/** @type {number} */ index) => (index > gone ? index - 1 : index)
  const keep = (/** @type {number[]} */ list) => list.filter((index) => index !== gone).map(move)
  const copy = structuredClone(made)
  const shrinkInfo = (/** @type {Info} */ info) => {
    info.imports = keep(info.imports)
    info.accepts = keep(info.accepts)
    info.statics &&= keep(info.statics)
    info.bindings &&= info.bindings.filter(([dep]) => dep !== gone).map(([dep, names]) => [move(dep), names])
  }
  for (const modules of Object.values(copy.graphs)) {
    modules.splice(gone, 1)
    for (const { info } of modules) if (info) shrinkInfo(info)
  }
  for (const step of copy.steps) {
    step.edits = step.edits.filter(({ edit }) => {
      for (const field of ['module', 'dep', 'importer']) {
        if (!(field in edit)) continue
        if (edit[field] === gone) return false
        edit[field] = move(edit[field])
      }
      if (edit.do === 'analyze') shrinkInfo(edit.info)
      return true
    })
    for (const hook of step.hooks) {
      hook.drops = keep(hook.drops)
      hook.adds = keep(hook.adds)
    }
  }
  return copy
}
