import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const COUNT = 2000

it('2,000 files rewritten give at most three payloads', async () => {
  const { project, page, names } = await open(COUNT)
  for (const name of names) project.write(name, content(name, 1))
  await allUpdated(page, names)
  expect(updatesOf(page).length).toBeLessThanOrEqual(3)
  page.expectNoDifference()
})

it('a formatter that works through its list gives one payload for the first file and few for the rest', async () => {
  const { project, page, names } = await open(40)
  for (const name of names) {
    project.write(name, content(name, 1))
    // The formatter's own work on the next file.
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  await allUpdated(page, names)
  expect(updatesOf(page).length).toBeLessThanOrEqual(4)
  page.expectNoDifference()
})

it('a git checkout gives one payload', async () => {
  const { project, page, names } = await open(300, (project, names) => {
    const git = gitIn(project.root)
    git('init', '--quiet', '--initial-branch=main')
    git('add', '.')
    git('commit', '--quiet', '-m', 'one')
    git('checkout', '--quiet', '-b', 'other')
    for (const name of names) project.write(name, content(name, 1))
    git('commit', '--quiet', '-am', 'two')
    git('checkout', '--quiet', 'main')
  })
  gitIn(project.root)('checkout', '--quiet', 'other')
  await allUpdated(page, names)
  expect(updatesOf(page)).toHaveLength(1)
  page.expectNoDifference()
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

/** @param {Awaited<ReturnType<typeof startServer>>} page */
const updatesOf = (page) => page.sent().filter(({ type }) => type === 'update')

/**
 * @param {Awaited<ReturnType<typeof startServer>>} page
 * @param {string[]} names
 */
async function allUpdated(page, names) {
  await waitFor(
    () => {
      const updated = new Set(updatesOf(page).flatMap((payload) => payload.updates.map(({ path }) => path)))
      return names.every((name) => updated.has(`/${name}`)) ? true : undefined
    },
    () => `${updatesOf(page).length} payloads, not all of ${names.length} files`,
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
