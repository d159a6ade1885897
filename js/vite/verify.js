/**
 * `verify: true`: compares what we sent with what Vite's own `hmr` answered for the same files, and logs every
 * difference with both payloads and the chains. Timestamps are left out: a transaction has one, Vite has one a file.
 */

/**
 * @typedef {import('./transaction.js').Payload} Payload
 * @typedef {import('./walk.js').Walked} Walked
 * @typedef {import('./send.js').Work} Work
 */

/**
 * @param {Work} work
 * @param {Walked} walked
 * @param {Payload[]} sent
 * @param {Payload[]} reloads sent by Vite or plugins during the passes, which stock Vite would have let through
 * @param {import('./transaction.js').Transaction['spared']} spared by which rules we do not reload where Vite does
 */
export function compareWithVite({ environment, mirrored, passes }, walked, sent, reloads, spared) {
  const expected = passes.flatMap((pass) => pass.expected.get(environment) ?? [])
  const overflow = expected.find((payload) => payload.type === 'error')
  const { logger } = environment
  const files = passes.map((pass) => pass.file).join(', ')
  if (overflow) {
    const { message } = /** @type {import('vite').ErrorPayload} */ (overflow).err
    logger.warn(`[bino-hmr] verify: not compared for ${files}: Vite's own update failed: ${message}`)
    return
  }
  const theirs = normalized([...expected, ...reloads])
  const ours = normalized(sent)
  // What Vite sends beside its reload it does not say.
  const isByRule =
    spared.some((each) => each.environment === environment) && theirs.some(isReload) && !ours.some(isReload)
  if (isByRule) return
  const missing = theirs.filter((line) => !ours.includes(line))
  const extra = ours.filter((line) => !theirs.includes(line))
  if (missing.length === 0 && extra.length === 0) return
  const urls = (/** @type {Uint32Array | undefined} */ chain) =>
    [...(chain ?? [])].map((index) => mirrored.mirror.modules[index].url).join(' → ')
  logger.error(
    [
      `[bino-hmr] verify: ${environment.name} differs from Vite for ${files}; please report this.`,
      ...missing.map((line) => `  only Vite: ${line}`),
      ...extra.map((line) => `  only bino-hmr: ${line}`),
      `  Vite sent: ${JSON.stringify(expected)}`,
      `  bino-hmr sent: ${JSON.stringify(sent)}`,
      ...walked.updates.map((update) => `  chain: ${urls(update.chain)}`),
      ...(walked.chain.length > 0 ? [`  chain to the dead end: ${urls(walked.chain)}`] : []),
    ].join('\n'),
    { timestamp: true },
  )
}

/**
 * The union of several payloads as lines that can be compared. A reload of every page stands for all else.
 *
 * @param {Payload[]} payloads
 */
function normalized(payloads) {
  const lines = new Set(payloads.flatMap(lineOf))
  return lines.has('full-reload *') ? ['full-reload *'] : [...lines]
}

/** @param {string} line */
const isReload = (line) => line.startsWith('full-reload')

/** @param {Payload} payload */
function lineOf(payload) {
  if (payload.type === 'full-reload') return [`full-reload ${payload.path ?? '*'}`]
  if (payload.type !== 'update') return []
  return payload.updates.map(({ type, path, acceptedPath, explicitImportRequired, isWithinCircularImport }) =>
    [
      type,
      path,
      acceptedPath,
      explicitImportRequired ? 'explicit' : '',
      isWithinCircularImport ? 'circular' : '',
    ].join(' '),
  )
}
