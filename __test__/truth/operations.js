/**
 * Stories: random operations on a folder, as people, editors and tools do them. Pure: a seed says it all.
 *
 * The same stories are told to other watchers in `benches/truth.js`.
 */

import { ARCHIVE, ARCHIVE_FILES, BRANCHES, basename, bytes, dirname, Model } from './model.js'
import { randomOf } from './random.js'

/**
 * @typedef {import('./model.js').Step} Step
 * @typedef {import('./random.js').Random} Random
 *
 * @typedef {object} Story
 * @property {number} seed
 * @property {'fast' | 'mixed' | 'slow'} pace `fast`: without a pause; `slow`: milliseconds apart
 * @property {'here' | 'process'} writer in the consumer's own event loop, or in another process
 * @property {number} block how long the consumer blocks the event loop at each batch, in milliseconds
 * @property {boolean} loop whether the consumer is a loop, or a listener
 * @property {'adaptive' | number} debounce
 * @property {Step[]} before what is there when the watcher starts
 * @property {Step[][]} rounds after each the consumer's state has to be the disk's
 */

const NAMES = [
  ...[
    'a',
    'b',
    'c',
    'd',
    'A',
    'x.ts',
    'y.css',
    '.env',
    'two words',
    "it's",
    '[g]{1}',
    '#hash',
    'a?b',
    '-v',
    '!not',
  ],
  ...['café'.normalize('NFC'), 'café'.normalize('NFD'), 'Å.js'.normalize('NFC'), 'Å.js'.normalize('NFD')],
  ...['名前', '🦀', 'new\nline', 'back\\slash', '%41', 'l'.repeat(255), `${'字'.repeat(84)}.js`],
]

/** One folder of a path that nears the system's limit. */
const LONG = 'p'.repeat(240)

class Teller {
  model = new Model()
  /** @type {Step[]} */
  steps = []
  kind = ''
  count = 0

  /** @param {Random} random @param {() => number} pause @param {string[]} names */
  constructor(random, pause, names) {
    this.random = random
    this.pause = pause
    this.names = names
  }

  /** @param {Omit<Step, 'kind'>} step */
  step(step) {
    this.model.apply({ kind: this.kind, ...step })
    this.steps.push({ kind: this.kind, ...step })
    const number = this.pause()
    if (number > 0) this.steps.push({ kind: this.kind, do: 'pause', number })
  }

  /** Contents of one length, so that only reading them tells them apart; now and then a long one. */
  text() {
    this.count += 1
    const text = String(this.count).padStart(8, '0')
    return { text, times: this.random.once(12) ? this.random.pick([2, 100, 40_000]) : 1 }
  }

  /** @param {string} path */
  write(path) {
    this.step({ do: 'write', path, ...this.text() })
  }

  /** @param {string} path @param {string} to */
  rename(path, to) {
    this.step({ do: 'rename', path, to })
  }

  /** @param {string} path */
  unlink(path) {
    this.step({ do: 'unlink', path })
  }

  /** @param {string} path */
  mkdir(path) {
    this.step({ do: 'mkdir', path })
  }

  /** A file with one name that is no editor's backup; makes one if there is none. */
  file(top = 'root') {
    const files = this.model.paths('file', top).filter((path) => !path.endsWith('~') && !this.isShared(path))
    if (files.length > 0) return this.random.pick(files)
    const path = this.free(top)
    this.write(path)
    return path
  }

  /** Whether a file has other names. @param {string} path */
  isShared(path) {
    const node = this.model.nodes.get(path)
    return [...this.model.nodes].some(([other, its]) => its === node && other !== path)
  }

  /** A folder that is there; makes one if there is none. */
  folder(top = 'root') {
    const folders = this.model.paths('directory', top)
    if (folders.length > 0) return this.random.pick(folders)
    const path = this.free(top)
    this.mkdir(path)
    return path
  }

  /** A path where nothing is, in a folder that is there. */
  free(top = 'root') {
    for (let tries = 0; tries < 20; tries++) {
      const path = `${this.random.pick(this.model.folders(top))}/${this.random.pick(this.names)}`
      if (!this.model.has(path) && this.model.fits(path, path)) return path
    }
    return `${top}/n${this.count++}`
  }

  /** A path where nothing is, and where all that lies at `path` fits. @param {string} path */
  place(path, top = 'root') {
    for (let tries = 0; tries < 20; tries++) {
      const to = this.free(top)
      if (!`${to}/`.startsWith(`${path}/`) && this.model.fits(path, to)) return to
    }
    return `${top}/n${this.count++}`
  }

  /** A name beside a file, as tools choose for what is temporary. @param {string} file @param {string} suffix */
  beside(file, suffix) {
    const name = `${basename(file)}${suffix}`
    return `${dirname(file)}/${bytes(name) > 255 ? `t${suffix}` : name}`
  }

  /** For a temporary name that a story took for something else. @param {string[]} paths */
  areFree(...paths) {
    return paths.every((path) => !this.model.has(path))
  }
}

/**
 * Each is given a teller and tells one operation.
 *
 * @satisfies {Record<string, (tell: Teller) => void>}
 */
export const OPERATIONS = {
  create: (tell) => tell.write(tell.free()),
  write: (tell) => tell.write(tell.file()),
  append: (tell) => tell.step({ do: 'append', path: tell.file(), ...tell.text() }),
  truncate: (tell) => tell.step({ do: 'truncate', path: tell.file(), number: tell.random.pick([0, 0, 3]) }),
  'truncate, then write': (tell) => {
    const path = tell.file()
    tell.step({ do: 'truncate', path, number: 0 })
    tell.step({ do: 'overwrite', path, ...tell.text() })
  },
  'save twice': (tell) => {
    const path = tell.file()
    tell.write(path)
    tell.write(path)
  },
  'save with the old time': (tell) => {
    const path = tell.file()
    tell.step({ do: 'times', path, number: 1_000_000_000 })
    tell.write(path)
    tell.step({ do: 'times', path, number: 1_000_000_000 })
  },
  rename: (tell) => {
    const path = tell.file()
    tell.rename(path, tell.free())
  },
  'rename over': (tell) => {
    const path = tell.file()
    const to = tell.random.pick(tell.model.paths('file'))
    if (path !== to) tell.rename(path, to)
  },
  'rename a folder': (tell) => {
    const path = tell.folder()
    tell.rename(path, tell.place(path))
  },
  'rename the case': (tell) => {
    const path = tell.random.once(2) ? tell.file() : tell.folder()
    const name = basename(path)
    const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
    const to = `${dirname(path)}/${other}`
    if (tell.areFree(to) && bytes(other) < 256 && tell.model.fits(path, to)) tell.rename(path, to)
  },
  'move in': (tell) => {
    const outside = [...tell.model.paths('file', 'out'), ...tell.model.paths('directory', 'out')]
    const path = outside.length > 0 ? tell.random.pick(outside) : tell.file('out')
    tell.rename(path, tell.place(path))
  },
  'move a full folder in': (tell) => {
    const path = `out/n${tell.count++}`
    tell.mkdir(`${path}/sub/deep`)
    for (const name of ['1', 'sub/2', 'sub/deep/3', 'sub/deep/4']) tell.write(`${path}/${name}`)
    tell.rename(path, tell.place(path))
  },
  'move out': (tell) => {
    const path = tell.random.once(2) ? tell.file() : tell.folder()
    const to = tell.place(path, 'out')
    tell.rename(path, to)
    // Nobody may hear of what happens there. (Of a hard link that stayed behind, nobody could: `isShared`.)
    if (tell.random.once(2)) tell.write(tell.file('out'))
  },
  'out and back': (tell) => {
    const path = tell.folder()
    const away = tell.place(path, 'out')
    tell.rename(path, away)
    const inside = `${away}/n${tell.count++}`
    if (tell.model.fits(inside, inside)) tell.write(inside)
    tell.rename(away, path)
  },
  delete: (tell) => tell.unlink(tell.file()),
  'delete, then create': (tell) => {
    const path = tell.file()
    tell.unlink(path)
    tell.write(path)
  },
  'create, then delete': (tell) => {
    const path = tell.free()
    tell.write(path)
    tell.unlink(path)
  },
  mkdir: (tell) => tell.mkdir(tell.free()),
  'mkdir, then write': (tell) => {
    const path = tell.free()
    if (!tell.model.fits(path, `${path}/m/n/file`)) return
    tell.mkdir(`${path}/m/n`)
    tell.write(`${path}/m/n/file`)
    tell.write(`${path}/m/file`)
  },
  'rm -r': (tell) => tell.step({ do: 'remove', path: tell.folder() }),
  'rm -r, then again': (tell) => {
    const path = tell.folder()
    tell.step({ do: 'remove', path })
    tell.mkdir(path)
    tell.write(`${path}/again`)
  },
  'cp -r': (tell) => {
    const path = tell.random.once(3) ? tell.file() : tell.folder()
    // Copies of copies would double all the time.
    if (tell.model.below(path).length < 30) tell.step({ do: 'copy', path, to: tell.place(path) })
  },
  'link to a file': (tell) => {
    const to = tell.file()
    tell.step({ do: 'symlink', path: tell.free(), to })
    if (tell.random.once(2)) tell.write(to)
  },
  'write through a link': (tell) => {
    const links = tell.model.paths('link').filter((path) => tell.model.leads(path))
    if (links.length === 0) return
    const path = tell.random.pick(links)
    // A file with two names: see 'hard link'.
    const leadsTo = tell.model.nodes.get(path)
    if (leadsTo.type === 'link' && !tell.isShared(leadsTo.to)) tell.write(path)
  },
  'link that dangles': (tell) => tell.step({ do: 'symlink', path: tell.free(), to: tell.free() }),
  'link to a folder': (tell) => {
    const to = tell.folder()
    tell.step({ do: 'symlink', path: tell.free(), to })
  },
  'link elsewhere': (tell) => {
    const links = tell.model.paths('link')
    if (links.length === 0) return
    const path = tell.random.pick(links)
    tell.unlink(path)
    if (tell.random.once(4)) return
    const to = tell.file()
    if (tell.areFree(path)) tell.step({ do: 'symlink', path, to })
  },
  // Written by the first name. The system tells of that name alone, and only the watcher can know the other; once the
  // first is deleted in the same moment, nobody can. So no other operation takes these files.
  'hard link': (tell) => {
    const path = tell.file()
    tell.step({ do: 'link', path, to: tell.free() })
    if (tell.random.once(2)) tell.write(path)
  },
  'write by one of two names': (tell) => {
    const shared = tell.model.paths('file').filter((path) => tell.isShared(path))
    if (shared.length > 0) tell.write(shared[0])
  },
  chmod: (tell) => tell.step({ do: 'chmod', path: tell.file(), number: tell.random.pick([0o600, 0o755]) }),
  touch: (tell) => tell.step({ do: 'times', path: tell.file(), number: 1_000_000_000 + tell.count++ }),
  'swap folders': (tell) => {
    const [one, two] = [tell.folder(), tell.folder()]
    const third = `${dirname(one)}/n${tell.count++}`
    if (`${one}/`.startsWith(`${two}/`) || `${two}/`.startsWith(`${one}/`)) return
    if (!tell.model.fits(one, two) || !tell.model.fits(two, one) || !tell.model.fits(one, third)) return
    tell.rename(one, third)
    tell.rename(two, one)
    tell.rename(third, two)
  },
  'swap files': (tell) => {
    const [one, two] = [tell.file(), tell.file()]
    const third = `${dirname(one)}/n${tell.count++}`
    if (one === two) return
    tell.rename(one, third)
    tell.rename(two, one)
    tell.rename(third, two)
  },
  'file to folder': (tell) => {
    const path = tell.file()
    if (!tell.model.fits(path, `${path}/index`)) return
    tell.unlink(path)
    tell.mkdir(path)
    tell.write(`${path}/index`)
  },
  'folder to file': (tell) => {
    const path = tell.folder()
    tell.step({ do: 'remove', path })
    tell.write(path)
  },
  'long path': (tell) => {
    const top = tell.random.pick(tell.model.folders())
    let path = `${top}/${LONG}`
    if (!tell.areFree(path)) return
    while (tell.model.fits(path, `${path}/${LONG}/${LONG}`)) path = `${path}/${LONG}`
    if (!tell.model.fits(path, `${path}/end`)) return
    tell.mkdir(path)
    tell.write(`${path}/end`)
  },
  storm: (tell) => {
    const dir = tell.random.pick(tell.model.folders())
    if (!tell.model.fits(dir, `${dir}/storm-9`)) return
    for (let at = 0; at < 40; at++) {
      const path = `${dir}/storm-${tell.random.below(9)}`
      if ((tell.model.nodes.get(path)?.type ?? 'file') !== 'file' || tell.isShared(path)) return
      if (tell.random.once(4) && tell.model.has(path)) tell.unlink(path)
      else tell.write(path)
    }
  },
  vim: (tell) => {
    const file = tell.file()
    const [probe, backup] = [`${dirname(file)}/4913`, tell.beside(file, '~')]
    if (!tell.areFree(probe, backup)) return
    tell.write(probe)
    tell.unlink(probe)
    tell.rename(file, backup)
    tell.write(file)
    tell.step({ do: 'chmod', path: file, number: 0o644 })
    tell.unlink(backup)
  },
  'vim with a copy': (tell) => {
    const file = tell.file()
    const backup = tell.beside(file, '~')
    if (!tell.areFree(backup)) return
    tell.step({ do: 'copy', path: file, to: backup })
    tell.write(file)
    tell.unlink(backup)
  },
  JetBrains: (tell) => {
    const file = tell.file()
    const [fresh, old] = [tell.beside(file, '___jb_tmp___'), tell.beside(file, '___jb_old___')]
    if (!tell.areFree(fresh, old)) return
    tell.write(fresh)
    tell.rename(file, old)
    tell.rename(fresh, file)
    tell.unlink(old)
  },
  Emacs: (tell) => {
    const file = tell.file()
    const [lock, auto] = [`${dirname(file)}/.#lock`, `${dirname(file)}/#auto#`]
    const backup = tell.beside(file, '~')
    if (!tell.areFree(lock, auto, backup)) return
    tell.step({ do: 'symlink', path: lock, to: 'somebody@somewhere.1234:1700000000' })
    tell.write(auto)
    tell.rename(file, backup)
    tell.write(file)
    tell.unlink(lock)
    tell.unlink(auto)
  },
  'sed -i': (tell) => {
    const file = tell.file()
    const fresh = `${dirname(file)}/sed${tell.count}`
    if (!tell.areFree(fresh)) return
    tell.write(fresh)
    tell.step({ do: 'chmod', path: fresh, number: 0o644 })
    tell.rename(fresh, file)
  },
  'VS Code': (tell) => {
    const path = tell.file()
    tell.step({ do: 'truncate', path, number: 0 })
    tell.step({ do: 'overwrite', path, ...tell.text() })
    if (tell.random.once(2)) tell.step({ do: 'overwrite', path, ...tell.text() })
  },
  'write, then rename': (tell) => {
    const file = tell.file()
    const fresh = tell.beside(file, `.tmp.${tell.count}`)
    if (!tell.areFree(fresh)) return
    tell.write(fresh)
    tell.rename(fresh, file)
  },
  'tar x': (tell) => {
    const path = tell.random.pick(tell.model.folders())
    const files = ARCHIVE_FILES.map((file) => `${path}/${file}`)
    const dirs = new Set(
      files.flatMap((file) => [dirname(file), dirname(dirname(file)), `${path}/${ARCHIVE}`]),
    )
    const { nodes } = tell.model
    const possible =
      files.every((file) => tell.model.fits(file, file) && nodes.get(file)?.type !== 'directory') &&
      [...dirs].every((dir) => (nodes.get(dir)?.type ?? 'directory') === 'directory')
    if (possible) tell.step({ do: 'unpack', path })
  },
  'git checkout': (tell) => tell.step({ do: 'checkout', branch: tell.random.pick(BRANCHES) }),
}

/** Processes of their own, or thousands of bytes in each call: not in every story. */
const SLOW = ['git checkout', 'tar x', 'long path']

/**
 * @param {number} seed
 * @param {object} [options] for the comparison of watchers; what is not said, the seed decides
 * @param {string[]} [options.kinds] names of {@link OPERATIONS}
 * @param {Story['pace']} [options.pace]
 * @param {Story['writer']} [options.writer]
 * @param {number} [options.operations] in how many
 * @param {string[]} [options.names] of few, most come back again and again, for something else
 * @returns {Story}
 */
export function tellStory(seed, options = {}) {
  const random = randomOf(seed)
  const pace = options.pace ?? random.pick(['fast', 'fast', 'mixed', 'mixed', 'slow'])
  const writer = options.writer ?? random.pick(['here', 'here', 'process'])
  const block = random.once(5) ? 1 + random.below(25) : 0
  const loop = random.once(2)
  const debounce = random.pick(['adaptive', 'adaptive', 'adaptive', 0, 5])
  const operations = options.operations ?? { fast: 60, mixed: 40, slow: 16 }[pace]
  const rounds = { fast: 2, mixed: 3, slow: 5 }[pace]
  const isSlow = random.once(12)
  const kinds = options.kinds ?? Object.keys(OPERATIONS).filter((kind) => isSlow || !SLOW.includes(kind))

  const pauses = {
    fast: () => 0,
    mixed: () => (random.once(6) ? 1 + random.below(6) : 0),
    slow: () => 1 + random.below(8),
  }
  const teller = new Teller(random, () => 0, options.names ?? NAMES)
  teller.kind = 'before'
  for (let at = 0; at < 4 + random.below(8); at++) {
    const path = teller.free()
    if (random.once(3)) teller.mkdir(path)
    else teller.write(path)
  }
  teller.mkdir('out/full/of/folders')
  teller.write('out/full/of/files')
  const before = teller.steps
  teller.pause = pauses[pace]

  const told = []
  for (let round = 0; round < rounds; round++) {
    teller.steps = []
    for (let at = 0; at < Math.ceil(operations / rounds); at++) {
      teller.kind = random.pick(kinds)
      OPERATIONS[teller.kind](teller)
    }
    told.push(teller.steps)
  }
  return { seed, pace, writer, block, loop, debounce, before, rounds: told }
}
