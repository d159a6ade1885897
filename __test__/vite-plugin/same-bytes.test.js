import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, symlinkSync } from 'node:fs'
import vue from '@vitejs/plugin-vue'
import { describe, expect, it } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, waitFor } from '../support/project.js'
import { FILES, open, touch } from '../support/same-bytes.js'

/** @typedef {import('vite').Plugin} Plugin */

/** A debounce that gathers what is done in a row also where a busy machine stops us in the middle of it. */
const LONG_MS = 3000

for (const vite of ['vite', 'vite7']) {
  describe(`with ${vite}, nothing reaches the page`, () => {
    it('of a touch, and the log says why', async () => {
      const page = await open({ vite, bino: { log: 'debug' } })
      await page.saves('touch leaf.js', () => touch(page.project, 'leaf.js'))
      expect(await page.log('same bytes: leaf.js')).toContain('nothing is sent for /leaf.js')
      expect(page.takeSent()).toEqual([])
      page.expectNoDifference()
    })

    it('of the same bytes written again, nor is anything stamped', async () => {
      const page = await open({ vite })
      await page.saves('the same', () => page.project.write('leaf.js', FILES['leaf.js']))
      await page.saves('the same style', () => page.project.write('style.css', FILES['style.css']))
      expect(page.takeSent()).toEqual([])
      const { moduleGraph } = page.server.environments.client
      for (const module of moduleGraph.idToModuleMap.values()) expect(module.lastHMRTimestamp).toBe(0)
    })

    it('of a change that is undone before it is told', async () => {
      const page = await open({ vite, bino: { debounce: LONG_MS } })
      await page.saves('there and back', () => {
        page.project.write('leaf.js', "export const leaf = 'B'\n")
        page.project.write('leaf.js', FILES['leaf.js'])
      })
      expect(page.takeSent()).toEqual([])
    })

    it('of an undone change that no page took', async () => {
      const page = await open({ vite })
      await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
      expect(page.takeSent()).toEqual(['/a.js'])
      // What Vite last transformed is A, though the watcher has seen B in between.
      await page.saves('A', () => page.project.write('leaf.js', FILES['leaf.js']))
      expect(page.takeSent()).toEqual([])
      expect(await page.text('/leaf.js')).toContain("'A'")
    })
  })

  describe(`with ${vite}, an update is sent`, () => {
    it('for an undone change that a page took, and from then on that is the baseline', async () => {
      const page = await open({ vite })
      await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
      expect(page.takeSent()).toEqual(['/a.js'])
      await page.load(['/a.js'])
      await page.saves('A', () => page.project.write('leaf.js', FILES['leaf.js']))
      expect(page.takeSent()).toEqual(['/a.js'])
      await page.load(['/a.js'])
      await page.saves('touch', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual([])
    })

    it('when a hook or another page had Vite transform the new text before it was told', async () => {
      const page = await open({ vite, hook: ({ file }) => file.endsWith('leaf.js') && page.load(['/a.js']) })
      await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
      expect(page.takeSent()).toEqual(['/a.js'])
      await page.load(['/a.js'])
      await page.saves('touch', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual([])
    })

    for (const hook of /** @type {const} */ (['load', 'transform'])) {
      it(`when the old text is still on its way to a page, in a ${hook} hook`, async () => {
        const gate = gateIn('leaf.js', hook)
        const page = await open({ vite, plugin: gate.plugin })
        await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
        expect(page.takeSent()).toEqual(['/a.js'])
        gate.close()
        const asked = page.text('/leaf.js')
        await gate.reached()
        // A page is about to get B, though nobody has it yet.
        await page.saves('A', () => page.project.write('leaf.js', FILES['leaf.js']))
        expect(page.takeSent()).toEqual(['/a.js'])
        gate.open()
        expect(await asked).toContain("'B'")
        expect(await page.text('/leaf.js')).toContain("'A'")
      })
    }

    it('when a page took the last one from a transform that had begun before', async () => {
      const gate = gateIn('leaf.js', 'transform')
      /** @type {Promise<unknown>[]} */
      const asked = []
      let waits = false
      const page = await open({
        vite,
        plugin: gate.plugin,
        hook: async ({ file }) => {
          if (!file.endsWith('leaf.js')) return
          asked.push(page.text('/leaf.js'))
          await (waits ? asked.at(-1) : gate.reached())
        },
      })
      gate.close()
      await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
      gate.open()
      await Promise.all(asked)
      expect(await page.text('/leaf.js')).toContain("'B'")
      waits = true
      await page.saves('C', () => page.project.write('leaf.js', "export const leaf = 'C'\n"))
      expect(page.takeSent()).toEqual(['/a.js', '/a.js'])
    })

    it('after a transform that failed, until the module has been loaded again', async () => {
      let fails = false
      const page = await open({
        vite,
        plugin: {
          name: 'test:fails',
          transform(_code, id) {
            if (fails && id.endsWith('leaf.js')) throw new Error('no luck with leaf.js')
          },
        },
      })
      await page.saves('B', () => page.project.write('leaf.js', "export const leaf = 'B'\n"))
      expect(page.takeSent()).toEqual(['/a.js'])
      fails = true
      await expect(page.text('/leaf.js')).rejects.toThrow('no luck')
      fails = false
      await page.saves('touch', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual(['/a.js'])
      await page.load(['/a.js'])
      await page.saves('touch', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual([])
    })

    it('of any file while a module that others import cannot be loaded', async () => {
      const page = await open({ vite })
      await page.saves('broken', () => page.project.write('leaf.js', 'export const leaf = (\n'))
      expect(page.takeSent()).toEqual(['/a.js'])
      await expect(page.text('/leaf.js')).rejects.toThrow()
      await page.saves('touch of another', () => touch(page.project, 'b.js'))
      await page.saves('touch of the broken one', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual(['/b.js', '/a.js'])
      await page.saves('the last good text', () => page.project.write('leaf.js', FILES['leaf.js']))
      expect(page.takeSent()).toEqual(['/a.js'])
      await page.load(['/a.js', '/b.js'])
      await page.saves('touch', () => touch(page.project, 'leaf.js'))
      expect(page.takeSent()).toEqual([])
    })

    it('while the page shows an error', async () => {
      let fails = false
      const page = await open({
        vite,
        hook: ({ file }) => {
          if (fails && file.endsWith('a.js')) throw new Error('no luck with a.js')
        },
      })
      fails = true
      const error = page.next((payload) => payload.type === 'error')
      touch(page.project, 'a.js')
      await error
      fails = false
      await page.saves('touch of another', () => touch(page.project, 'b.js'))
      expect(page.takeSent()).toEqual(['/b.js'])
      await page.load(['/b.js'])
      await page.saves('touch again', () => touch(page.project, 'b.js'))
      expect(page.takeSent()).toEqual([])
    })

    it('for a file that was gone for a while', async () => {
      const page = await open({ vite })
      const gone = page.next()
      page.project.remove('b.js')
      expect(await gone).toMatchObject({ type: 'update', updates: [{ path: '/b.js' }] })
      const back = page.next()
      page.project.write('b.js', FILES['b.js'])
      expect(await back).toMatchObject({ updates: [{ path: '/b.js' }] })
    })
  })
}

describe('in one transaction', () => {
  it('only the files that are not the same are sent', async () => {
    const page = await open({ bino: { debounce: LONG_MS } })
    await page.saves('two', () => {
      touch(page.project, 'leaf.js')
      page.project.write('style.css', '.a { color: blue }\n')
    })
    expect(page.takeSent()).toEqual(['/style.css'])
    page.expectNoDifference()
  })

  it('a branch switch there and back sends nothing, and in two transactions what the page took', async () => {
    const project = createProject(FILES)
    const git = gitIn(project)
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'one')
    git('checkout', '-qb', 'other')
    project.write('leaf.js', "export const leaf = 'B'\n")
    project.write('b.js', 'export const b = 2\nimport.meta.hot.accept()\n')
    git('commit', '-qam', 'two')
    git('checkout', '-q', '-')
    const page = await open({ project, bino: { debounce: LONG_MS } })
    await page.saves('there and back', () => {
      git('checkout', '-q', 'other')
      git('checkout', '-q', '-')
    })
    expect(page.takeSent()).toEqual([])
    await page.saves('there', () => git('checkout', '-q', 'other'))
    expect(page.takeSent().sort()).toEqual(['/a.js', '/b.js'])
    await page.load(['/a.js'])
    await page.saves('back', () => git('checkout', '-q', '-'))
    // `b.js` was not asked for: what Vite last transformed of it is what came back.
    expect(page.takeSent()).toEqual(['/a.js'])
    page.expectNoDifference()
  })
})

describe('each environment', () => {
  it('has a baseline of its own', async () => {
    const page = await open({})
    await page.load(['/b.js'], 'ssr')
    await page.saves('touch', () => touch(page.project, 'b.js'))
    expect([page.takeSent(), page.takeSent('ssr')]).toEqual([[], []])
    await page.saves('two', () =>
      page.project.write('b.js', 'export const b = 2\nimport.meta.hot.accept()\n'),
    )
    expect([page.takeSent(), page.takeSent('ssr')]).toEqual([['/b.js'], ['/b.js']])
    await page.load(['/b.js'], 'ssr')
    await page.saves('one', () => page.project.write('b.js', FILES['b.js']))
    expect([page.takeSent(), page.takeSent('ssr')]).toEqual([[], ['/b.js']])
  })

  it('is told of two servers with one plugin by its own server', async () => {
    const project = createProject(FILES)
    const one = await open({ project })
    const two = await open({ project })
    const served = [one, two]
    const change = async (/** @type {string} */ text) => {
      const both = Promise.all(served.map((page) => page.saved('leaf.js')))
      project.write('leaf.js', text)
      await both
    }
    await change("export const leaf = 'B'\n")
    await two.load(['/a.js'])
    await change(FILES['leaf.js'])
    expect(served.map((page) => page.takeSent())).toEqual([['/a.js'], ['/a.js', '/a.js']])
  })
})

describe('a page', () => {
  it('of an .html file that was touched does not reload, of one that changed it does', async () => {
    const page = await open({})
    await page.html('/')
    await page.saves('touch', () => touch(page.project, 'index.html'))
    expect(page.takeSent()).toEqual([])
    await page.saves('two', () => page.project.write('index.html', FILES['index.html'].replace('one', 'two')))
    expect(page.takeSent()).toEqual(['reload /index.html'])
    await page.html('/')
    await page.saves('one', () => page.project.write('index.html', FILES['index.html']))
    expect(page.takeSent()).toEqual(['reload /index.html'])
    page.expectNoDifference()
  })

  it('with a script in it is the same with that script', async () => {
    const html = '<!doctype html>\n<script type="module">console.log(1)</script>\n'
    const page = await open({ files: { 'inline.html': html } })
    await page.html('/inline.html')
    await page.load(['/inline.html?html-proxy&index=0.js'])
    await page.saves('touch', () => touch(page.project, 'inline.html'))
    expect(page.takeSent()).toEqual([])
    await page.saves('two', () => page.project.write('inline.html', html.replace('1', '2')))
    expect(page.takeSent()).toEqual(['reload *'])
  })
})

describe('what else is made of a file', () => {
  it('is sent when a module made something else of it than its text', async () => {
    const page = await open({ files: { 'raw.js': "import './leaf.js?raw'\nimport.meta.hot.accept()\n" } })
    await page.load(['/raw.js'])
    await page.saves('touch', () => touch(page.project, 'leaf.js'))
    expect(page.takeSent().sort()).toEqual(['/a.js', '/raw.js'])
  })

  it('is sent when a plugin read it, as long as it may have read it in between', async () => {
    const page = await open({
      plugin: {
        name: 'test:reads',
        transform(_code, id) {
          if (id.endsWith('style.css')) this.addWatchFile(page.project.path('leaf.js'))
        },
      },
      late: true,
    })
    await page.load(['/main.js'])
    await page.saves('touch', () => touch(page.project, 'leaf.js'))
    expect(page.takeSent().sort()).toEqual(['/a.js', '/style.css'])
    await page.load(['/main.js'])
    page.idleBefore(60_000)
    await page.saves('touch', () => touch(page.project, 'leaf.js'))
    expect(page.takeSent()).toEqual([])
  })

  it.each([
    ['an event told of it', {}],
    ['nothing else would have told of it', { poll: false }],
  ])('is not sent after a while: %s', async (_name, bino) => {
    const project = createProject(FILES)
    const page = await open({ project, bino, plugin: readsLeaf(project) })
    page.idleBefore(60_000)
    await page.saves('touch', () => touch(project, 'leaf.js'))
    expect(page.takeSent()).toEqual([])
  })

  it('is not sent after a while, though a hook is slow', async () => {
    let go = () => {}
    const slow = new Promise((resolve) => {
      go = () => resolve(undefined)
    })
    const project = createProject(FILES)
    const page = await open({
      project,
      plugin: readsLeaf(project),
      hook: ({ file }) => (file.endsWith('leaf.js') ? slow.then(() => {}) : undefined),
    })
    page.idleBefore(60_000)
    const saved = page.saved('leaf.js')
    touch(project, 'leaf.js')
    await page.log('still at work on')
    go()
    await saved
    expect(page.takeSent()).toEqual([])
  })

  it('is sent when only a look found the save, which may be an old one', async () => {
    const project = createProject(FILES)
    const elsewhere = createProject({})
    linkSync(project.path('leaf.js'), elsewhere.path('leaf.js'))
    const page = await open({ project, plugin: readsLeaf(project) })
    page.idleBefore(60_000)
    // By a name of which no watch tells.
    await page.saves('touch', () => touch(elsewhere, 'leaf.js'))
    expect(page.takeSent().sort()).toEqual(['/a.js', '/style.css'])
  })

  it('is sent by a hook that adds it, as long as it may have been loaded in between', async () => {
    const page = await open({
      hook: ({ file, modules }, environment) => {
        if (!file.endsWith('leaf.js')) return
        return [...modules, ...(environment.moduleGraph.getModulesByFile(page.project.path('b.js')) ?? [])]
      },
    })
    await page.saves('touch', () => touch(page.project, 'leaf.js'))
    expect(page.takeSent()).toEqual(['/b.js'])
    page.idleBefore(60_000)
    await page.saves('touch', () => touch(page.project, 'leaf.js'))
    expect(page.takeSent()).toEqual([])
  })

  it('a touched Vue component is the same, and each of its blocks is sent when it changes', async () => {
    const component = [
      '<script setup>\nconst count = 1\n</script>',
      '<template>\n  <p class="one">{{ count }}</p>\n</template>',
      '<style scoped>\n.one { color: red }\n</style>\n',
    ].join('\n')
    const files = {
      'main.js': "import App from './App.vue'\nconsole.log(App)\n",
      'App.vue': component,
    }
    const project = createProject({ ...FILES, ...files })
    symlinkSync(fromRoot('node_modules'), project.path('node_modules'), 'dir')
    const page = await open({ project, plugin: vue() })
    const style = '/App.vue?vue&type=style&index=0'
    const load = () => page.load(['/main.js'])
    await page.saves('touch', () => touch(page.project, 'App.vue'))
    expect(page.takeSent()).toEqual([])
    await page.saves('style', () => page.project.write('App.vue', component.replace('red', 'blue')))
    expect(page.takeSent().map((url) => url.slice(0, style.length))).toEqual([style])
    await load()
    // The component itself was not asked for again, and the block has no text of its own on disk.
    await page.saves('style back', () => page.project.write('App.vue', component))
    expect(page.takeSent().map((url) => url.slice(0, style.length))).toEqual([style])
    await load()
    await page.saves('template', () => page.project.write('App.vue', component.replace('{{', '!{{')))
    expect(page.takeSent()).toEqual(['/App.vue'])
    await load()
    await page.saves('template back', () => page.project.write('App.vue', component))
    expect(page.takeSent()).toEqual(['/App.vue'])
    await load()
    await page.saves('touch', () => touch(page.project, 'App.vue'))
    expect(page.takeSent()).toEqual([])
    page.expectNoDifference()
  })
})

it('a touched config restarts the server', async () => {
  const project = createProject({ ...FILES, 'vite.config.js': 'export default {}\n' })
  const page = await open({ project, config: { configFile: project.path('vite.config.js') } })
  touch(project, 'vite.config.js')
  await page.log('server restarted')
})

it('the baselines take less than 100 bytes a file', async () => {
  const count = 1000
  const names = Array.from({ length: count }, (_, index) => `file${index}.js`)
  const files = {
    'main.js': `${names.map((name) => `import './${name}'\n`).join('')}import './style.css'\n`,
    'style.css': "@import './part.css';\n",
    'part.css': '.a { color: red }\n',
    ...Object.fromEntries(names.map((name) => [name, `export default '${name}'\n`])),
  }
  const page = await open({ files })
  const { baseline } = page.session.mirrorOf(page.server.environments.client)
  const before = baseline.bytes
  await waitFor(
    () => baseline.isIdle || undefined,
    () => 'the style sheet to be looked at',
  )
  expect(baseline.bytes).toBeGreaterThan(before)
  expect(baseline.bytes / count).toBeLessThan(100)
})

/**
 * A plugin that makes a style sheet of what is in `leaf.js`, too.
 *
 * @param {ReturnType<typeof createProject>} project
 * @returns {Plugin}
 */
const readsLeaf = (project) => ({
  name: 'test:reads',
  transform(_code, id) {
    if (id.endsWith('style.css')) this.addWatchFile(project.path('leaf.js'))
  },
})

/**
 * A plugin that can be kept waiting with the text of one file in its hands.
 *
 * @param {string} file
 * @param {'load' | 'transform'} hook
 */
function gateIn(file, hook) {
  let opened = Promise.resolve()
  let release = () => {}
  let reached = Promise.resolve()
  let reach = () => {}
  const wait = () => {
    reach()
    return opened
  }
  return {
    /** @type {Plugin} */
    plugin: {
      name: 'test:gate',
      async load(id) {
        if (hook !== 'load' || !id.endsWith(file)) return
        const text = readFileSync(id, 'utf8')
        await wait()
        return text
      },
      async transform(_code, id) {
        if (hook === 'transform' && id.endsWith(file)) await wait()
      },
    },
    close() {
      opened = new Promise((resolve) => {
        release = () => resolve(undefined)
      })
      reached = new Promise((resolve) => {
        reach = () => resolve(undefined)
      })
    },
    open: () => release(),
    reached: () => reached,
  }
}

/** @param {ReturnType<typeof createProject>} project */
function gitIn(project) {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org']
  return (/** @type {string[]} */ ...args) =>
    execFileSync('git', [...identity, ...args], { cwd: project.root, stdio: 'ignore' })
}
