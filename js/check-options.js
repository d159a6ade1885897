/**
 * Checks options against a table of rules, and says what is wrong in one way everywhere. Pure.
 */

/**
 * What one option takes, for the check and for the message when it fails.
 *
 * @typedef {{ takes: string, accepts: (value: unknown) => boolean, fallback: unknown }} Rule
 */

/**
 * Fills in the defaults and refuses what is wrong, before anything is started.
 *
 * @template {object} Options
 * @param {string} caller what was called, for the message: `binoHmr()`
 * @param {Record<keyof Options, Rule>} rules
 * @param {unknown} given
 * @returns {Options}
 * @throws {TypeError} with `code: 'BINO_OPTION_INVALID'`, naming the option
 */
export function checkOptions(caller, rules, given) {
  if (given === null || typeof given !== 'object' || Array.isArray(given)) {
    throw invalid(`${caller} takes an object of options, but got ${show(given)}`)
  }
  const known = Object.keys(rules)
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw invalid(`${caller} has no option "${name}"; it takes ${known.join(', ')}`)
    }
  }
  const options = Object.entries(/** @type {Record<string, Rule>} */ (rules)).map(([name, rule]) => {
    const value = /** @type {Record<string, unknown>} */ (given)[name]
    if (value === undefined) return [name, rule.fallback]
    if (rule.accepts(value)) return [name, value]
    throw invalid(`the option "${name}" of ${caller} takes ${rule.takes}, but got ${show(value)}`)
  })
  return /** @type {Options} */ (Object.fromEntries(options))
}

/** @param {string} message */
function invalid(message) {
  return Object.assign(new TypeError(message), { code: 'BINO_OPTION_INVALID' })
}

/**
 * A value as a person would write it, short.
 *
 * @param {unknown} value
 */
function show(value) {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'number')
    return String(value)
  if (value === undefined) return 'undefined'
  try {
    const text = JSON.stringify(value, (_key, part) => (part instanceof RegExp ? String(part) : part))
    return text.length > 80 ? `${text.slice(0, 77)}...` : text
  } catch {
    // Circular or hostile: the type is all that can be said.
    return `a value of type ${typeof value}`
  }
}
