/**
 * What must be the same in stock Vite and in ours after one step, as lines for a person to read.
 */

/**
 * @typedef {import('./worlds.js').Outcome} Outcome
 * @typedef {import('vite').HotPayload} Payload
 */

/**
 * @param {Outcome} stock
 * @param {Outcome} ours
 * @param {import('./cases.js').Step} step
 * @returns {string[]} empty when there is no difference
 */
export function differences(stock, ours, step) {
  return [...payloadDifferences(stock.payloads, ours, step), ...stateDifferences(stock, ours)]
}

/**
 * @param {Payload[]} stock one for each file, or more
 * @param {Outcome} ours
 * @param {import('./cases.js').Step} step
 */
function payloadDifferences(stock, ours, step) {
  const expected = unionOf(stock)
  const actual = unionOf(ours.payloads)
  const found = [...shapeFaults(ours)]
  // What an .html file updates comes last with us, so that its own reload stays one of its page.
  if (step.changes.some(({ file }) => file.endsWith('.html'))) {
    expected.updates.sort()
    actual.updates.sort()
  }
  for (const part of /** @type {const} */ (['reload', 'updates', 'pages', 'errors'])) {
    const [theirs, our] = [String(expected[part]), String(actual[part])]
    if (theirs !== our) found.push(`${part}\n    Vite: ${theirs}\n    ours: ${our}`)
  }
  for (const file of actual.triggers) {
    if (!expected.triggers.includes(file) && !file.endsWith('.html')) found.push(`triggered by ${file}`)
  }
  return found
}

/**
 * What several payloads come to for the page. A reload of all pages stands for all else.
 *
 * @param {Payload[]} payloads
 */
function unionOf(payloads) {
  const reloads = payloads.filter((payload) => payload.type === 'full-reload')
  const everywhere = reloads.filter((payload) => (payload.path ?? '*') === '*')
  const reload = everywhere.length > 0
  const updates = payloads.flatMap((payload) => (payload.type === 'update' ? payload.updates : []))
  return {
    reload,
    updates: reload ? [] : [...new Set(updates.map(lineOf))],
    pages: reload ? [] : [...new Set(reloads.map((payload) => payload.path))].sort(),
    errors: payloads.flatMap((payload) => (payload.type === 'error' ? payload.err.message : [])).sort(),
    triggers: (reload ? everywhere : reloads).flatMap((payload) => payload.triggeredBy ?? []),
  }
}

/** @param {import('vite').Update} update */
const lineOf = ({ timestamp: _, ...update }) => JSON.stringify(update, Object.keys(update).sort())

/**
 * What our payloads promise by themselves: one update, before the pages that reload; nothing beside a reload of all; one
 * timestamp, which is that of the modules.
 *
 * @param {Outcome} ours
 */
function* shapeFaults({ payloads, before, after }) {
  const sent = payloads.filter(({ type }) => type !== 'error')
  const types = sent.map(({ type }) => type).join(' ')
  if (!/^(update ?)?(full-reload ?)*$/.test(types)) yield `the payloads are ${types}`
  if (sent.length > 1 && sent.some((payload) => payload.type === 'full-reload' && payload.path === '*'))
    yield `beside a reload of all pages: ${types}`
  const stamps = new Set()
  for (const [url, { hmr }] of after) if (hmr !== before.get(url)?.hmr) stamps.add(hmr)
  for (const payload of sent) {
    if (payload.type === 'update') for (const { timestamp } of payload.updates) stamps.add(timestamp)
  }
  if (stamps.size > 1) yield `several timestamps: ${[...stamps]}`
}

/**
 * @param {Outcome} stock
 * @param {Outcome} ours
 */
function* stateDifferences(stock, ours) {
  for (const [url, after] of stock.after) {
    const theirs = plain(after, stock.before.get(url))
    const our = plain(ours.after.get(url), ours.before.get(url))
    for (const part of Object.keys(theirs)) {
      if (theirs[part] !== our[part]) yield `${part} of ${url}: Vite ${theirs[part]}, ours ${our[part]}`
    }
  }
}

/**
 * A state with its times told as "in this step" or not, which does not depend on the clock.
 *
 * @param {import('./worlds.js').State} after
 * @param {import('./worlds.js').State} before
 * @returns {Record<string, unknown>}
 */
function plain({ hmr, invalidated, ...rest }, before) {
  return { ...rest, stamped: hmr !== before.hmr, invalidatedNow: invalidated !== before.invalidated }
}
