import { linkSync, readFileSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import vue from '@vitejs/plugin-vue'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, waitFor } from '../support/project.js'
import { open, touch } from '../support/same-bytes.js'

/**
 * @typedef {import('vite').Plugin} Plugin
 * @typedef {Awaited<ReturnType<typeof load>>} Page
 */

const ACCEPTS = 'import.meta.hot.accept()\n'
const LONG = 60_000
/** A debounce that gathers what is done in a row also where a busy machine stops us in the middle of it. */
const LONG_MS = 3000

/**
 * Files whose text no module was handed: who reads them, what a page asks for because of it, and what an update names.
 *
 * @type {[string, { files: Record<string, string>, asks: string[], file: string, sent: string,
 *   plugin?: () => Plugin, config?: import('vite').InlineConfig, isExact?: boolean }][]}
 */
const READ = [
  [
    'a text by ?raw',
    {
      files: { 'main.js': `import './a.txt?raw'\n${ACCEPTS}`, 'a.txt': 'one\n' },
      asks: ['/main.js', '/a.txt?raw'],
      file: 'a.txt',
      sent: '/main.js',
      isExact: true,
    },
  ],
  [
    'an image by ?raw',
    {
      files: { 'main.js': `import './a.svg?raw'\n${ACCEPTS}`, 'a.svg': '<svg><!--one--></svg>\n' },
      asks: ['/main.js', '/a.svg?raw'],
      file: 'a.svg',
      sent: '/main.js',
      isExact: true,
    },
  ],
  [
    'texts of a glob',
    {
      files: {
        'main.js': `import.meta.glob('./t/*', { query: '?raw', eager: true })\n${ACCEPTS}`,
        't/a': 'one',
      },
      asks: ['/main.js', '/t/a?raw'],
      file: 't/a',
      sent: '/main.js',
      isExact: true,
    },
  ],
  [
    'the style of a Vue component that is a file of its own',
    {
      files: {
        'main.js': "import './App.vue'\n",
        'App.vue': '<template><p>text</p></template>\n<style src="./app.css"></style>\n',
        'app.css': '.one { color: red }\n',
      },
      asks: ['/main.js', '/App.vue', '/app.css?vue&type=style&index=0&src=true&lang.css'],
      file: 'app.css',
      sent: '/app.css?vue&type=style&index=0&src=true&lang.css',
      plugin: vue,
      isExact: true,
    },
  ],
  [
    'a style sheet that another imports',
    {
      files: {
        'main.js': "import './style.css'\n",
        'style.css': "@import './part.css';\n",
        'part.css': '.one { color: red }\n',
      },
      asks: ['/main.js', '/style.css'],
      file: 'part.css',
      sent: '/style.css',
    },
  ],
  [
    'the same, put together by Lightning CSS',
    {
      files: {
        'main.js': "import './style.css'\n",
        'style.css': "@import './part.css';\n",
        'part.css': '.one { color: red }\n',
      },
      asks: ['/main.js', '/style.css'],
      file: 'part.css',
      sent: '/style.css',
      config: { css: { transformer: 'lightningcss' } },
    },
  ],
  [
    'a style sheet that a block of a Vue component imports',
    {
      files: {
        'main.js': "import './App.vue'\n",
        'App.vue': '<template><p>text</p></template>\n<style>@import "./part.css";</style>\n',
        'part.css': '.one { color: red }\n',
      },
      asks: ['/main.js', '/App.vue', '/App.vue?vue&type=style&index=0&lang.css'],
      file: 'part.css',
      sent: '/App.vue?vue&type=style&index=0&lang.css',
      plugin: vue,
    },
  ],
  [
    'a file that a plugin watches',
    {
      files: { 'main.js': ACCEPTS, 'data.txt': 'one\n' },
      asks: ['/main.js'],
      file: 'data.txt',
      sent: '/main.js',
      plugin: () => reads('data.txt'),
    },
  ],
]

for (const vite of ['vite', 'vite7']) {
  describe.each(READ)(`with ${vite}, of %s`, (_name, story) => {
    const { file, sent, isExact } = story

    it('nothing is sent for a touch, and something for a change, there and back', async () => {
      const page = await load(story, { vite })
      await page.touches(file, [])
      const one = story.files[file]
      await page.writes(file, one, [])
      await page.writes(file, one.replace('one', 'two'), [sent])
      await page.ask()
      await page.writes(file, one, [sent])
      await page.ask()
      // What was read may be something that we have not been told of yet, unless it passed by us.
      await page.touches(file, isExact ? [] : [sent])
      await page.ask()
      page.idleBefore(LONG)
      await page.touches(file, [])
      page.expectNoDifference()
    })

    it('something is sent when a page read it in between', async () => {
      const page = await load(story, { vite, bino: { debounce: 300, verify: false } })
      const one = story.files[file]
      const stale = page.server.environments.client.moduleGraph.getModulesByFile(page.project.path(file))
      const saved = page.saved(file)
      page.project.write(file, one.replace('one', 'two'))
      // Another page, or whatever makes Vite forget what it has.
      for (const module of stale ?? []) page.server.environments.client.moduleGraph.invalidateModule(module)
      await page.ask()
      page.project.write(file, one)
      await saved
      expect(page.takeSent()).toEqual([sent])
    })

    it('something is sent when a page read it just now', async () => {
      const page = await load(story, { vite, bino: { debounce: 20, verify: false } })
      const one = story.files[file]
      const { moduleGraph } = page.server.environments.client
      const saved = page.saved(file)
      page.project.write(file, one.replace('one', 'two'))
      for (const module of moduleGraph.getModulesByFile(page.project.path(file)) ?? [])
        moduleGraph.invalidateModule(module)
      for (const url of story.asks) await page.text(url)
      page.project.write(file, one)
      await saved
      expect(page.takeSent()).toEqual([sent])
    })
  })
}

describe('what was read is not known', () => {
  it('of a file that was changed while it was read', async () => {
    let read = () => {}
    const isRead = new Promise((resolve) => {
      read = () => resolve(undefined)
    })
    let goOn = () => {}
    const waits = new Promise((resolve) => {
      goOn = () => resolve(undefined)
    })
    const plugin = reads('data.txt', () => {
      read()
      return waits
    })
    const page = await open({ files: { 'main.js': ACCEPTS, 'data.txt': 'one\n' }, plugin, late: true })
    const asked = page.text('/main.js')
    await isRead
    await page.saves('two', () => page.project.write('data.txt', 'two\n'))
    goOn()
    expect(await asked).toContain('one')
    await looked(page)
    page.idleBefore(LONG)
    // No page was told, since Vite did not know who read it.
    expect(page.takeSent()).toEqual([])
    await page.saves('touch', () => touch(page.project, 'data.txt'))
    expect(page.takeSent()).toEqual(['/main.js'])
  })

  it('of a file whose reader remembers it until it is told', async () => {
    const project = createProject({ 'main.js': ACCEPTS, 'data.txt': 'one\n' })
    let remembered = readFileSync(project.path('data.txt'), 'utf8')
    const page = await open({
      project,
      bino: { debounce: LONG_MS },
      late: true,
      plugin: {
        name: 'test:remembers',
        watchChange() {
          remembered = readFileSync(project.path('data.txt'), 'utf8')
        },
        transform(code, id) {
          if (!id.endsWith('main.js')) return
          this.addWatchFile(project.path('data.txt'))
          return `${code}export default ${JSON.stringify(remembered)}\n`
        },
      },
    })
    const saved = page.saved('data.txt')
    project.write('data.txt', 'two\n')
    await asOldAsATick()
    expect(await page.text('/main.js')).toContain('one')
    await looked(page)
    touch(project, 'data.txt')
    await saved
    expect(page.takeSent()).toEqual(['/main.js'])
    expect(await page.text('/main.js')).toContain('two')
  })

  it('of a file that lies elsewhere before we look, and its event comes after that', async () => {
    const project = createProject({ 'main.js': ACCEPTS, 'one/data.txt': 'one\n', 'two/data.txt': 'two\n' })
    await asOldAsATick()
    const page = await open({
      project,
      bino: { debounce: LONG_MS },
      late: true,
      // Of the file in a folder that is moved nothing says that it was.
      plugin: reads('one/data.txt', () => {
        renameSync(project.path('one'), project.path('gone'))
        renameSync(project.path('two'), project.path('one'))
      }),
    })
    const saved = page.saved('one/data.txt')
    expect(await page.text('/main.js')).toContain('one')
    await looked(page)
    await saved
    expect(page.takeSent()).toEqual(['/main.js'])
  })

  it('of a change that only a look found, which may be an old one', async () => {
    const { files } = READ[4][1]
    const elsewhere = createProject({})
    const page = await load(READ[4][1])
    linkSync(page.project.path('part.css'), elsewhere.path('part.css'))
    // By a name of which no watch tells.
    await page.saves('touch', () => touch(elsewhere, 'part.css'))
    expect(page.takeSent()).toEqual(['/style.css'])
    expect(readFileSync(elsewhere.path('part.css'), 'utf8')).toBe(files['part.css'])
  })

  it('of a file that was moved here, which who goes by its time takes for an older one', async () => {
    const page = await load(READ[4][1])
    const { project } = page
    project.write('other.css', '.two { color: red }\n')
    utimesSync(project.path('other.css'), 1e9, 1e9)
    await page.saves('a move', () => renameSync(project.path('other.css'), project.path('part.css')))
    expect(page.takeSent()).toEqual(['/style.css'])
    await page.ask()
    page.idleBefore(LONG)
    await page.touches('part.css', ['/style.css'])
  })

  it('of a style sheet of which no style could be made', async () => {
    const page = await load(READ[4][1])
    await page.writes('part.css', '.one { color: red\n}}}} {', ['/style.css'])
    await expect(page.text('/style.css')).rejects.toThrow()
    await page.writes('part.css', '.one { color: red }\n', ['/style.css'])
    await page.ask()
    expect(await page.text('/style.css')).toContain('red')
  })

  it('of a large file', async () => {
    const page = await load({
      ...READ[4][1],
      files: { ...READ[4][1].files, 'part.css': `.one { color: red }\n/*${' '.repeat(2 ** 21)}*/\n` },
    })
    await page.touches('part.css', ['/style.css'])
  })

  it('of a file that came back', async () => {
    const page = await load(READ[4][1])
    const { project } = page
    const text = readFileSync(project.path('part.css'), 'utf8')
    await page.saves('gone', () => project.remove('part.css'))
    await page.saves('back', () => project.write('part.css', text))
    page.takeSent()
    page.idleBefore(LONG)
    await page.touches('part.css', ['/style.css'])
  })
})

describe('a file of which pages have the url', () => {
  const story = {
    files: {
      'main.js': `import './a.png'\nimport './style.css'\n${ACCEPTS}`,
      'style.css': '.one { background: url(./b.png) }\n',
      'a.png': 'one\n',
      'b.png': 'one\n',
    },
    asks: ['/main.js', '/a.png', '/style.css'],
  }

  it.each(['vite', 'vite7'])('is the same once nothing was asked for in a while, with %s', async (vite) => {
    const page = await load(story, { vite })
    await page.touches('a.png', ['/main.js'])
    await page.touches('b.png', ['/style.css'])
    await page.ask()
    page.idleBefore(LONG)
    await page.touches('a.png', [])
    await page.touches('b.png', [])
    await page.writes('a.png', 'two\n', ['/main.js'])
    // Nobody knows yet whether the page has it.
    await page.writes('a.png', 'one\n', ['/main.js'])
    await page.ask()
    await page.touches('a.png', [])
    page.expectNoDifference()
  })

  it('is sent when a page may have asked for it in between', async () => {
    const page = await load(story)
    await page.touches('a.png', ['/main.js'])
    await page.ask()
    // A minute later, for the server too.
    const { now } = performance
    onTestFinished(() => {
      performance.now = now
    })
    performance.now = () => now.call(performance) + LONG
    await page.touches('a.png', [])
    expect((await page.asset('/a.png')).status).toBe(200)
    await page.touches('a.png', ['/main.js'])
  })
})

/**
 * @param {{ files: Record<string, string>, asks: string[], plugin?: () => Plugin, config?: import('vite').InlineConfig }} story
 * @param {Parameters<typeof open>[0]} [options]
 */
async function load({ files, asks, plugin, config }, options) {
  const project = createProject(files)
  symlinkSync(fromRoot('node_modules'), project.path('node_modules'), 'dir')
  await asOldAsATick()
  const page = await open({ project, plugin: plugin?.(), config, late: true, ...options })
  const ask = async () => {
    for (const url of asks) expect(await page.text(url)).toBeDefined()
    await looked(page)
  }
  await ask()
  return Object.assign(page, {
    /** Asks for all that a page would ask for. */
    ask,
    /** @param {string} url */
    asset: (url) => fetch(new URL(url, page.server.resolvedUrls?.local[0])),
    /**
     * @param {string} file
     * @param {string[]} sent
     */
    async touches(file, sent) {
      await page.saves(`touch ${file}`, () => touch(project, file))
      expect(page.takeSent()).toEqual(sent)
    },
    /**
     * @param {string} file
     * @param {string} text
     * @param {string[]} sent
     */
    async writes(file, text, sent) {
      await page.saves(`write ${file}`, () => writeFileSync(project.path(file), text))
      expect(page.takeSent()).toEqual(sent)
    },
  })
}

/** Waits until what was written before lies before what comes next by the clock of every file system. */
const asOldAsATick = () => new Promise((resolve) => setTimeout(resolve, 100))

/**
 * Waits until all files that were read have been looked at.
 *
 * @param {Awaited<ReturnType<typeof open>>} page
 */
async function looked(page) {
  const { baseline } = page.session.mirrorOf(page.server.environments.client)
  await waitFor(
    () => baseline.isIdle || undefined,
    () => 'the files to be looked at',
  )
}

/**
 * A plugin that makes a module of a file that it reads.
 *
 * @param {string} file
 * @param {() => unknown} [then]
 * @returns {Plugin}
 */
function reads(file, then) {
  let root = ''
  return {
    name: 'test:reads',
    configResolved(config) {
      root = config.root
    },
    async transform(code, id) {
      if (!id.endsWith('main.js')) return
      this.addWatchFile(`${root}/${file}`)
      const text = readFileSync(`${root}/${file}`, 'utf8')
      await then?.()
      return `${code}export default ${JSON.stringify(text)}\n`
    },
  }
}
