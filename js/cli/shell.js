/**
 * Words as a shell takes them. Pure.
 */

/** What no shell gives a meaning to, on Windows with its separator. */
const PLAIN = process.platform === 'win32' ? /^[\w@%+=:,./\\-]+$/ : /^[\w@%+=:,./-]+$/

/**
 * A path that can be pasted into a shell. On Windows no path holds a `"`.
 *
 * @param {string} path
 */
export function quoted(path) {
  if (PLAIN.test(path)) return path
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", "'\\''")}'`
}
