import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { expect, it } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const COUNT = 2000

it('2,000 files rewritten give at most three payloads', () =>
  fewPayloads({
    count: COUNT,
    most: 3,
    pause: 30,
    rewrite({ project, names }, version) {
      for (const name of names) project.write(name, content(name, version))
    },
  }))

it('a formatter that works through its list gives one payload for the first file and few for the rest', () =>
  fewPayloads({
    count: 40,
    most: 4,
    pause: 40,
    async rewrite({ project, names }, version) {
      for (const name of names) {
        project.write(name, content(name, version))
        // The formatter's own work on the next file.
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }))

it('a git checkout gives one payload', () => {
  /** @param {ReturnType<typeof createProject>} project @param {string[]} names */
  const prepare = (project, names) => {
    const git = gitIn(project.root)
    git('init', '--quiet', '--initial-branch=main')
    git('add', '.')
    git('commit', '--quiet', '-m', 'one')
    git('checkout', '--quiet', '-b', 'other')
    for (const name of names) project.write(name, content(name, 1))
    git('commit', '--quiet', '-am', 'two')
    git('checkout', '--quiet', 'main')
  }
  return fewPayloads({
    count: 300,
    most: 1,
    pause: 200,
    prepare,
    rewrite: ({ project }, version) =>
      gitIn(project.root)('checkout', '--quiet', version % 2 ? 'other' : 'main'),
  })
})

it('from the moment the server is there, no edit is lost', async () => {
  const { project, names } = createMany(COUNT)
  const page = await startServer(project)
  const changed = new Set()
  page.server.watcher.on('change', (file) => void changed.add(file))
  // In the same turn in which the server was handed over.
  for (const name of names.slice(0, 50)) project.write(name, content(name, 1))
  await waitFor(
    () => names.slice(0, 50).every((name) => changed.has(project.path(name))) || undefined,
    () => `${changed.size} of 50 edits were seen`,
  )
})

/** @param {number} count */
function createMany(count) {
  const names = Array.from({ length: count }, (_, index) => `src/${index % 40}/m${index}.js`)
  return { names, project: createProject(Object.fromEntries(names.map((name) => [name, content(name, 0)]))) }
}

/**
 * @param {number} count
 * @param {(project: ReturnType<typeof createProject>, names: string[]) => void} [prepare]
 */
async function open(count, prepare) {
  const { project, names } = createMany(count)
  prepare?.(project, names)
  const page = await startServer(project)
  await page.load(names.map((name) => `/${name}`))
  return { project, page, names }
}

/**
 * Rewrites all files, and expects few payloads of it. Whoever writes may be stopped on a busy machine, and what comes after
 * such a pause is a burst of its own: the times of the files tell. The engine may be stopped too, which nothing tells: that
 * it was not once in several goes is enough.
 *
 * @param {object} storm
 * @param {number} storm.count of files
 * @param {number} storm.most payloads without a pause
 * @param {number} storm.pause in milliseconds, less than what divides two transactions
 * @param {(project: ReturnType<typeof createProject>, names: string[]) => void} [storm.prepare]
 * @param {(opened: Awaited<ReturnType<typeof open>>, version: number) => unknown} storm.rewrite
 */
async function fewPayloads({ count, most, pause, prepare, rewrite }) {
  const opened = await open(count, prepare)
  const { project, page, names } = opened
  /** @type {string[]} */
  const goes = []
  for (let version = 1; version <= 5; version++) {
    const before = updatesOf(page).length
    await rewrite(opened, version)
    await allUpdated(page, names, before)
    const payloads = updatesOf(page).length - before
    const pauses = pausesIn(names.map(project.path), pause)
    page.expectNoDifference()
    if (payloads <= most * (1 + pauses)) return
    goes.push(`${payloads} payloads with ${pauses} pauses`)
    await page.load(names.map((name) => `/${name}`))
  }
  expect(goes).toEqual([])
}

/**
 * How often there was a pause between two of these files, as they were written.
 *
 * @param {string[]} files
 * @param {number} pause
 */
function pausesIn(files, pause) {
  const times = files.map((file) => statSync(file).mtimeMs).toSorted((a, b) => a - b)
  return times.filter((time, index) => index > 0 && time - times[index - 1] >= pause).length
}

/** @param {Awaited<ReturnType<typeof startServer>>} page */
const updatesOf = (page) => page.sent().filter(({ type }) => type === 'update')

/**
 * @param {Awaited<ReturnType<typeof startServer>>} page
 * @param {string[]} names
 * @param {number} from payloads before that one do not count
 */
async function allUpdated(page, names, from) {
  const updates = () => updatesOf(page).slice(from)
  await waitFor(
    () => {
      const updated = new Set(updates().flatMap((payload) => payload.updates.map(({ path }) => path)))
      return names.every((name) => updated.has(`/${name}`)) ? true : undefined
    },
    () => `${updates().length} payloads, not all of ${names.length} files`,
  )
}

/**
 * @param {string} name
 * @param {number} version
 */
const content = (name, version) => `export const name = '${name} ${version}'\nimport.meta.hot.accept()\n`

/** @param {string} root */
function gitIn(root) {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost']
  return (/** @type {string[]} */ ...args) => execFileSync('git', [...identity, ...args], { cwd: root })
}
