// Builds a website from Markdown, then again whenever something changes: only what has to be.
//
//   node build.js [source] [target]

import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createWatcher } from 'bino-hmr'
import { toHtml } from './markdown.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const [source = path.join(here, 'src'), target = path.join(here, 'site')] = process.argv
  .slice(2)
  .map((folder) => path.resolve(folder))

const LAYOUT = path.join(source, 'layout.html')

const watcher = createWatcher({ root: source, ignore: ['**/.*'] })
process.once('SIGINT', () => watcher.close())

// First watch, then build: what is saved during the build is the first batch.
await watcher.ready
await rm(target, { recursive: true, force: true })
await report('everything', buildAll)

for await (const { changes } of watcher) {
  const files = changes.filter(({ type }) => type === 'file')
  if (files.some((change) => path.resolve(change.path) === LAYOUT)) await report('everything', buildAll)
  else if (files.length > 0) {
    await report(files.map((change) => path.relative(source, change.path)).join(', '), () =>
      Promise.all(files.map(apply)),
    )
  }
}
console.log('stopped')

async function buildAll() {
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
  await Promise.all(files.map((file) => build(path.join(file.parentPath ?? file.path, file.name))))
}

/** @param {import('bino-hmr').WatcherChange} change */
async function apply({ kind, path: file }) {
  if (kind === 'delete') await rm(targetOf(file), { force: true })
  else await build(file)
}

/**
 * A page becomes HTML, anything else is copied.
 *
 * @param {string} file
 */
async function build(file) {
  if (path.resolve(file) === LAYOUT) return
  const output = targetOf(file)
  await mkdir(path.dirname(output), { recursive: true })
  try {
    if (path.extname(file) === '.md') await writeFile(output, await render(file))
    else await copyFile(file, output)
  } catch (error) {
    // Deleted since we were told: the next batch says so.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error
  }
}

/** @param {string} file */
async function render(file) {
  const [layout, markdown] = await Promise.all([readFile(LAYOUT, 'utf8'), readFile(file, 'utf8')])
  const title = /^# (.+)$/m.exec(markdown)?.[1] ?? path.basename(file, '.md')
  // Functions, because `$` has a meaning in a replacement text.
  return layout.replaceAll('{{title}}', () => title).replace('{{content}}', () => toHtml(markdown))
}

/** @param {string} file */
function targetOf(file) {
  return path.join(target, path.relative(source, file)).replace(/\.md$/, '.html')
}

/**
 * @param {string} what
 * @param {() => Promise<unknown>} work
 */
async function report(what, work) {
  const start = performance.now()
  await work()
  console.log(`${what}: ${(performance.now() - start).toFixed(1)} ms`)
}
