/**
 * What watchers lose: the stories of the truth test, told to each, and the cases in which files are known to get lost.
 * Whoever listens looks at each path that it is told of; what it knows in the end is compared with the disk.
 */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { OPERATIONS, tellStory } from '../__test__/truth/operations.js'
import { createYard, openStory, pause, perform } from '../__test__/truth/writer.js'
import { STOPPED, startChild } from './conversation.js'
import { emptyFolder } from './project.js'

const SIDES = /** @type {const} */ (['ours', 'parcel', 'chokidar3', 'chokidar6', 'node'])

/**
 * Not told here: where a link leads to a folder above it, chokidar 3 follows it in circles, for minutes and with gigabytes
 * of memory. That is known, and would hide what else there is to see.
 */
const UNTOLD = 'link to a folder'

/** Which operations of the stories the rows of the table count together. @type {Record<string, string[]>} */
const ROWS = {
  'create, write, append, truncate, save twice': [
    ...[
      'create',
      'write',
      'append',
      'truncate',
      'truncate, then write',
      'save twice',
      'save with the old time',
    ],
    ...['storm', 'chmod', 'touch'],
  ],
  'saves of editors': [
    ...['vim', 'vim with a copy', 'JetBrains', 'Emacs', 'sed -i', 'VS Code', 'write, then rename'],
    'delete, then create',
  ],
  'files renamed, swapped, deleted': [
    ...['rename', 'rename over', 'swap files', 'delete', 'create, then delete', 'rename the case'],
  ],
  'folders renamed, swapped': ['rename a folder', 'swap folders', 'out and back'],
  'moved in, moved out': ['move in', 'move a full folder in', 'move out'],
  'new folders, and files in them at once': ['mkdir', 'mkdir, then write', 'cp -r', 'long path', 'tar x'],
  'rm -r, and made again; file to folder': ['rm -r', 'rm -r, then again', 'file to folder', 'folder to file'],
  'symbolic and hard links': [
    ...['link to a file', 'write through a link', 'link that dangles', 'link elsewhere'],
    ...['hard link', 'write by one of two names'],
  ],
  'git checkout': ['git checkout'],
  'everything in turn': Object.keys(OPERATIONS).filter((kind) => kind !== UNTOLD),
}

/** Folders that a side watches at once: quiet takes a second of waiting, and costs nothing. */
const LANES = 12

/** In how many operations stories of one kind are told. */
const OPERATIONS_OF_A_KIND = 12

/** So many files in each of the cases with two saves, and outside of the root. */
const PAIRS = 40

/** What came of two saves that lie so far apart, in milliseconds. */
const GAPS = [25, 30, 35, 40]

/**
 * @typedef {'missed create' | 'stale content' | 'missed delete' | 'wrong type'} Wrong
 *
 * @typedef {object} TruthRow
 * @property {string} what
 * @property {string} side
 * @property {number} stories
 * @property {number} paths that are there in the end
 * @property {Partial<Record<Wrong, number>>} wrong paths of which the consumer knows something else
 *
 * @typedef {{ stories: TruthRow[], cases: TruthRow[], errors: Record<string, Record<string, number>> }} TruthRows
 */

/**
 * @param {{ quick: boolean, say: (line: string) => void, keep: (rows: TruthRows) => void }} options `keep` is told after each row
 * @returns {Promise<TruthRows>}
 */
export async function measureTruth({ quick, say, keep }) {
  const yard = createYard()
  /** @type {TruthRows} */
  const rows = { stories: [], cases: [], errors: {} }
  try {
    for (const side of SIDES) {
      let child = startSide(side)
      /** @type {Record<string, number>} */
      const failures = {}
      /** A watcher that takes its process with it begins anew. @param {() => Promise<TruthRow[]>} measure */
      const attempt = async (measure) => {
        try {
          return await measure()
        } catch (error) {
          const { message } = /** @type {Error} */ (error)
          failures[message] = (failures[message] ?? 0) + 1
          await child.stop()
          child = startSide(side)
          say(`${side}: ${message}`)
          return []
        }
      }
      for (const [what, kinds] of Object.entries(ROWS)) {
        const row = { what, kinds, seeds: quick ? 8 : 36 }
        const measured = await attempt(async () => [
          { side, ...(await measureStories(child, yard.folder, row)) },
        ])
        for (const { wrong, paths, stories } of measured) {
          say(`${side}, ${what}: ${describe(wrong)} of ${paths} in ${stories} stories`)
        }
        rows.stories.push(...measured)
        keep(rows)
      }
      for (const cases of CASES) {
        const measured = await attempt(() =>
          Promise.all(
            Object.entries(cases).map(async (one) => ({ side, ...(await measureCase(child, ...one)) })),
          ),
        )
        for (const { what, wrong, paths } of measured) say(`${side}, ${what}: ${describe(wrong)} of ${paths}`)
        rows.cases.push(...measured)
        keep(rows)
      }
      rows.errors[side] = { ...failures, ...(await child.ask('errors')) }
      await child.stop()
    }
  } finally {
    yard.remove()
  }
  return rows
}

/** @typedef {ReturnType<typeof startChild>} Child */

/** @param {string} side */
function startSide(side) {
  const child = startChild('./truth-child.js', [side])
  // Each lane asks by itself.
  child.child.setMaxListeners(LANES + 1)
  return child
}

let lastId = 0

/**
 * Stories of one row, each with operations of one kind: what one kind loses is not put down to another.
 *
 * @param {Child} child
 * @param {string} yard
 * @param {{ what: string, kinds: string[], seeds: number }} row
 * @returns {Promise<Omit<TruthRow, 'side'>>}
 */
async function measureStories(child, yard, { what, kinds, seeds }) {
  const stories = Array.from({ length: seeds }, (_, at) =>
    kinds.includes('create') && kinds.includes('git checkout')
      ? tellStory(at + 1, { kinds })
      : tellStory(at + 1, { kinds: [kinds[at % kinds.length]], operations: OPERATIONS_OF_A_KIND }),
  )
  const row = { what, stories: seeds, paths: 0, wrong: {} }
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (let story = stories.shift(); story; story = stories.shift()) {
        const { base, root, remove } = await openStory(yard, story)
        const act = (/** @type {import('../__test__/truth/model.js').Step[]} */ steps) => perform(base, steps)
        await watched(child, { root }, () => act(story.rounds.flat()), row)
        remove()
      }
    }),
  )
  return row
}

/**
 * @param {Child} child
 * @param {{ root: string, entry?: string, beside?: string }} what
 * @param {() => Promise<unknown> | unknown} act
 * @param {{ paths: number, wrong: Partial<Record<Wrong, number>> }} row to which what came of it is added
 */
async function watched(child, what, act, row) {
  const id = ++lastId
  await child.ask('open', { id, ...what })
  await act()
  await child.ask('quiet', id)
  const judged = await child.ask('judge', id)
  if (judged === STOPPED) throw new Error('took too long')
  const { wrong, paths } = judged
  for (const kind of wrong) row.wrong[kind] = (row.wrong[kind] ?? 0) + 1
  row.paths += paths
  await child.ask('close', id)
}

/** @param {string} file @param {string} text */
function write(file, text) {
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, text)
}

/**
 * Each is given a fresh folder with an empty `root` and an `out` beside it, fills them, and gives what is done to them
 * while somebody watches, perhaps with what has to be watched besides. The last ones wait more than they work, and do so
 * side by side.
 *
 * @typedef {(base: string) => { act: () => Promise<unknown> | unknown, entry?: string, beside?: string }} Case
 */

/** @type {Record<string, Case>} */
const BURSTS = {
  'a folder with 900 files is moved in'(base) {
    for (let at = 0; at < 900; at++) write(`${base}/out/full/d${at % 30}/f${at}`, String(at))
    return { act: () => fs.renameSync(`${base}/out/full`, `${base}/root/full`) }
  },
  'an archive of 2,000 files is unpacked'(base) {
    for (let at = 0; at < 2000; at++) write(`${base}/out/pack/d${at % 60}/e${at % 4}/f${at}`, String(at))
    execFileSync('tar', ['cf', `${base}/pack.tar`, '-C', `${base}/out`, 'pack'])
    return { act: () => execFileSync('tar', ['xf', `${base}/pack.tar`, '-C', `${base}/root`]) }
  },
  '300 times a new folder, and a file in it at once': (base) => ({
    act() {
      for (let at = 0; at < 300; at++) write(`${base}/root/d${at}/a/b/file`, String(at))
    },
  }),
  '20,000 writes to 1,000 files': (base) => {
    for (let at = 0; at < 1000; at++) write(`${base}/root/d${at % 40}/f${at}`, 'first')
    return {
      act() {
        for (let at = 0; at < 20_000; at++)
          fs.writeFileSync(`${base}/root/d${at % 40}/f${at % 1000}`, `${at}`)
      },
    }
  },
}

/** @type {Record<string, Case>} */
const SAVES = {
  ...Object.fromEntries(
    GAPS.map((gap) => [
      `${PAIRS} files saved twice, ${gap} ms apart`,
      (/** @type {string} */ base) => {
        for (let at = 0; at < PAIRS; at++) write(`${base}/root/f${at}`, 'before')
        return {
          async act() {
            for (let at = 0; at < PAIRS; at++) {
              fs.writeFileSync(`${base}/root/f${at}`, 'first!')
              await pause(gap)
              fs.writeFileSync(`${base}/root/f${at}`, 'second')
              await pause(100)
            }
          },
        }
      },
    ]),
  ),
  [`a file outside of the root is unlinked and created, ${PAIRS} times, then written`](base) {
    write(`${base}/out/beside.js`, 'export default 0\n')
    write(`${base}/root/main.js`, "import '../out/beside.js'\n")
    const beside = `${base}/out/beside.js`
    return {
      entry: 'main.js',
      beside,
      async act() {
        for (let at = 0; at < PAIRS; at++) {
          fs.unlinkSync(beside)
          fs.writeFileSync(beside, `export default ${at}\n`)
          await pause(60)
        }
        fs.writeFileSync(beside, "export default 'last'\n")
      },
    }
  },
}

const CASES = [...Object.entries(BURSTS).map(([what, prepare]) => ({ [what]: prepare })), SAVES]

/**
 * @param {Child} child
 * @param {string} what
 * @param {Case} prepare
 */
async function measureCase(child, what, prepare) {
  const base = emptyFolder()
  fs.mkdirSync(`${base}/root`)
  const { act, ...rest } = prepare(base)
  const row = { what, stories: 1, paths: 0, wrong: {} }
  await watched(child, { root: `${base}/root`, ...rest }, act, row)
  return row
}

/** @param {Partial<Record<Wrong, number>>} wrong */
const describe = (wrong) =>
  Object.entries(wrong)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ') || 'nothing wrong'
