import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { open } from '../support/browser.js'
import { createProject, waitFor } from '../support/project.js'

const VIEW = "document.querySelector('#app').textContent = 'one'\nimport.meta.hot.accept()\n"

const FILES = {
  'main.js': "import './view.js'\nimport './quiet.js'\n",
  'view.js': VIEW,
  'quiet.js': "window.quiet = 'one'\nimport.meta.hot.accept()\n",
}

for (const vite of ['vite', 'vite7']) {
  describe(`a plugin, with ${vite}`, () => {
    it('that listens to server.watcher hears add, change, unlink and all, and can see what is watched', async () => {
      /** @type {string[]} */
      const heard = []
      /** @type {string[]} */
      const all = []
      const plugin = {
        name: 'test:listens',
        /** @param {import('vite').ViteDevServer} server */
        configureServer({ watcher, config }) {
          const relative = (/** @type {string} */ file) => path.relative(config.root, file)
          for (const event of /** @type {const} */ (['add', 'change', 'unlink', 'addDir', 'unlinkDir'])) {
            watcher.on(event, (file) => heard.push(`${event} ${relative(file)}`))
          }
          watcher.on('all', (event, file) => all.push(`${event} ${relative(file)}`))
        },
      }
      const { project, tab, server } = await open(FILES, { vite, config: { plugins: [plugin] } })
      await waitFor(
        () => server.watcher.getWatched()[project.root]?.includes('view.js') || undefined,
        () => JSON.stringify(server.watcher.getWatched()),
      )
      heard.length = 0
      all.length = 0
      const wanted = [
        'change view.js',
        'addDir made',
        'add made/new.txt',
        'change made/new.txt',
        'unlink made/new.txt',
        'unlinkDir made',
      ]
      /** @param {number} count */
      const hears = (count) =>
        waitFor(
          () => (wanted.slice(0, count).every((line) => heard.includes(line)) ? true : undefined),
          () => heard.join(', '),
        )
      project.write('view.js', VIEW.replace('one', 'two'))
      await tab.text('#app', 'two')
      project.put('made/new.txt', 'new\n')
      await hears(3)
      expect(server.watcher.getWatched()[project.path('made')]).toEqual(['new.txt'])
      project.put('made/new.txt', 'newer\n')
      await hears(4)
      project.remove('made/new.txt')
      await hears(5)
      project.remove('made')
      await hears(6)
      expect(heard).toEqual(wanted)
      expect(all).toEqual(wanted)
    })

    it('whose hotUpdate takes modules out keeps them from the page, and only them', async () => {
      const plugin = {
        name: 'test:filters',
        /** @param {import('vite').HotUpdateOptions} update */
        hotUpdate({ modules }) {
          return modules.filter(({ url }) => !url.startsWith('/quiet'))
        },
      }
      await expectQuietIsFiltered(plugin, vite)
    })

    it('whose handleHotUpdate takes modules out keeps them from the page, and only them', async () => {
      const plugin = {
        name: 'test:filters-as-before',
        /** @param {import('vite').HmrContext} context */
        handleHotUpdate({ modules }) {
          return modules.filter(({ url }) => !url.startsWith('/quiet'))
        },
      }
      await expectQuietIsFiltered(plugin, vite)
    })

    for (const [how, plugin] of virtualModules(vite)) {
      it(`can update its virtual module ${how}`, async () => {
        const { project, tab } = await open(VIRTUAL, { vite, config: { plugins: [plugin] } })
        await tab.text('#app', 'words: one')
        const expectKept = await tab.mark()
        project.write('words.txt', 'two')
        await tab.text('#app', 'words: two')
        project.write('words.txt', 'three')
        await tab.text('#app', 'words: three')
        await expectKept()
      })
    }
  })
}

describe('a plugin', () => {
  it('whose hotUpdate adds modules has them updated with the file', async () => {
    const plugin = {
      name: 'test:adds',
      /** @this {{ environment: import('vite').DevEnvironment }} @param {import('vite').HotUpdateOptions} update */
      hotUpdate({ file, modules }) {
        const quiet = this.environment.moduleGraph.getModulesByFile(file.replace('view.js', 'quiet.js'))
        if (file.endsWith('view.js')) return [...modules, ...(quiet ?? [])]
      },
    }
    const { project, tab } = await open(FILES, { config: { plugins: [plugin] } })
    const expectKept = await tab.mark()
    project.write('view.js', VIEW.replace('one', 'two'))
    await tab.text('#app', 'two')
    await expectKept()
    expect(tab.payloads('update')).toHaveLength(1)
    expect(tab.updates.map(({ path }) => path)).toEqual(['/view.js', '/quiet.js'])
  })

  it('that sends a reload from its hook reloads the page once', async () => {
    const plugin = {
      name: 'test:reloads',
      /** @param {import('vite').HmrContext} context */
      handleHotUpdate({ server, file }) {
        if (file.endsWith('.txt')) server.ws.send({ type: 'full-reload' })
      },
    }
    const { project, tab } = await open({ ...FILES, 'words.txt': 'one' }, { config: { plugins: [plugin] } })
    await tab.reloadsBy(() => project.write('words.txt', 'two'))
    await tab.flush()
    expect(tab.payloads('full-reload')).toHaveLength(1)
  })

  it('that adds a file to what a module is made from has the module updated with it', async () => {
    const { project, tab } = await open(
      { ...FILES, 'words.txt': 'one', 'view.js': VIEW.replace("'one'", 'WORDS') },
      {
        config: {
          plugins: [
            {
              name: 'test:reads',
              /** @this {import('rollup').TransformPluginContext} @param {string} code @param {string} id */
              transform(code, id) {
                if (!id.endsWith('view.js')) return
                const words = path.join(path.dirname(id), 'words.txt')
                this.addWatchFile(words)
                return {
                  code: code.replace('WORDS', JSON.stringify(readFileSync(words, 'utf8'))),
                  map: null,
                }
              },
            },
          ],
        },
      },
    )
    await tab.text('#app', 'one')
    const expectKept = await tab.mark()
    project.write('words.txt', 'two')
    await tab.text('#app', 'two')
    await expectKept()
  })

  it('can have a folder outside of the root watched', async () => {
    const outside = createProject({ 'words.txt': 'one' })
    const { tab, server } = await open(FILES)
    const words = outside.path('words.txt')
    server.watcher.add(outside.root)
    server.watcher.on('change', (file) => {
      if (file === words) server.ws.send('test:words')
    })
    await waitFor(
      () => server.watcher.getWatched()[outside.root]?.includes('words.txt') || undefined,
      () => JSON.stringify(server.watcher.getWatched()),
    )
    outside.write('words.txt', 'two')
    await tab.hears(
      () => tab.frames.some((payload) => payload.type === 'custom' && payload.event === 'test:words'),
      'the event of the outside file',
    )
  })

  it('whose watchChange hook is slow holds back its own file and no other', async () => {
    const [reached, reach] = signal()
    const [gate, release] = signal()
    const plugin = {
      name: 'test:slow',
      /** @param {string} id */
      async watchChange(id) {
        if (!id.endsWith('quiet.js')) return
        reach()
        await gate
      },
    }
    const { project, tab } = await open(FILES, { config: { plugins: [plugin] } })
    const expectKept = await tab.mark()
    project.write('quiet.js', FILES['quiet.js'].replace('one', 'two'))
    await reached
    project.write('view.js', VIEW.replace('one', 'two'))
    await tab.text('#app', 'two')
    expect(await tab.page.evaluate(() => Reflect.get(window, 'quiet'))).toBe('one')
    release()
    await tab.sees(() => Reflect.get(window, 'quiet') === 'two')
    await expectKept()
  })
})

/** A promise, and what fulfils it. @returns {[Promise<void>, () => void]} */
function signal() {
  let fulfil = () => {}
  const promise = new Promise((resolve) => {
    fulfil = () => resolve(undefined)
  })
  return [promise, fulfil]
}

/**
 * @param {import('vite').Plugin} plugin that takes `quiet.js` out
 * @param {string} vite
 */
async function expectQuietIsFiltered(plugin, vite) {
  const { project, tab } = await open(FILES, { vite, config: { plugins: [plugin] } })
  const expectKept = await tab.mark()
  project.write('quiet.js', FILES['quiet.js'].replace('one', 'two'))
  project.write('view.js', VIEW.replace('one', 'two'))
  await tab.text('#app', 'two')
  project.write('view.js', VIEW.replace('one', 'three'))
  await tab.text('#app', 'three')
  await expectKept()
  expect(await tab.page.evaluate(() => Reflect.get(window, 'quiet'))).toBe('one')
  expect(new Set(tab.updates.map(({ path }) => path))).toEqual(new Set(['/view.js']))
}

const VIRTUAL = {
  'main.js': "import './view.js'\n",
  'view.js': `import { words } from 'virtual:words'
const show = (text) => { document.querySelector('#app').textContent = 'words: ' + text }
show(words)
import.meta.hot.accept('virtual:words', (next) => show(next.words))
`,
  'words.txt': 'one',
}

/**
 * Plugins that make a virtual module from `words.txt`, each with its own way to update it.
 *
 * @param {string} vite
 * @returns {[how: string, plugin: import('vite').Plugin][]}
 */
function virtualModules(vite) {
  const id = '\0virtual:words'
  const source = {
    /** @param {string} wanted */
    resolveId: (wanted) => (wanted === 'virtual:words' ? id : undefined),
    /** @this {{ environment: import('vite').Environment }} @param {string} wanted */
    load(wanted) {
      if (wanted !== id) return
      const words = readFileSync(path.join(this.environment.config.root, 'words.txt'), 'utf8')
      return `export const words = ${JSON.stringify(words)}`
    },
  }
  return [
    [
      'with invalidateModule() and an update of its own',
      {
        name: 'test:sends',
        ...source,
        configureServer({ watcher, environments }) {
          watcher.on('change', (file) => {
            const { moduleGraph, hot } = environments.client
            const module = moduleGraph.getModuleById(id)
            if (!file.endsWith('words.txt') || !module) return
            moduleGraph.invalidateModule(module)
            const acceptedPath = vite === 'vite7' ? '/@id/__x00__virtual:words' : module.url
            hot.send({
              type: 'update',
              updates: [{ type: 'js-update', timestamp: Date.now(), path: '/view.js', acceptedPath }],
            })
          })
        },
      },
    ],
    [
      'with reloadModule()',
      {
        name: 'test:reloads',
        ...source,
        configureServer({ watcher, environments }) {
          watcher.on('change', (file) => {
            const module = environments.client.moduleGraph.getModuleById(id)
            if (file.endsWith('words.txt') && module) environments.client.reloadModule(module)
          })
        },
      },
    ],
    [
      'by naming it in hotUpdate',
      {
        name: 'test:names',
        ...source,
        hotUpdate({ file }) {
          const module = this.environment.moduleGraph.getModuleById(id)
          if (file.endsWith('words.txt') && module) return [module]
        },
      },
    ],
  ]
}
