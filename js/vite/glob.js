/**
 * Globs that only a regular expression with a look ahead can say: those with extended globs such as `!(a|b)`. As
 * picomatch, chokidar's own, reads them; all others are matched natively. Pure.
 */

/** Whether a pattern needs this: `+(`, `*(` and `!(` are what the engine refuses. @param {string} glob */
export const hasExtendedGlob = (glob) => /(?<!\\)[+*!]\(/.test(glob)

/** Whether a pattern may match another path than the one it spells. @param {string} glob */
export const isPattern = (glob) => /[*?[{(]/.test(glob)

/**
 * The expression that matches whole paths with `/`. Names that begin with a dot match like any other.
 *
 * @param {string} glob
 * @returns {RegExp}
 */
export function globToRegExp(glob) {
  return new RegExp(`^(?:${sourceOf(glob)})$`)
}

/** What each extended glob does with the alternatives in its parentheses; `!(` has a rule of its own. */
const REPEATS = /** @type {Record<string, string>} */ ({ '@': '', '?': '?', '+': '+', '*': '*' })

/** @param {string} glob */
function sourceOf(glob) {
  let source = ''
  let at = 0
  while (at < glob.length) {
    const char = glob[at]
    const rest = glob.slice(at)
    const before = glob[at - 1] ?? '/'
    if (char === '\\') {
      source += escaped(glob[at + 1] ?? '\\')
      at += 2
    } else if (glob[at + 1] === '(' && (char === '!' || char in REPEATS) && closing(glob, at + 1) > 0) {
      const end = closing(glob, at + 1)
      const inner = choices(glob.slice(at + 2, end), '|')
      const after = glob.slice(end + 1)
      source +=
        char === '!' ? negation(inner, glob.slice(at + 2, end), after) : `(?:${inner})${REPEATS[char]}`
      at = end + 1
    } else if (/^\*\*(\/|$)/.test(rest) && before === '/') {
      if (rest.length > 2) source += '(?:.*/)?'
      // `a/**` is `a` itself, too.
      else source = source.endsWith('/') ? `${source.slice(0, -1)}(?:/.*)?` : '.*'
      at += 3
    } else if (char === '*') {
      source += '[^/]*'
      at += /** @type {RegExpExecArray} */ (/^\*+/.exec(rest))[0].length
    } else if (char === '?') {
      source += '[^/]'
      at += 1
    } else if (char === '[' && rest.indexOf(']', 2) > 0) {
      const end = rest.indexOf(']', 2)
      source += oneOf(rest.slice(1, end))
      at += end + 1
    } else if ((char === '{' || char === '(') && closing(glob, at) > 0) {
      const end = closing(glob, at)
      source += `(?:${choices(glob.slice(at + 1, end), char === '{' ? ',' : '|')})`
      at = end + 1
    } else {
      source += escaped(char)
      at += 1
    }
  }
  return source
}

/**
 * Whatever is none of the alternatives. Where something follows, picomatch refuses what begins with one of them.
 *
 * @param {string} inner
 * @param {string} glob what `inner` was made of
 * @param {string} after the rest of the pattern
 */
function negation(inner, glob, after) {
  const any = glob.includes('/') ? '.*?' : '[^/]*?'
  const end = after === '' ? '$' : glob.includes('*') && /^\.[^\\/.]+$/.test(after) ? sourceOf(after) : ''
  return `(?:(?!(?:${inner})${end})${any})`
}

/**
 * A character class, or its own text: `[id]` is also the name of a file.
 *
 * @param {string} inner
 */
function oneOf(inner) {
  const negated = inner.startsWith('^')
  const set = membersOf(negated ? inner.slice(1) : inner)
  return `(?:(?!/)[${negated ? '^' : ''}${set}]|${[...`[${inner}]`].map(escaped).join('')})`
}

/**
 * What stands between the brackets of a class, as a regular expression says it. A range the wrong way round is no range.
 *
 * @param {string} inner
 */
function membersOf(inner) {
  const member = (/** @type {string} */ char) => (/[\\\][^-]/.test(char) ? `\\${char}` : char)
  let set = ''
  for (let at = 0; at < inner.length; at++) {
    const [from, to] = [inner[at], inner[at + 2]]
    const isRange = inner[at + 1] === '-' && to !== undefined && from <= to
    set += isRange ? `${member(from)}-${member(to)}` : member(from)
    if (isRange) at += 2
  }
  return set
}

/**
 * @param {string} inner
 * @param {string} separator
 */
function choices(inner, separator) {
  const parts = ['']
  let depth = 0
  for (let at = 0; at < inner.length; at++) {
    const char = inner[at]
    if ('({'.includes(char)) depth++
    else if (')}'.includes(char)) depth--
    if (char === separator && depth === 0) parts.push('')
    else parts[parts.length - 1] += char === '\\' ? char + (inner[++at] ?? '') : char
  }
  return parts.map(sourceOf).join('|')
}

/**
 * Where the bracket that opens at `from` closes; -1 if it does not.
 *
 * @param {string} glob
 * @param {number} from
 */
function closing(glob, from) {
  const [open, close] = glob[from] === '{' ? '{}' : '()'
  for (let at = from, depth = 0; at < glob.length; at++) {
    if (glob[at] === '\\') at++
    else if (glob[at] === open) depth++
    else if (glob[at] === close && --depth === 0) return at
  }
  return -1
}

/** @param {string} text */
const escaped = (text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&').replaceAll('\\/', '/')
