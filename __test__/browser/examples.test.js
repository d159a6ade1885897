import { build, preview } from 'vite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPage, linkPackages, newPage, STOCK } from '../support/browser.js'
import { filesOf, openExample } from '../support/example.js'

/** What an edit of the heading is, and where the pages are. */
const EXAMPLES = /** @type {const} */ ([
  { name: 'vue', file: 'src/PageHeading.vue', heading: 'Save a file, keep your mix', pages: ['/'] },
  {
    name: 'react',
    file: 'src/Greeting.tsx',
    heading: 'Save a file, keep your place',
    pages: ['/', '/shelf.html'],
  },
])

describe.each(EXAMPLES)('examples/$name, with its own config', ({ name, file, heading, pages }) => {
  it.skipIf(STOCK)('gets its updates from bino-hmr', async () => {
    const { tab, server, edit } = await openExample(name, { own: true })
    expect(server.config.plugins.map((plugin) => plugin.name)).toContain('bino-hmr')
    await tab.text('h1', heading)
    const expectKept = await tab.mark()
    edit(file, heading, 'Saved')
    await tab.text('h1', 'Saved')
    await expectKept()
  })

  it('is built into pages that work without a server that transforms anything', async () => {
    const project = createPage(filesOf(name))
    linkPackages(project)
    await build({ root: project.root, logLevel: 'silent' })
    const server = await preview({
      root: project.root,
      logLevel: 'silent',
      preview: { host: '127.0.0.1', port: 0 },
    })
    onTestFinished(() => server.close())
    for (const path of pages) {
      const page = await newPage()
      /** @type {string[]} */
      const errors = []
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      page.on(
        'response',
        (response) => response.ok() || errors.push(`${response.status()} ${response.url()}`),
      )
      await page.goto(new URL(path, server.resolvedUrls?.local[0]).href, { waitUntil: 'networkidle' })
      await page.locator('h1').waitFor()
      expect(errors).toEqual([])
    }
  })
})
