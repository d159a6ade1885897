/**
 * What steps do to a disk, without a disk: lets the generator choose only what is possible. Pure.
 *
 * Paths are relative, with `/`: `root/…` is what is watched, `out/…` lies beside it.
 */

/**
 * @typedef {object} Step one thing that a program asks of the system
 * @property {string} kind of the operation that it belongs to
 * @property {'write' | 'append' | 'truncate' | 'overwrite' | 'rename' | 'unlink' | 'remove' | 'mkdir' | 'copy'
 *   | 'symlink' | 'link' | 'chmod' | 'times' | 'unpack' | 'checkout' | 'pause'} do
 * @property {string} [path]
 * @property {string} [to] the other path of `rename`, `copy` and `link`; where a `symlink` leads
 * @property {string} [text]
 * @property {number} [times] how often the text is repeated
 * @property {number} [number] length, mode, seconds or milliseconds
 * @property {string} [branch]
 *
 * @typedef {{ type: 'file' } | { type: 'directory' } | { type: 'link', to: string }} Node two names of one file share one
 */

/** Archives and branches that every run finds beside its folders; see `writer.js`. */
export const ARCHIVE = 'pack'
export const ARCHIVE_FILES = Array.from(
  { length: 24 },
  (_, at) => `${ARCHIVE}/d${at % 3}/e${at % 2}/f${at}.js`,
)
export const BRANCHES = /** @type {const} */ (['main', 'other', 'third'])
/** The folder of the tracked files. No other operation enters it. */
export const TRACKED = 'root/tracked'

/** The system's limit on a path is 4096 with the end mark; the folder in which everything lies takes its part. */
const LONGEST_PATH = 3900

const encoder = new TextEncoder()
/** @param {string} text */
export const bytes = (text) => encoder.encode(text).length
/** @param {string} path */
export const dirname = (path) => path.slice(0, path.lastIndexOf('/'))
/** @param {string} path */
export const basename = (path) => path.slice(path.lastIndexOf('/') + 1)

export class Model {
  /** @type {Map<string, Node>} */
  nodes = new Map([
    ['root', { type: 'directory' }],
    ['out', { type: 'directory' }],
  ])

  /**
   * @param {'file' | 'directory' | 'link'} type
   * @param {string} [top] `root` or `out`
   */
  paths(type, top = 'root') {
    const found = []
    for (const [path, node] of this.nodes) {
      if (node.type === type && path.startsWith(`${top}/`)) found.push(path)
    }
    return found
  }

  /** Below `top`, with `top` itself. @param {string} [top] */
  folders(top = 'root') {
    return [top, ...this.paths('directory', top)]
  }

  /** @param {string} path */
  has(path) {
    return this.nodes.has(path)
  }

  /** @param {string} path */
  below(path) {
    return [...this.nodes.keys()].filter((other) => other.startsWith(`${path}/`))
  }

  /** Whether `path` with all below it fits at `to`. @param {string} path @param {string} to */
  fits(path, to) {
    const longest = Math.max(0, ...this.below(path).map((other) => bytes(other) - bytes(path)))
    return bytes(to) + longest < LONGEST_PATH
  }

  /** Whether a link leads to a file. @param {string} path */
  leads(path) {
    const node = this.nodes.get(path)
    return node?.type === 'link' && this.nodes.get(node.to)?.type === 'file'
  }

  /** @param {Step} step */
  apply({ do: what, path, to }) {
    const { nodes } = this
    switch (what) {
      case 'write':
        if (!nodes.has(path)) nodes.set(path, { type: 'file' })
        break
      case 'rename':
        if (nodes.get(path) !== nodes.get(to)) this.#move(path, to)
        break
      case 'unlink':
        nodes.delete(path)
        break
      case 'remove':
        for (const other of [path, ...this.below(path)]) nodes.delete(other)
        break
      case 'mkdir':
        for (let dir = path; !nodes.has(dir); dir = dirname(dir)) nodes.set(dir, { type: 'directory' })
        break
      case 'copy':
        for (const other of [path, ...this.below(path)]) {
          nodes.set(to + other.slice(path.length), { ...nodes.get(other) })
        }
        break
      case 'symlink':
        nodes.set(path, { type: 'link', to })
        break
      case 'link':
        nodes.set(to, nodes.get(path))
        break
      case 'unpack':
        for (const file of ARCHIVE_FILES) {
          const at = `${path}/${file}`
          for (let dir = dirname(at); !nodes.has(dir); dir = dirname(dir))
            nodes.set(dir, { type: 'directory' })
          nodes.set(at, { type: 'file' })
        }
        break
      default:
    }
  }

  /** @param {string} path @param {string} to */
  #move(path, to) {
    for (const other of [path, ...this.below(path)]) {
      this.nodes.set(to + other.slice(path.length), this.nodes.get(other))
      this.nodes.delete(other)
    }
  }
}
