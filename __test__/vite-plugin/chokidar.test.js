/**
 * Plays the same stories to Vite's own watcher and to ours. What each tells is written beside the step: once where both
 * say the same, twice where we differ on purpose. `docs/chokidar.md` gives the reasons.
 */

import fs from 'node:fs'
import path from 'node:path'
import { inspect } from 'node:util'
import { FSWatcher } from 'chokidar3'
import { describe, expect, it } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, DEADLINE_MS, inOneGo, startServer, waitFor } from '../support/project.js'

/**
 * @typedef {Awaited<ReturnType<typeof openStage>> & { swiftly: (act: () => void) => void }} Stage `swiftly` does something
 *   that is one event where it is done in one go
 * @typedef {string[]} Told `event path kind`, the kind by the `Stats`: `file`, `folder`, `neither`
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {(stage: Stage) => unknown} play
 * @property {Told} both what both tell, or
 * @property {Told} [chokidar] what Vite's own tells, and
 * @property {Told} [ours] what we tell
 *
 * @typedef {object} Story
 * @property {Record<string, string>} files beside `root/stage/`, where steps are marked
 * @property {(base: string) => import('vite').WatchOptions} [watch]
 * @property {Step[]} steps
 * @property {(listing: Record<string, string[]>) => void} [listed] checks `getWatched()` at the end
 */

/** A step of which both tell the same. @returns {Step} */
const same = (/** @type {string} */ name, /** @type {Step['play']} */ play, /** @type {Told} */ ...both) => ({
  name,
  play,
  both,
})

/** A step of which we tell something else. @returns {Step} */
const differs = (
  /** @type {string} */ name,
  /** @type {Step['play']} */ play,
  /** @type {{ chokidar: Told, ours: Told }} */ { chokidar, ours },
) => ({ name, play, both: [], chokidar, ours })

/** @type {Record<string, Story>} */
const STORIES = {
  'files and folders': {
    files: { 'root/a.js': '1', 'root/sub/b.js': '1', 'root/sub/c.js': '1', 'root/sub/d.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same('new file', ({ write }) => write('root/new.js', ''), 'add root/new.js file'),
      same('delete', ({ remove }) => remove('root/new.js'), 'unlink root/new.js'),
      same(
        'new folders with a file',
        ({ write }) => write('root/d/e/f.js', ''),
        'addDir root/d folder',
        'addDir root/d/e folder',
        'add root/d/e/f.js file',
      ),
      // In this order; chokidar's unlinks are late.
      same(
        'delete a folder',
        ({ remove }) => remove('root/d'),
        'unlink root/d/e/f.js',
        'unlinkDir root/d/e',
        'unlinkDir root/d',
      ),
      same(
        'rename',
        ({ move }) => move('root/a.js', 'root/a2.js'),
        'unlink root/a.js',
        'add root/a2.js file',
      ),
      same('touch', ({ touch }) => touch('root/sub/b.js'), 'change root/sub/b.js file'),
      differs('chmod', ({ at }) => fs.chmodSync(at('root/sub/c.js'), 0o600), {
        chokidar: ['change root/sub/c.js file'],
        ours: [],
      }),
      same(
        'atomic save',
        ({ write, move, swiftly }) =>
          swiftly(() => {
            write('root/sub/.d.js.tmp', 'new')
            move('root/sub/.d.js.tmp', 'root/sub/d.js')
          }),
        'change root/sub/d.js file',
      ),
      same(
        'unlink and create',
        ({ remove, write, swiftly }) =>
          swiftly(() => {
            remove('root/sub/b.js')
            write('root/sub/b.js', 'again')
          }),
        'change root/sub/b.js file',
      ),
      same("an editor's scratch files", ({ write }) => {
        write('root/.b.js.swp', '')
        write('root/b.js~', '')
      }),
      same('what Vite ignores', ({ write }) => write('root/node_modules/p/i.js', '')),
      same('a link to a file', ({ link }) => link('sub/d.js', 'root/link.js'), 'add root/link.js file'),
      same(
        'its file changes',
        ({ write }) => write('root/sub/d.js', 'through the link'),
        'change root/sub/d.js file',
        'change root/link.js file',
      ),
      same('the link goes', ({ remove }) => remove('root/link.js'), 'unlink root/link.js'),
      same('a link to nothing', ({ link }) => link('nothing', 'root/dangling')),
      differs('a link to a folder', ({ link }) => link('sub', 'root/linked'), {
        chokidar: [
          'addDir root/linked folder',
          'add root/linked/b.js file',
          'add root/linked/c.js file',
          'add root/linked/d.js file',
        ],
        ours: [],
      }),
      same(
        'odd names',
        ({ write }) => write('root/ünï [cödé] (x).js', ''),
        'add root/ünï [cödé] (x).js file',
      ),
      differs(
        'a file becomes a folder',
        ({ at, remove }) => {
          remove('root/a2.js')
          fs.mkdirSync(at('root/a2.js'))
        },
        {
          chokidar: ['change root/a2.js folder'],
          ours: ['unlink root/a2.js', 'addDir root/a2.js folder'],
        },
      ),
    ],
  },

  methods: {
    files: {
      'root/a.js': '1',
      'root/u/v.js': '1',
      'out/x.js': '1',
      'out/y.js': '1',
      'folder/deep/a.css': '1',
      'globbed/a.css': '1',
      'globbed/a.js': '1',
    },
    steps: [
      same('add gives the watcher', ({ watcher, at }) => expect(watcher.add(at('out/x.js'))).toBe(watcher)),
      same('the file outside', ({ write }) => write('out/x.js', '22'), 'change out/x.js file'),
      same('the one beside it', ({ write }) => write('out/y.js', '22')),
      same('it is deleted', ({ remove }) => remove('out/x.js'), 'unlink out/x.js'),
      differs('it comes back', ({ write }) => write('out/x.js', '333'), {
        chokidar: [],
        ours: ['add out/x.js file'],
      }),
      same('add an array', ({ watcher, at }) => watcher.add([at('folder')])),
      same('save in it', ({ write }) => write('folder/deep/a.css', '22'), 'change folder/deep/a.css file'),
      same('new in it', ({ write }) => write('folder/deep/b.css', ''), 'add folder/deep/b.css file'),
      same('add what is nowhere', ({ watcher, at }) => watcher.add(at('later/z.js'))),
      differs('it comes', ({ write }) => write('later/z.js', ''), {
        chokidar: [],
        ours: ['add later/z.js file'],
      }),
      same('add what is to come below the root', ({ watcher, at }) => watcher.add(at('root/soon.js'))),
      same('and it comes, told once', ({ write }) => write('root/soon.js', ''), 'add root/soon.js file'),
      same('add what is watched', ({ watcher, at }) => watcher.add(at('root/a.js'))),
      same('and it is told once', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same('unwatch gives the watcher', ({ watcher, at }) =>
        expect(watcher.unwatch(at('root/a.js'))).toBe(watcher),
      ),
      same('unwatched', ({ write }) => write('root/a.js', '333')),
      same('add it again', ({ watcher, at }) => watcher.add(at('root/a.js'))),
      same('watched again', ({ write }) => write('root/a.js', '4444'), 'change root/a.js file'),
      same('unwatch a folder', ({ watcher, at }) => watcher.unwatch([at('root/u')])),
      same('new in it', ({ write }) => write('root/u/w.js', '')),
      differs('save in it', ({ write }) => write('root/u/v.js', '22'), {
        chokidar: ['change root/u/v.js file'],
        ours: [],
      }),
      same('add the folder again', ({ watcher, at }) => watcher.add(at('root/u'))),
      same('save in it now', ({ write }) => write('root/u/v.js', '333'), 'change root/u/v.js file'),
      same('unwatch a glob', ({ watcher, at }) => watcher.unwatch(at('root/**/*.md'))),
      same('what it matches', ({ write }) => write('root/read.md', '')),
      differs('add a glob, which Vite switches off', ({ watcher, at }) => watcher.add(at('globbed/*.css')), {
        chokidar: [],
        ours: [],
      }),
      differs('what it matches', ({ write }) => write('globbed/b.css', ''), {
        chokidar: [],
        ours: ['add globbed/b.css file'],
      }),
      same('what it does not match', ({ write }) => write('globbed/b.js', '')),
      same('what is no path', ({ watcher }) => {
        const odd = /** @type {any} */ (5)
        expect(() => watcher.add(odd)).toThrow(new TypeError('Non-string provided as watch path: 5'))
        expect(() => watcher.unwatch([odd])).toThrow(TypeError)
      }),
    ],
    listed(listing) {
      expect(listing['']).toEqual(expect.arrayContaining(['folder', 'root']))
      expect(listing.root).toEqual(['a.js', 'soon.js', 'stage', 'u'])
      expect(listing['root/u']).toEqual(['v.js', 'w.js'])
      expect(listing['folder/deep']).toEqual(['a.css', 'b.css'])
    },
  },

  'globs switched on': {
    watch: () => ({ disableGlobbing: false }),
    files: { 'out/x.css': '1', 'out/x.js': '1', 'out/d/y.css': '1' },
    steps: [
      same('add', ({ watcher, at }) => watcher.add(at('out/**/*.css'))),
      same('save', ({ write }) => write('out/x.css', '22'), 'change out/x.css file'),
      same('save of another', ({ write }) => write('out/x.js', '22')),
      same('new', ({ write }) => write('out/d/z.css', ''), 'add out/d/z.css file'),
      same('delete', ({ remove }) => remove('out/x.css'), 'unlink out/x.css'),
    ],
  },

  cwd: {
    watch: (base) => ({ cwd: `${base}/root` }),
    files: { 'root/a.js': '1', 'root/sub/b.js': '1', 'out/o.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/sub/b.js', '22'), 'change sub/b.js file'),
      same('relative add', ({ watcher }) => watcher.add('../out')),
      same('save there', ({ write }) => write('out/o.js', '22'), 'change ../out/o.js file'),
      same('relative unwatch', ({ watcher }) => watcher.unwatch('a.js')),
      same('save of it', ({ write }) => write('root/a.js', '22')),
      same('delete', ({ remove }) => remove('root/sub'), 'unlink sub/b.js', 'unlinkDir sub'),
    ],
    listed(listing) {
      expect(Object.keys(listing).sort()).toEqual(['.', '..', '../out', 'stage'])
      expect(listing['..']).toEqual(['out', 'root'])
      expect(listing['../out']).toEqual(['o.js'])
    },
  },

  'ignoreInitial: false': {
    watch: () => ({ ignoreInitial: false }),
    files: { 'root/a.js': '1', 'root/sub/b.js': '1', 'out/q/o.js': '1' },
    steps: [
      same(
        'start',
        () => {},
        'addDir root folder',
        'add root/a.js file',
        'addDir root/stage folder',
        'addDir root/sub folder',
        'add root/sub/b.js file',
      ),
      same(
        'add',
        ({ watcher, at }) => watcher.add(at('out')),
        'addDir out folder',
        'addDir out/q folder',
        'add out/q/o.js file',
      ),
      same('new', ({ write }) => write('out/q/p.js', ''), 'add out/q/p.js file'),
    ],
  },

  alwaysStat: {
    watch: () => ({ alwaysStat: true }),
    files: { 'root/a.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same('new', ({ write }) => write('root/d/b.js', ''), 'addDir root/d folder', 'add root/d/b.js file'),
      same('delete', ({ remove }) => remove('root/d'), 'unlink root/d/b.js', 'unlinkDir root/d'),
    ],
  },

  depth: {
    watch: () => ({ depth: 1 }),
    files: { 'root/a.js': '1', 'root/s/b.js': '1', 'root/s/t/c.js': '1' },
    steps: [
      same('at the root', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same('one below', ({ write }) => write('root/s/b.js', '22'), 'change root/s/b.js file'),
      same('two below', ({ write }) => write('root/s/t/c.js', '22')),
      same('new two below', ({ write }) => write('root/s/t/u/d.js', '')),
    ],
  },

  'followSymlinks: false': {
    watch: () => ({ followSymlinks: false }),
    files: { 'root/a.js': '1', 'root/s/b.js': '1' },
    steps: [
      differs('a link to a file', ({ link }) => link('a.js', 'root/link.js'), {
        chokidar: ['add root/link.js neither'],
        ours: ['add root/link.js file'],
      }),
      differs('its file changes', ({ write }) => write('root/a.js', '22'), {
        chokidar: ['change root/a.js file'],
        ours: ['change root/a.js file', 'change root/link.js file'],
      }),
      same('the link goes', ({ remove }) => remove('root/link.js'), 'unlink root/link.js'),
      differs('a link to a folder', ({ link }) => link('s', 'root/linked'), {
        chokidar: ['add root/linked neither'],
        ours: [],
      }),
    ],
  },

  awaitWriteFinish: {
    watch: () => ({ awaitWriteFinish: { stabilityThreshold: 200, pollInterval: 20 } }),
    files: { 'root/a.js': '1', 'root/b.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same(
        'new in a new folder',
        ({ write }) => write('root/q/z.js', 'x'),
        'addDir root/q folder',
        'add root/q/z.js file',
      ),
      same('delete', ({ remove }) => remove('root/b.js'), 'unlink root/b.js'),
      same('a file that comes and goes', ({ write, remove, swiftly }) =>
        swiftly(() => {
          write('root/short.js', 'x')
          remove('root/short.js')
        }),
      ),
    ],
  },

  usePolling: {
    watch: () => ({ usePolling: true, interval: 50 }),
    files: { 'root/a.js': '1', 'root/s/b.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      same('new', ({ write }) => write('root/d/b.js', ''), 'addDir root/d folder', 'add root/d/b.js file'),
      same('delete', ({ remove }) => remove('root/d'), 'unlink root/d/b.js', 'unlinkDir root/d'),
      same('delete a file', ({ remove }) => remove('root/s/b.js'), 'unlink root/s/b.js'),
    ],
  },

  'atomic: false': {
    watch: () => ({ atomic: false }),
    files: { 'root/a.js': '1' },
    steps: [
      same('save', ({ write }) => write('root/a.js', '22'), 'change root/a.js file'),
      differs("an editor's scratch file", ({ write }) => write('root/a.js~', ''), {
        chokidar: ['add root/a.js~ file'],
        ours: [],
      }),
    ],
  },

  ignored: {
    watch: (base) => ({
      ignored: [
        '**/ext/+(a|b).js',
        '**/!(keep).skip',
        '!**/again.skip',
        /\.re$/,
        (/** @type {string} */ file, /** @type {fs.Stats | undefined} */ stats) =>
          file.includes('/called/') && stats?.isFile() === true,
        (/** @type {string} */ file) => file.endsWith('/left'),
        `${base}/root/plain`,
        'relative.js',
        '**/*.{x1,x2}',
        '**/[ab].cls',
        /** @type {any} */ (null),
      ],
    }),
    files: Object.fromEntries(
      [
        ...['ext/a.js', 'ext/c.js', 'keep.skip', 'no.skip', 'again.skip', 'a.re', 'called/a', 'left/a'],
        ...['plain/a', 'relative.js', 'a.x1', 'a.cls', 'c.cls'],
      ].map((file) => [`root/${file}`, '1']),
    ),
    steps: [
      ...['ext/a.js', 'no.skip', 'a.re', 'called/a', 'left/a', 'plain/a', 'a.x1', 'a.cls'].map((file) =>
        same(`save of ${file}`, ({ write }) => write(`root/${file}`, '22')),
      ),
      ...['ext/c.js', 'keep.skip', 'again.skip', 'relative.js', 'c.cls'].map((file) =>
        same(`save of ${file}`, ({ write }) => write(`root/${file}`, '22'), `change root/${file} file`),
      ),
      ...['ext/aab.js', 'new.skip', 'new.re', 'called/b', 'left/b/c'].map((file) =>
        same(`new ${file}`, ({ write }) => write(`root/${file}`, '')),
      ),
      same('new ext/d.js', ({ write }) => write('root/ext/d.js', ''), 'add root/ext/d.js file'),
    ],
    listed(listing) {
      expect(listing.root).toEqual([
        ...['again.skip', 'c.cls', 'called', 'ext', 'keep.skip', 'relative.js', 'stage'],
      ])
      expect(listing['root/ext']).toEqual(['c.js', 'd.js'])
      expect(Object.keys(listing)).not.toContain('root/left')
    },
  },
}

/**
 * chokidar gives no sign that it has taken in an `add()` or ended a scan, ignores a folder that it is reading, and drops
 * what comes 50 to 100 ms after something like it. It is given this long after each step, and where a busy machine makes
 * it take longer, all that again with more; ours gets the next step at once, and one go.
 */
const CHOKIDARS_TIMES_MS = [150, 600, 2000]

/**
 * A server on the files of a story, its watcher and what that told.
 *
 * @param {Story} story
 * @param {string} vite
 * @param {number} [time] of chokidar's; without it the stage is ours
 */
async function openStage({ files, watch = () => ({}) }, vite, time) {
  const ours = time === undefined
  // The last time is the one that counts.
  const patience = ours || time === CHOKIDARS_TIMES_MS.at(-1) ? DEADLINE_MS : 40 * time
  const project = createProject(files)
  fs.mkdirSync(project.path('root/stage'), { recursive: true })
  /** @type {string[]} */
  let told = []
  /** @type {unknown[][]} */
  const misfits = []
  /** @type {unknown[] | undefined} */
  let last
  const options = watch(project.root)
  const page = await startServer(
    { ...project, root: project.path('root') },
    {
      vite,
      bino: ours && {},
      config: {
        server: { middlewareMode: true, ws: false, watch: options },
        plugins: [
          {
            name: 'test:recorder-of-events',
            enforce: 'pre',
            configureServer: { order: 'pre', handler: ({ watcher }) => listen(watcher) },
          },
        ],
      },
    },
  )
  /** @param {import('vite').ViteDevServer['watcher']} watcher */
  function listen(watcher) {
    for (const event of /** @type {const} */ (['add', 'addDir', 'change', 'unlink', 'unlinkDir'])) {
      watcher.on(event, (...args) => {
        last = [event, ...args]
        const [file, stats] = /** @type {[string, fs.Stats?]} */ (args)
        const kind = stats && (stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'neither')
        const shown = path.isAbsolute(file) ? path.relative(project.root, file) : file
        const line = [event, shown, ...(kind ? [kind] : [])].join(' ')
        // Whether two saves in a row are told twice is another test's.
        if (told.at(-1) !== line) told.push(line)
      })
    }
    watcher.on('all', (...args) => {
      if (!last?.every((value, at) => value === args[at]) || last.length !== args.length) misfits.push(args)
    })
  }
  const { watcher } = page.server
  const listing = () =>
    Object.fromEntries(
      Object.entries(watcher.getWatched()).map(([folder, names]) => [
        path.isAbsolute(folder) ? path.relative(project.root, folder) : folder,
        names,
      ]),
    )
  // What chokidar knows, it watches.
  const key = options.cwd ? '.' : 'root'
  await waitFor(
    () => (listing()[options.cwd ? 'stage' : 'root/stage'] && listing()[key] ? true : undefined),
    () => `the stage in ${JSON.stringify(listing())}`,
  )
  const settle = () => new Promise((resolve) => setTimeout(resolve, time))
  await settle()
  let marks = 0
  return {
    watcher,
    listing,
    misfits,
    options: () => inspect(watcher.options).replaceAll(project.root, ''),
    at: project.path,
    write: project.write,
    remove: project.remove,
    move: (/** @type {string} */ from, /** @type {string} */ to) =>
      fs.renameSync(project.path(from), project.path(to)),
    link: (/** @type {string} */ to, /** @type {string} */ file) => fs.symlinkSync(to, project.path(file)),
    touch: (/** @type {string} */ file) =>
      fs.utimesSync(project.path(file), new Date(), new Date(Date.now() + 1000)),
    /**
     * What was told since the last call: at least what is `expected`, and all that comes before a mark that is set then.
     *
     * @param {Told} expected
     */
    async tell(expected) {
      const [isMark, isHere] = [/stage\/mark-/, (/** @type {string} */ line) => told.includes(line)]
      const until = (/** @type {() => boolean} */ holds, /** @type {string} */ what) =>
        waitFor(
          () => holds() || undefined,
          () => `${what} by ${ours ? 'ours' : 'chokidar'}, among ${JSON.stringify(told)}`,
          patience,
        )
      await until(() => expected.every(isHere), JSON.stringify(expected))
      await settle()
      const mark = `mark-${++marks}`
      project.write(`root/stage/${mark}`, '')
      await until(() => told.some((line) => line.endsWith(`stage/${mark} file`)), mark)
      const seen = told.filter((line) => !isMark.test(line))
      told = []
      await settle()
      return seen
    },
  }
}

/** Less than what makes two changes of one file two events of ours. */
const ONE_GO_MS = 1.5

/**
 * Plays a story to chokidar, if need be again and with more time for it. What it does is not under test: where it told
 * something else, the machine was too busy.
 *
 * @param {Story} story
 * @param {string} vite
 */
async function playPatiently(story, vite) {
  const [last, ...earlier] = CHOKIDARS_TIMES_MS.toReversed()
  for (const time of earlier.toReversed()) {
    try {
      return await playAll(story, vite, (act) => act(), time)
    } catch {
      // Once more.
    }
  }
  return playAll(story, vite, (act) => act(), last)
}

/**
 * Plays a story to one watcher. Gives the watcher's options as they are shown.
 *
 * @param {Story} story
 * @param {string} vite
 * @param {Stage['swiftly']} swiftly
 * @param {number} [time] of chokidar's; without it ours is played to
 */
async function playAll(story, vite, swiftly, time) {
  const opened = await openStage(story, vite, time)
  /** @type {Stage} */
  const stage = {
    ...opened,
    swiftly,
    // A file that is there, empty, for longer than that is told twice.
    write: (file, content) => swiftly(() => opened.write(file, content)),
  }
  const options = stage.options()
  for (const step of story.steps) {
    const expected = step[time === undefined ? 'ours' : 'chokidar'] ?? step.both
    await step.play(stage)
    const told = await stage.tell(expected)
    // chokidar's order depends on the time that the system takes.
    if (time === undefined) expect(told, step.name).toEqual(expected)
    else expect(told.toSorted(), step.name).toEqual(expected.toSorted())
  }
  expect(stage.misfits, '`all` follows each event').toEqual([])
  story.listed?.(stage.listing())
  return options
}

describe.each(['vite', 'vite7'])('beside the watcher of %s', (vite) => {
  // Chokidar's last time alone makes minutes of a long story.
  it.each(Object.entries(STORIES))('%s', { timeout: 900_000 }, async (_name, story) => {
    const [ours, chokidar] = await Promise.all([
      inOneGo(ONE_GO_MS, (swiftly) => playAll(story, vite, swiftly)),
      playPatiently(story, vite),
    ])
    expect(ours).toEqual(chokidar)
  })
})

/** @param {string} [vite] */
async function open(vite) {
  const project = createProject({ 'a.js': '1' })
  const page = await startServer(project, {
    vite,
    config: { server: { middlewareMode: true, ws: false } },
  })
  return { project, page, watcher: page.server.watcher }
}

it.each(['vite', 'vite7'])('close is final in %s: once, with nothing after it', async (vite) => {
  const { project, watcher } = await open(vite)
  /** @type {unknown[]} */
  const late = []
  const closing = watcher.close()
  expect(watcher.close()).toBe(closing)
  expect(await closing).toBeUndefined()
  expect(watcher.closed).toBe(true)
  expect(watcher.getWatched()).toEqual({})
  watcher.on('all', (...args) => late.push(args))
  expect(watcher.add(project.root)).toBe(watcher)
  expect(watcher.unwatch(project.root)).toBe(watcher)
  expect(watcher.getWatched()).toEqual({})
  const after = await open(vite)
  after.watcher.add(project.root)
  // Asked after `add`, and answered after it: from here on it is watched.
  expect(after.watcher.getWatched()).toHaveProperty([project.root])
  const seen = new Promise((resolve) => after.watcher.once('change', resolve))
  project.write('a.js', '22')
  expect(await seen).toBe(project.path('a.js'))
  expect(late).toEqual([])
})

it('ready is told to whoever listens late, once each', async () => {
  const { watcher } = await open()
  /** @type {string[]} */
  const told = []
  watcher.on('ready', () => told.push('on'))
  await new Promise((resolve) => watcher.once('ready', () => resolve(told.push('once'))))
  await waitFor(
    () => (told.length === 2 ? true : undefined),
    () => told.join(),
  )
  expect(told).toEqual(['on', 'once'])
})

it('what could not be watched is told to listeners of error beside Vite, and logged once', async () => {
  const { page, watcher } = await open()
  /** @type {Error[]} */
  const told = []
  watcher.on('error', (error) => told.push(/** @type {Error} */ (error)))
  const error = Object.assign(new Error('cannot watch /x'), { code: 'BINO_WATCH_FAILED' })
  page.session.face.error(error)
  expect(told).toEqual([error])
  expect(page.logged.filter((line) => line.includes('cannot watch /x'))).toEqual([])
})

it('what the user ignores never makes chokidar watch, nor ends the server', async () => {
  const project = createProject({ 'a.js': '1', 'b.js': '1', 'c.log': '1' })
  const odd = () => {
    throw new Error('odd')
  }
  const page = await startServer(project, {
    config: { server: { watch: { ignored: ['**/b.js', '!**/*.js', odd, /\.log$/g] } } },
  })
  /** @type {string[]} */
  const told = []
  page.server.watcher.on('change', (file) => told.push(file))
  for (const file of ['a.js', 'c.log', 'b.js']) project.put(file, '22')
  await waitFor(
    () => (told.includes(project.path('b.js')) ? true : undefined),
    () => told.join(),
  )
  expect(told).toEqual([project.path('a.js'), project.path('b.js')])
  expect(page.logged.filter((line) => line.includes('odd'))).toHaveLength(1)
  expect(page.server.watcher.options.ignored).toContain(odd)
})

it('folders that only JavaScript knows to be ignored hold no watch', async () => {
  const files = { 'a.js': '', 'left/deep/er/b.js': '', 'kept/c.js': '' }
  const project = createProject(files)
  const watch = { ignored: (/** @type {string} */ file) => file.endsWith('/left') }
  const page = await startServer(project, { config: { server: { watch } } })
  expect(page.session.stats()).toMatchObject({ directories: 2, watches: 2 })
  project.write('new/left/x/y.js', '')
  await waitFor(
    () => (page.server.watcher.getWatched()[project.path('new')] ? true : undefined),
    () => JSON.stringify(page.server.watcher.getWatched()),
  )
  await waitFor(
    () => (page.session.stats().directories === 3 ? true : undefined),
    () => JSON.stringify(page.session.stats()),
  )
})

describe('docs/chokidar.md', () => {
  const page = fs.readFileSync(fromRoot('docs', 'chokidar.md'), 'utf8')
  const rows = page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()))
  const names = rows.map(([name]) => name.replaceAll('`', ''))
  // Beside its package.json: the types are no export.
  const types = fs.readFileSync(fromRoot('node_modules', 'chokidar3', 'types', 'index.d.ts'), 'utf8')
  /** @param {string} start @param {RegExp} member */
  const members = (start, member) => {
    const from = types.indexOf(start)
    const body = types.slice(from, types.indexOf('\n}', from))
    return [...body.matchAll(member)].map(([, name]) => name)
  }

  it('has each option that chokidar has', () => {
    const typed = [
      ...members('export interface WatchOptions', /^ {2}(\w+)\?:/gm),
      ...members('export interface AwaitWriteFinishOptions', /^ {2}(\w+)\?:/gm),
    ]
    expect(typed).toContain('ignored')
    const known = [...new Set([...typed, ...Object.keys(new FSWatcher({}).options)])]
    expect(known.filter((name) => !names.includes(name))).toEqual([])
  })

  it('has each method and property', () => {
    const typed = members('export class FSWatcher', /^ {2}(\w+)(?:\(|: )/gm)
    const own = Object.getOwnPropertyNames(FSWatcher.prototype)
    const known = [...new Set([...typed, ...own])].filter(
      // What begins with an underscore is chokidar's own, and `emitWithAll` is not in the types.
      (name) => !name.startsWith('_') && !['constructor', 'emitWithAll'].includes(name),
    )
    expect(known).toContain('getWatched')
    expect(known.filter((name) => !names.includes(name))).toEqual([])
  })

  it('has each event', () => {
    const lines = members('export class FSWatcher', /^ {2}on\(event: (.+?), listener/gm)
    const known = lines.flatMap((line) => [...line.matchAll(/'(\w+)'/g)].map(([, name]) => name))
    expect(known).toContain('unlinkDir')
    expect(known.filter((name) => !names.includes(name))).toEqual([])
  })

  it('says same, different and why, or not offered and why', () => {
    expect(rows.length).toBeGreaterThan(30)
    const odd = rows.filter(
      ([, verdict, why]) => !(verdict === 'same' || (/^(different|not offered)$/.test(verdict) && why)),
    )
    expect(odd).toEqual([])
  })
})
