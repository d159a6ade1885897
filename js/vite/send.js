/**
 * From a finished transaction to what each page is sent: one walk, the invalidation that Vite would have done, and one
 * payload for each environment (two where the page of an `.html` file reloads besides).
 */

import path from 'node:path'
import { styleText } from 'node:util'
import { deliver } from './hot-channel.js'
import { compareWithVite } from './verify.js'
import { decodeResponse, encodeRequest, RELOAD, UPDATE } from './walk.js'

/**
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./session.js').Mirrored} Mirrored
 * @typedef {import('./transaction.js').Environment} Environment
 * @typedef {import('./transaction.js').Transaction} Transaction
 * @typedef {import('./transaction.js').Pass} Pass
 * @typedef {import('./transaction.js').Module} Module
 * @typedef {import('./transaction.js').Payload} Payload
 * @typedef {import('./walk.js').Walked} Walked
 *
 * @typedef {object} Work what one environment has to do for a transaction
 * @property {Environment} environment
 * @property {Mirrored} mirrored
 * @property {Pass[]} passes those that came to their end in this environment
 */

/** Each walk finds what a plugin changed on the modules it met; more than a few in turn means that it never ends. */
const ROUNDS = 100

/** How many paths one line of the log names. */
const NAMED = 6

/**
 * @param {Transaction} transaction
 * @param {Session} session
 */
export function send(transaction, session) {
  const works = worksOf(transaction, session)
  const walked = walkAll(works, session)
  works.forEach((work, index) => {
    const { environment, passes } = work
    // Not one call of `Math.max`: a checkout can change more files than a call can have arguments.
    const timestamp = passes.reduce(
      (latest, pass) => Math.max(latest, pass.options.get(environment)?.timestamp ?? 0),
      0,
    )
    invalidate(work, timestamp)
    const reloads = transaction.reloads.get(environment) ?? []
    const payloads = payloadsOf(work, walked[index], reloads, timestamp)
    if (payloads[0]?.type === 'update') nameNoFileToVue(work)
    for (const payload of payloads) deliver(environment, payload)
    work.mirrored.baseline.renew(passes, payloads)
    for (const pass of transaction.passes) {
      // After the update: the page's overlay goes away with an update and must stay for an error.
      for (const payload of pass.errors.get(environment) ?? []) deliver(environment, payload)
    }
    if (session.options.log !== 'silent') log(work, walked[index], payloads, transaction, session.options.log)
    const { orphan } = walked[index]
    if (orphan.length > 0) {
      const chain = chainOf(orphan, work.mirrored.mirror.modules, environment)
      transaction.spared.push({ environment, rule: `nobody imports the last of ${chain} any more` })
    }
    for (const { file } of transaction.passes.filter((pass) => isUnservedPage(pass, environment, session))) {
      const rule = `no page was made of ${shortOf(file, environment)}`
      transaction.spared.push({ environment, rule })
    }
    if (session.options.verify) {
      compareWithVite(work, walked[index], payloads, reloads, transaction.spared)
    }
  })
  const isDebug = session.options.log === 'debug'
  if (isDebug || session.options.verify) logSameBytes(transaction, session)
  if (!isDebug) return
  for (const { environment, rule } of transaction.spared) {
    environment.logger.info(`[bino-hmr] ${environment.name} #${transaction.epoch}: no reload: ${rule}`, {
      timestamp: true,
    })
  }
}

/**
 * Before each update `@vitejs/plugin-vue` names the page the file that it is for. A component whose own file was named last
 * is drawn anew without its script being run: right for an edit of its template alone, wrong if a composable below it is in
 * the same update. Other components are no such case, since each accepts its own file.
 *
 * @param {Work} work
 */
function nameNoFileToVue({ environment, passes }) {
  if (environment.name !== 'client' || passes.length < 2) return
  if (passes.every((pass) => pass.file.endsWith('.vue'))) return
  if (!environment.config.plugins.some(({ name }) => name === 'vite:vue')) return
  deliver(environment, { type: 'custom', event: 'file-changed', data: { file: '' } })
}

/**
 * The environments that have something to do. Most passes leave nothing to one of them.
 *
 * @param {Transaction} transaction
 * @param {Session} session
 */
function worksOf(transaction, session) {
  /** @type {Work[]} */
  const works = []
  for (const environment of Object.values(session.environments)) {
    const passes = transaction.passes.filter(
      (pass) =>
        (pass.seeds.get(environment)?.length ?? 0) > 0 ||
        (pass.seeds.has(environment) && isPage(pass, environment, session)),
    )
    const others =
      transaction.reloads.has(environment) ||
      transaction.passes.some(
        (pass) => pass.errors.has(environment) || isUnservedPage(pass, environment, session),
      )
    if (passes.length > 0 || others || session.options.verify) {
      works.push({ environment, mirrored: session.mirrorOf(environment), passes })
    }
  }
  return works
}

/**
 * One walk over all environments, on graphs that are what Vite's are: what the walk visited is compared, and a module
 * that a plugin changed behind the mirror's back is sent and walked again.
 *
 * @param {Work[]} works
 * @param {Session} session
 */
function walkAll(works, session) {
  const withChains = session.options.verify
  const request = works.flatMap(({ environment, mirrored, passes }) =>
    encodeRequest(
      mirrored.graph,
      passes.map((pass) => ({
        seeds: seedsOf(pass, environment).map((module) => mirrored.mirror.indexOf(module)),
        page: isPage(pass, environment, session),
      })),
      withChains,
    ),
  )
  const words = Uint32Array.from(request)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { mirrored } of works) mirrored.mirror.flush()
    const walked = session.engine.walk(words).map((response) => decodeResponse(response, withChains))
    // Every environment is compared, so that one more walk is enough for all that was found.
    const current = works.map(({ mirrored }, index) => mirrored.mirror.compare(walked[index].asked))
    if (current.every(Boolean)) return walked
  }
  throw new Error(
    `the module graph still changes after ${ROUNDS} walks; a plugin gives other modules at each look`,
  )
}

/**
 * What Vite's `updateModules` does for each file. One `seen` serves all files whose modules Vite's `onFileChange` has
 * invalidated before; a pass with modules that a hook added has one of its own, as in Vite.
 *
 * @param {Work} work
 * @param {number} timestamp one for the whole transaction: a module stamped otherwise than its payload says loads twice
 */
function invalidate({ environment, mirrored, passes }, timestamp) {
  const { moduleGraph } = environment
  const shared = new Set()
  for (const pass of passes) {
    const seeds = seedsOf(pass, environment)
    const plain = pass.kind === 'update' && seeds.every((module) => module.file === pass.file)
    const whole = plain && seeds.length === moduleGraph.getModulesByFile(pass.file)?.size
    if (whole && passes.length === 1 && mirrored.stampAgain(pass.file, timestamp)) return
    const seen = plain ? shared : new Set()
    for (const module of seeds) moduleGraph.invalidateModule(module, seen, timestamp, true)
  }
}

/**
 * @param {Work} work
 * @param {Walked} walked
 * @param {Payload[]} reloads sent by Vite or plugins during the passes
 * @param {number} timestamp
 * @returns {Payload[]}
 */
function payloadsOf({ environment, mirrored, passes }, walked, reloads, timestamp) {
  const everywhere = reloads.find(
    (payload) => payload.type === 'full-reload' && (payload.path ?? '*') === '*',
  )
  if (everywhere) return [everywhere]
  const { root, server } = environment.config
  if (walked.kind === RELOAD) {
    return [{ type: 'full-reload', triggeredBy: path.resolve(root, passes[walked.pass].file), path: '*' }]
  }
  const pages = new Map(
    reloads.map((payload) => [/** @type {{ path?: string }} */ (payload).path ?? '*', payload]),
  )
  for (const index of walked.pages) {
    const { file } = passes[index]
    const page = server.middlewareMode ? '*' : `/${path.posix.relative(root, file)}`
    pages.set(page, { type: 'full-reload', triggeredBy: path.resolve(root, file), path: page })
  }
  if (pages.has('*')) return [/** @type {Payload} */ (pages.get('*'))]
  if (walked.kind !== UPDATE) return [...pages.values()]
  const { wirePath } = mirrored
  const { modules } = mirrored.mirror
  /** @type {import('vite').Update[]} */
  const updates = walked.updates.map((update) => ({
    type: /** @type {'js-update'} */ (`${modules[update.boundary].type}-update`),
    timestamp,
    path: wirePath(modules[update.boundary].url),
    acceptedPath: wirePath(modules[update.acceptedVia].url),
    explicitImportRequired: update.explicitImportRequired,
    isWithinCircularImport: update.isWithinCircularImport,
  }))
  return [{ type: 'update', updates }, ...pages.values()]
}

/**
 * @param {Work} work
 * @param {Walked} walked
 * @param {Payload[]} payloads
 * @param {Transaction} transaction
 * @param {'info' | 'debug'} level
 */
function log({ environment, mirrored, passes }, walked, payloads, transaction, level) {
  const { logger } = environment
  /** @param {string} file */
  const short = (file) => shortOf(file, environment)
  for (const payload of payloads) {
    if (payload.type === 'update') {
      const paths = [...new Set(payload.updates.map((update) => update.path))]
      say(logger, 'hmr update ', list(paths))
    } else if (payload.type === 'full-reload') {
      const { modules } = mirrored.mirror
      const sentByOthers = transaction.reloads.get(environment)?.includes(payload)
      const why = sentByOthers
        ? `sent by Vite or a plugin during ${list(transaction.passes.map((pass) => short(pass.file)))}`
        : walked.chain.length > 0
          ? `nothing accepts the change: ${chainOf(walked.chain, modules, environment)}`
          : 'the page itself changed'
      say(logger, 'page reload ', `${short(payload.triggeredBy ?? '')} (${why})`.trimStart())
    }
  }
  if (level !== 'debug' || passes.length === 0) return
  const milliseconds = (performance.now() - transaction.startedAt).toFixed(2)
  const sent = payloads.map((payload) => payload.type).join(' and ') || 'nothing'
  logger.info(
    `[bino-hmr] ${environment.name} #${transaction.epoch}: ${list(passes.map((pass) => short(pass.file)))} in ${milliseconds} ms: ` +
      `modules asked ${walked.asked.length}, boundaries ${walked.updates.length}, sent ${sent}`,
    { timestamp: true },
  )
}

/**
 * @param {Uint32Array} chain
 * @param {import('./mirror.js').Module[]} modules
 * @param {Environment} environment
 */
function chainOf(chain, modules, environment) {
  const names = [...chain].map((index) => shortOf(modules[index].file ?? modules[index].url, environment))
  return list(names, ' → ')
}

/**
 * @param {string} file
 * @param {Environment} environment
 */
const shortOf = (file, { config: { root } }) =>
  file.startsWith(`${root}/`) ? path.posix.relative(root, file) : file

/**
 * Says for which files there is nothing to send, and what would have been sent to whom.
 *
 * @param {Transaction} transaction
 * @param {Session} session
 */
function logSameBytes({ epoch, passes }, { environments }) {
  for (const environment of Object.values(environments)) {
    const same = passes.filter((pass) => pass.same.has(environment))
    if (same.length === 0) continue
    const { logger, name } = environment
    const files = same.map(({ file }) => shortOf(file, environment))
    const urls = same.flatMap((pass) => pass.same.get(environment) ?? [])
    logger.info(
      `[bino-hmr] ${name} #${epoch}: same bytes: ${list(files)}: pages have what is on disk, so nothing is sent` +
        (urls.length > 0 ? ` for ${list(urls)}` : ''),
      { timestamp: true },
    )
  }
}

/**
 * @param {import('vite').Logger} logger
 * @param {string} what
 * @param {string} about
 */
function say(logger, what, about) {
  logger.info(styleText('green', what) + styleText('dim', about), { clear: true, timestamp: true })
}

/**
 * @param {string[]} items
 * @param {string} [between]
 */
export function list(items, between = ', ') {
  if (items.length <= NAMED) return items.join(between)
  return `${items.slice(0, NAMED).join(between)}${between}and ${items.length - NAMED} more`
}

/**
 * @param {Pass} pass
 * @param {Environment} environment
 */
const seedsOf = (pass, environment) => /** @type {Module[]} */ (pass.seeds.get(environment))

/**
 * Whether the file is a page that can reload by itself.
 *
 * @param {Pass} pass
 * @param {Environment} environment
 * @param {Session} session
 */
const isPage = (pass, environment, session) => isHtml(pass, environment) && session.hasPageOf(pass.file)

/**
 * Whether the file is a page that Vite would reload, and that nobody has open.
 *
 * @param {Pass} pass
 * @param {Environment} environment
 * @param {Session} session
 */
const isUnservedPage = (pass, environment, session) =>
  isHtml(pass, environment) && pass.seeds.has(environment) && !session.hasPageOf(pass.file)

/**
 *
 * @param {Pass} pass
 * @param {Environment} environment
 */
const isHtml = (pass, environment) => environment.name === 'client' && pass.file.endsWith('.html')
