import { spawn } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { createProject, waitFor } from './support.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/node-watch', import.meta.url))

it('examples/node-watch builds a site, builds again what changed, and ends with Ctrl-C', async () => {
  const project = createProject({})
  cpSync(`${EXAMPLE}/src`, project.path('src'), { recursive: true })
  project.write('site/stale.html', 'of an earlier build')

  const build = spawn(process.execPath, ['build.js', project.path('src'), project.path('site')], {
    cwd: EXAMPLE,
  })
  onTestFinished(() => void build.kill('SIGKILL'))
  let printed = ''
  for (const stream of [build.stdout, build.stderr]) stream.on('data', (text) => (printed += text))
  const ended = new Promise((resolve) => build.on('close', resolve))
  const page = (/** @type {string} */ file) => {
    try {
      return readFileSync(project.path(`site/${file}`), 'utf8')
    } catch {
      // Not written yet, or taken away again.
      return undefined
    }
  }
  const until = (/** @type {() => boolean} */ holds) =>
    waitFor(
      () => holds() || undefined,
      () => printed,
    )

  await until(() => printed.includes('everything: '))
  expect(page('index.html')).toContain('<title>A walk in the woods</title>')
  expect(page('index.html')).toContain('<li><a href="guide/packing.html">What to take along</a></li>')
  expect(page('guide/packing.html')).toContain('<code>layout.html</code>')
  expect(page('stale.html')).toBeUndefined()
  expect(page('layout.html')).toBeUndefined()

  project.write('src/index.md', '# Autumn\n\n5 < 6, it costs $& and *nothing* else\n')
  await until(() => page('index.html')?.includes('<h1>Autumn</h1>') ?? false)
  await until(() => printed.includes('index.md: '))
  expect(page('index.html')).toContain('<p>5 &lt; 6, it costs $&amp; and <em>nothing</em> else</p>')

  project.write('src/new/page.md', 'Hello')
  project.write('src/new/picture.svg', '<svg/>')
  await until(() => page('new/page.html')?.includes('<p>Hello</p>') && page('new/picture.svg') === '<svg/>')
  project.remove('src/new/page.md')
  await until(() => page('new/page.html') === undefined)

  project.write('src/layout.html', '<main>{{content}}</main>')
  await until(() => page('guide/packing.html')?.startsWith('<main><h1>What to take along') ?? false)
  await until(() => page('index.html')?.includes('<main><h1>Autumn</h1>') ?? false)

  build.kill('SIGINT')
  expect(await ended).toBe(0)
  expect(printed).toMatch(/stopped\n$/)
})
