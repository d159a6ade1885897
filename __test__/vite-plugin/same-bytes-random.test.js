import { readFileSync, renameSync, utimesSync } from 'node:fs'
import { expect, it } from 'vitest'
import { Random } from '../differential/random.js'
import { ModelPage } from '../support/model-page.js'
import { createProject, startServer, waitFor } from '../support/project.js'
import { later } from '../support/same-bytes.js'

/** The version of a file that a module's code was made of. */
const marker = (/** @type {string} */ name, /** @type {number} */ version) => `V(${name}=${version})`

/** What each file holds, by version. @type {Record<string, (version: number) => string>} */
const CONTENT = {
  'main.js': (version) =>
    `import './a.js'\nimport './b.js'\nimport './reader.js'\nimport './raw.js'\nimport './style.css'\nexport default '${marker('main.js', version)}'\n`,
  'a.js': (version) =>
    `import './leaf.js'\nexport default '${marker('a.js', version)}'\nimport.meta.hot.accept()\n`,
  'b.js': (version) => `export default '${marker('b.js', version)}'\nimport.meta.hot.accept()\n`,
  'leaf.js': (version) => `export default '${marker('leaf.js', version)}'\n`,
  'reader.js': (version) => `export default '${marker('reader.js', version)}'\nimport.meta.hot.accept()\n`,
  'raw.js': (version) =>
    `import './text.txt?raw'\nexport default '${marker('raw.js', version)}'\nimport.meta.hot.accept()\n`,
  'text.txt': (version) => marker('text.txt', version),
  'data.txt': (version) => marker('data.txt', version),
  'style.css': (version) => `@import './part.css';\n.a { content: '${marker('style.css', version)}' }\n`,
  'part.css': (version) => `.part { content: '${marker('part.css', version)}' }\n`,
  'lazy.js': (version) =>
    `import './leaf.js'\nimport './b.js'\nimport './other.css'\nexport default '${marker('lazy.js', version)}'\nimport.meta.hot.accept()\n`,
  'other.css': (version) => `@import './part.css';\n.b { content: '${marker('other.css', version)}' }\n`,
}
const NAMES = Object.keys(CONTENT)
/** What else is in the code of a module. @type {Record<string, string[]>} */
const READ = {
  'reader.js': ['leaf.js', 'data.txt'],
  'style.css': ['part.css'],
  'other.css': ['part.css'],
}
/** Rarely the entry, since that reloads everything. */
const SAVED = [
  ...['a.js', 'b.js', 'leaf.js', 'leaf.js', 'leaf.js', 'reader.js', 'raw.js', 'style.css', 'lazy.js'],
  ...['part.css', 'part.css', 'text.txt', 'data.txt', 'data.txt'],
]
const ENTRIES = ['/main.js', '/main.js', '/lazy.js']
/** Longer than any transaction here can last, in place of the longest that there can be at all. */
const WHILE_MS = 3000
const BROKEN = 'export default (\n'

const RUNS = Number(process.env.RUNS ?? 12)
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 30))

for (let run = 0; run < RUNS; run++) {
  const seed = SEED + run
  it(`pages end with what is on disk, whatever is not sent (SEED=${seed} RUNS=1)`, () =>
    play(new Random(seed)))
}

/** @param {Random} random */
async function play(random) {
  const project = createProject(Object.fromEntries(NAMES.map((name) => [name, CONTENT[name](0)])))
  /** Versions on disk; -1 is broken. @type {Map<string, number>} */
  const versions = new Map(NAMES.map((name) => [name, 0]))
  const pause = async (/** @type {number} */ longest) => {
    const time = random.chance(0.3) ? random.below(longest) : 0
    if (time > 0) await new Promise((resolve) => setTimeout(resolve, time))
  }
  let calm = false
  const page = await startServer(project, {
    vite: random.chance(0.7) ? 'vite' : 'vite7',
    // Pages load while hooks run, so Vite's answer would be about another graph than ours.
    bino: { verify: false, ...(random.chance(0.3) && { debounce: random.below(30) }) },
    config: {
      plugins: [
        {
          name: 'test:slow',
          async load(id) {
            if (calm) return null
            await pause(20)
            if (id.includes('?') || !id.startsWith(project.root) || random.chance(0.7)) return null
            // What was read may be old by the time that it is handed on.
            const text = readFileSync(id, 'utf8')
            await pause(20)
            return text
          },
          async transform(code, id) {
            if (!calm) await pause(20)
            if (!id.endsWith('/reader.js')) return
            const found = READ['reader.js'].map((name) => {
              this.addWatchFile(project.path(name))
              return /V\([^)]*\)/.exec(readFileSync(project.path(name), 'utf8'))?.[0] ?? 'broken'
            })
            await pause(20)
            return `${code}export const read = '${found}'\n`
          },
        },
        {
          name: 'test:hook',
          async hotUpdate({ modules }) {
            if (calm) return
            await pause(15)
            // As Svelte's does, to see what changed.
            if (random.chance(0.3)) {
              for (const { url } of modules) await this.environment.transformRequest(url).catch(() => {})
            }
          },
        },
      ],
    },
  })
  const { transactions } = page.session
  /** Whether it lasts so long that what was read a while ago can be known. */
  const isLong = random.chance(0.2)
  if (isLong) transactions.run = later(transactions.run, 15_000 - WHILE_MS)
  /** @type {string[]} */
  const passed = []
  const { finish } = transactions
  transactions.finish = (transaction) => {
    finish(transaction)
    passed.push(...transaction.passes.map(({ file }) => file))
  }
  const { client } = page.server.environments
  const serverOfPages = {
    sent: page.sent(),
    fetch: async (/** @type {string} */ url) => {
      const code = (await client.transformRequest(url))?.code
      if (!calm) await pause(10)
      return code ?? ''
    },
  }
  const openPage = (entry = random.pick(ENTRIES)) =>
    new ModelPage(serverOfPages, entry, () => (calm ? Promise.resolve() : pause(25)))
  // Everything once: of a file that is read for the first time while it changes, Vite does not know yet who reads it.
  const pages = [openPage('/main.js'), openPage('/lazy.js')]
  await waitFor(
    () => pages.every((one) => one.isLoaded) || undefined,
    () => 'the first pages',
  )

  const save = (/** @type {string} */ name, /** @type {number} */ version) => {
    versions.set(name, version)
    project.write(name, version < 0 ? BROKEN : CONTENT[name](version))
  }
  let clock = Date.now() / 1000
  for (let step = 0; step < 40; step++) {
    const name = random.chance(0.03) ? 'main.js' : random.pick(SAVED)
    const version = versions.get(name) ?? 0
    const act = random.below(20)
    if (isLong && step % 15 === 14) await new Promise((resolve) => setTimeout(resolve, WHILE_MS + 100))
    if (random.chance(0.05)) {
      const moved = random.below(3)
      versions.set(name, moved)
      project.write('moved.txt', CONTENT[name](moved))
      if (random.chance(0.5)) utimesSync(project.path('moved.txt'), 1e9, 1e9)
      renameSync(project.path('moved.txt'), project.path(name))
    } else if (act < 10) save(name, random.below(3))
    else if (act < 14) save(name, version)
    else if (act < 16) utimesSync(project.path(name), ++clock, clock)
    else if (act < 18) {
      const before = Math.max(version, 0)
      save(name, before + 1)
      await pause(20)
      save(name, before)
    } else if (act < 19 && name !== 'main.js') save(name, -1)
    else if (pages.length < 5) pages.push(openPage())
    if (random.chance(0.6)) await pause(60)
  }
  for (const [name, version] of versions) if (version < 0) save(name, 1)
  calm = true
  // Batches come one after the other: what was saved before this file has been told when this is.
  project.write('last.js', '')
  await waitFor(
    () => (passed.includes(project.path('last.js')) && transactions.size === 0) || undefined,
    () => `the last save; passed: ${passed}`,
  )
  await waitFor(
    () => pages.every((one) => one.isIdle) || undefined,
    () => 'the pages to take what was sent',
  )
  for (const one of pages) await one.close()

  // With Vite, too, a module that imports a broken one is not brought again once that is mended.
  for (const one of pages.filter((page) => !page.hasMissed)) {
    const found = Object.fromEntries([...one.current].map(([url, code]) => [url, code.match(/V\([^)]*\)/g)]))
    const expected = Object.fromEntries(
      [...one.current.keys()].map((url) => {
        const name = url.slice(1).replace(/\?.*/, '')
        const all = name.endsWith('.css') ? [...(READ[name] ?? []), name] : [name, ...(READ[name] ?? [])]
        return [url, all.map((one) => marker(one, versions.get(one) ?? 0))]
      }),
    )
    expect(found).toEqual(expected)
    expect(found).toHaveProperty(['/b.js'])
  }
}
