/**
 * Where a pattern of the user begins: most are relative, and the engine matches whole paths. Pure.
 */

import path from 'node:path'

/**
 * A pattern as one of whole paths: below a folder, unless it is absolute. In a glob the folder's own signs mean nothing.
 *
 * @param {string} folder
 * @param {string} pattern a path or a glob; after `!` one that takes back in
 */
export function globBelow(folder, pattern) {
  const negation = pattern.startsWith('!') ? '!' : ''
  const relative = pattern.slice(negation.length)
  const isWhole = path.isAbsolute(relative)
  const root = folder.replaceAll(path.sep, '/')
  // The engine takes what is negated for a glob in any case.
  if (negation || isGlob(relative)) {
    return isWhole ? pattern : negation + path.posix.join(escapeGlob(root), relative)
  }
  const plain = unescaped(relative)
  const whole = isWhole ? plain : path.posix.join(root, plain)
  // A path means itself and all below, and so does this.
  return isGlob(whole) ? `${escapeGlob(whole.replace(/\/$/, ''))}/**` : whole
}

/** A path as a glob that matches nothing else. @param {string} file */
export const escapeGlob = (file) => file.replace(/[?*[\]{}()!\\]/g, '\\$&')

/** Whether the engine takes a pattern for a glob and not for a path, as chokidar does (`is-glob`). @param {string} pattern */
const isGlob = (pattern) => /\*|[\].+)]\?|\[.*\]|\{.*\}|\(.*\|.*\)/s.test(pattern.replace(/\\./gs, '-'))

/** What a path with escaped signs spells. Where `\` parts folders nothing is escaped. @param {string} pattern */
const unescaped = (pattern) => (path.sep === '\\' ? pattern : pattern.replace(/\\([?*[\]{}()!\\])/g, '$1'))

const PARTNERS = /** @type {Record<string, string>} */ ({ '{': '}', '(': ')' })

/**
 * What is most likely mistyped in the option `ignore`: a bracket without its partner. It stands for itself, as for chokidar
 * and picomatch, since a file may be called so; but hardly anybody means that.
 *
 * @param {string} caller whose option it is, for the message: `binoHmr()`
 * @param {string[]} globs
 */
export function globProblems(caller, globs) {
  return globs.flatMap((glob) => {
    const sign = loneBracket(glob)
    if (sign === undefined) return []
    const what = `the option "ignore" of ${caller}: the ${sign} in ${JSON.stringify(glob)} has no partner and stands for itself`
    return {
      code: 'BINO_GLOB_UNBALANCED',
      message: `${what}; add the other bracket, or write [${sign}] where it belongs to a name`,
    }
  })
}

/** @param {string} glob */
function loneBracket(glob) {
  /** @type {string[]} */
  const open = []
  for (let at = 0; at < glob.length; at++) {
    const sign = glob[at]
    if (sign === '\\') at++
    else if (sign === '[') {
      // Right behind the one that opens a class, a closing one is a member of it.
      const end = glob.indexOf(']', at + (/[!^]/.test(glob[at + 1]) ? 3 : 2))
      if (end < 0) return sign
      at = end
    } else if (sign in PARTNERS) open.push(sign)
    else if (sign === ']') return sign
    else if ((sign === '}' || sign === ')') && PARTNERS[open.pop() ?? ''] !== sign) return sign
  }
  return open.pop()
}
