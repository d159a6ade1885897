/**
 * Files that are not what their names say: a diagnostic each, and neither a crash nor a pause of the event loop.
 */

import { rmSync, symlinkSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { createProject, waitFor, within } from './support.js'

const MB = 2 ** 20

/** Name, bytes, and the codes of what is wrong with it. @type {Array<[string, Buffer, string[]]>} */
const FILES = [
  ['binary.js', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]), ['BINO_SCAN_BINARY']],
  [
    'video.ts',
    Buffer.concat([Buffer.from('\0\0\0\x20ftypisom'), Buffer.alloc(MB, 0x9d)]),
    ['BINO_SCAN_BINARY'],
  ],
  ['huge.js', Buffer.alloc(50 * MB, 'export {}\n'), ['BINO_SCAN_TOO_LARGE']],
  ['brackets.ts', Buffer.alloc(100_000, '['), ['BINO_SCAN_SYNTAX']],
  ['latin1.js', Buffer.from('export const a = "caf\xe9"\n', 'latin1'), ['BINO_SCAN_ENCODING']],
  ['utf16.js', Buffer.from('\ufeffexport {}\n', 'utf16le'), ['BINO_SCAN_ENCODING']],
  ['broken.vue', Buffer.from('<script>export default {</script>'), ['BINO_SCAN_SYNTAX']],
  ['broken.json', Buffer.from('{ "a": '), ['BINO_SCAN_SYNTAX']],
  ['mark.js', Buffer.from('\ufeffimport "./no.js"\n'), ['BINO_RESOLVE_NOT_FOUND']],
  ['lines.js', Buffer.from('//\r\n//\r\nimport "./no.js"\r\n'), ['BINO_RESOLVE_NOT_FOUND']],
  ['surrogate.js', Buffer.from('import "./\\ud800.js"\n'), ['BINO_RESOLVE_NOT_FOUND']],
  ['noise.tsx', noise(MB), ['BINO_SCAN_ENCODING', 'BINO_SCAN_SYNTAX']],
]
const CODES = Object.fromEntries(FILES.map(([file, , codes]) => [file, codes]))

/** The same bytes each time; none is NUL. @param {number} length */
function noise(length) {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = 1; at < length; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = 1 + ((state >>> 24) % 255)
  }
  return bytes
}

/** @param {Record<string, string>} files @param {string[]} [entries] */
function start(files, entries = ['main.js']) {
  const project = createProject(files)
  return {
    project,
    watch() {
      const watcher = createWatcher({ root: project.root, entries })
      onTestFinished(() => watcher.close())
      return watcher
    },
  }
}

/**
 * @param {ReturnType<typeof createProject>} project
 * @param {Array<{ file: string, code: string }>} diagnostics
 */
function byFile({ root }, diagnostics) {
  /** @type {Record<string, string[]>} */
  const found = {}
  for (const { file, code } of diagnostics) {
    const name = file.slice(root.length + 1)
    found[name] = [...new Set([...(found[name] ?? []), code])].sort()
  }
  return found
}

/** Counts how often a timer runs until the promise is settled. @param {Promise<unknown>} promise */
async function turns(promise) {
  let count = 0
  const timer = setInterval(() => count++, 1)
  try {
    await promise
  } finally {
    clearInterval(timer)
  }
  return count
}

it('each is a diagnostic at the start, and timers go on meanwhile', async () => {
  const { project, watch } = start({ 'main.js': FILES.map(([file]) => `import './${file}'\n`).join('') })
  for (const [file, bytes] of FILES) project.write(file, /** @type {any} */ (bytes))
  const watcher = watch()
  expect(await turns(watcher.ready)).toBeGreaterThan(2)
  const { modules, diagnostics } = await watcher.graph()
  expect(modules).toHaveLength(FILES.length + 1)
  expect(byFile(project, diagnostics)).toEqual(CODES)
  const places = (/** @type {string} */ name) =>
    diagnostics
      .filter(({ file }) => file === project.path(name))
      .map(({ line, column }) => `${line}:${column}`)
  expect(places('mark.js')).toEqual(['1:8'])
  expect(places('lines.js')).toEqual(['3:8'])
})

it('each is a diagnostic when it is saved, and none any more when it is mended', async () => {
  const { project, watch } = start({ 'main.js': FILES.map(([file]) => `import './${file}'\n`).join('') })
  const mend = () => {
    for (const [file] of FILES) {
      const good = file.endsWith('.vue')
        ? '<template>good</template>'
        : file.endsWith('.json')
          ? '{}'
          : 'export {}'
      project.write(file, `${good}\n`)
    }
  }
  mend()
  const watcher = watch()
  await watcher.ready
  /** @type {Record<string, string[]>} */
  let found = {}
  const updates = watcher[Symbol.asyncIterator]()
  const until = async (/** @type {Record<string, string[]>} */ expected) => {
    while (JSON.stringify(Object.entries(found).sort()) !== JSON.stringify(Object.entries(expected).sort())) {
      await within(updates.next(), `${JSON.stringify(expected)}, after ${JSON.stringify(found)}`)
      found = byFile(project, (await watcher.graph()).diagnostics)
    }
  }
  for (const [file, bytes] of FILES) project.write(file, /** @type {any} */ (bytes))
  expect(await turns(until(CODES))).toBeGreaterThan(2)
  mend()
  await until({})
})

it('a file that is gone when it is read is what its importers say', async () => {
  const { project, watch } = start({ 'main.js': "import './a.js'\n", 'a.js': 'export {}\n' })
  const watcher = watch()
  await watcher.ready
  for (let round = 0; round < 100; round++) {
    project.write('a.js', `export const a = ${round}\n`)
    rmSync(project.path('a.js'))
  }
  const gone = async () => byFile(project, (await watcher.graph()).diagnostics)
  let last = {}
  const poll = setInterval(async () => {
    last = await gone().catch(() => last)
  }, 5)
  onTestFinished(() => clearInterval(poll))
  await waitFor(
    () => JSON.stringify(last) === '{"main.js":["BINO_RESOLVE_NOT_FOUND"]}' || undefined,
    () => JSON.stringify(last),
  )
  project.write('a.js', 'export {}\n')
  await waitFor(
    () => JSON.stringify(last) === '{}' || undefined,
    () => JSON.stringify(last),
  )
})

it('what leads nowhere names file, place, specifier and what was tried', async () => {
  const { project, watch } = start(
    {
      'main.js': "import './loop/x.js'\nimport 'gone'\n  import 'wrong/x'\nimport './pair/main.js'\n",
      'node_modules/gone/package.json': '{ "exports": "./gone.js" }',
      'node_modules/wrong/package.json': '{ "exports": { ".": "./a.js" } }',
    },
    ['main.js', 'missing.js'],
  )
  symlinkSync('pool', project.path('loop'))
  symlinkSync('loop', project.path('pool'))
  symlinkSync('.', project.path('pair'))
  const watcher = watch()
  await watcher.ready
  const { modules, diagnostics } = await watcher.graph()
  const [main, gone, wrong] = ['main.js', 'node_modules/gone', 'node_modules/wrong'].map(project.path)
  expect(modules.map(({ path, importers }) => [path, importers])).toEqual([[main, [main]]])
  const common = { file: main, severity: 'error' }
  expect(diagnostics).toMatchObject([
    { ...common, line: 1, column: 8, specifier: './loop/x.js', code: 'BINO_RESOLVE_NOT_FOUND' },
    { ...common, line: 2, column: 8, specifier: 'gone', code: 'BINO_RESOLVE_NOT_FOUND' },
    { ...common, line: 3, column: 10, specifier: 'wrong/x', code: 'BINO_RESOLVE_PACKAGE' },
    { file: project.path('missing.js'), line: 1, column: 1, code: 'BINO_PROJECT_ENTRY' },
  ])
  const tried = diagnostics.map((diagnostic) => diagnostic.tried)
  expect(tried[0]).toContain(project.path('loop/x.js'))
  expect(tried[1]).toContain(`${gone}/gone.js`)
  expect(tried[2]).toContain(wrong)
  expect(tried[3]).toEqual([project.path('missing.js')])
  expect(diagnostics[2].message).toContain(`${wrong}/package.json`)
})
