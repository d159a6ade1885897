import { readFileSync, utimesSync } from 'node:fs'
import vue from '@vitejs/plugin-vue'
import { describe, expect, it } from 'vitest'
import { open, openTab, STOCK } from '../support/browser.js'
import { waitFor } from '../support/project.js'
import { later } from '../support/same-bytes.js'

/** @typedef {Awaited<ReturnType<typeof open>>} Opened */

const view = (/** @type {string} */ text) =>
  `window.log = [...(window.log ?? []), '${text}']\ndocument.querySelector('#app').textContent = '${text}'\nimport.meta.hot.accept()\n`

const FILES = {
  'main.js': "import './view.js'\nimport './style.css'\n",
  'view.js': view('one'),
  'style.css': '#app { color: rgb(1, 2, 3) }\n',
}

const STYLED = /** @type {const} */ (['#app', 'color', 'rgb(1, 2, 3)'])

/** Of each file what the page shows of it: nothing that a module of its own was made of. */
const READ = {
  'main.js': [
    "import raw from './raw.txt?raw'\nimport data from './made.js'\nimport image from './image.svg'\nimport './style.css'\n",
    "document.querySelector('#app').textContent = raw + data\n",
    "const shown = document.querySelector('img') ?? document.body.appendChild(new Image())\nshown.src = image\n",
    'import.meta.hot.accept()\n',
  ].join(''),
  'made.js': 'export default window.made\n',
  'data.txt': 'one',
  'raw.txt': 'one',
  'style.css': "@import './part.css';\n",
  'part.css': '#app { color: rgb(1, 2, 3) }\n',
  'image.svg': '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="5"/>\n',
}

for (const vite of ['vite', 'vite7']) {
  it(`files that others read are followed there and back, and a touch is left alone, with ${vite}`, async () => {
    let root = ''
    const plugin = {
      name: 'test:made',
      /** @param {{ root: string }} config */
      configResolved(config) {
        root = config.root
      },
      // So that the files are older than the page by the clock of every file system.
      configureServer: () => new Promise((resolve) => setTimeout(resolve, 100)),
      /**
       * @this {{ addWatchFile(file: string): void }}
       * @param {string} code
       * @param {string} id
       */
      transform(code, id) {
        if (!id.endsWith('/made.js')) return
        this.addWatchFile(`${root}/data.txt`)
        return code.replace('window.made', `' and ${readFileSync(`${root}/data.txt`, 'utf8')}'`)
      },
    }
    const opened = await open(READ, { vite, config: { plugins: [plugin] } })
    const { project, session, server, tab } = opened
    const looked = () =>
      waitFor(
        () => !session || session.mirrorOf(server.environments.client).baseline.isIdle || undefined,
        () => 'what was read to be looked at',
      )
    const width = (/** @type {number} */ pixels) =>
      tab.sees((expected) => document.querySelector('img')?.naturalWidth === expected, pixels)
    await tab.text('#app', 'one and one')
    await tab.style('#app', 'color', 'rgb(1, 2, 3)')
    await width(10)
    const expectKept = await tab.mark()
    await looked()
    for (const file of ['raw.txt', 'data.txt', 'part.css'])
      await saved(opened, file, () => touch(project, file))
    if (!STOCK) expect(tab.payloads('update')).toEqual([])

    for (const [file, from, to, shows] of /** @type {const} */ ([
      ['raw.txt', 'one', 'two', async () => tab.text('#app', 'two and one')],
      ['raw.txt', 'two', 'one', async () => tab.text('#app', 'one and one')],
      ['data.txt', 'one', 'two', async () => tab.text('#app', 'one and two')],
      ['data.txt', 'two', 'one', async () => tab.text('#app', 'one and one')],
      ['part.css', '3', '4', async () => tab.style('#app', 'color', 'rgb(1, 2, 4)')],
      ['part.css', '4', '3', async () => tab.style('#app', 'color', 'rgb(1, 2, 3)')],
      ['image.svg', '"10"', '"20"', async () => width(20)],
      ['image.svg', '"20"', '"10"', async () => width(10)],
    ])) {
      project.write(file, readFileSync(project.path(file), 'utf8').replace(from, to))
      await shows()
      await tab.flush()
    }
    if (session) {
      await looked()
      const updates = tab.payloads('update').length
      // As if a minute had gone by.
      session.transactions.run = later(session.transactions.run, 60_000)
      for (const file of ['raw.txt', 'data.txt', 'part.css', 'image.svg'])
        await saved(opened, file, () => touch(project, file))
      expect(tab.payloads('update')).toHaveLength(updates)
      project.write('part.css', '#app { color: rgb(1, 2, 5) }\n')
      await tab.style('#app', 'color', 'rgb(1, 2, 5)')
    }
    await expectKept()
  })

  describe(`the page is left alone, with ${vite}`, () => {
    it.skipIf(STOCK)(
      'when nothing but the time of its files changes, or they are written as they were',
      async () => {
        const opened = await open(FILES, { vite })
        const { project, tab } = opened
        await tab.style(...STYLED)
        const expectKept = await tab.mark()
        for (const file of ['view.js', 'style.css', 'index.html'])
          await saved(opened, file, () => touch(project, file))
        for (const file of ['view.js', 'style.css'])
          await saved(opened, file, () => project.write(file, FILES[file]))
        await expectKept()
        expect(tab.payloads('update')).toEqual([])
        await tab.log(['one'])
        // And is not deaf.
        project.write('view.js', view('two'))
        await tab.log(['one', 'two'])
      },
    )
  })

  describe(`the page ends with what is on disk, with ${vite}`, () => {
    it('when it took a change that is undone', async () => {
      const { project, tab } = await open(FILES, { vite })
      const expectKept = await tab.mark()
      for (const text of ['two', 'one', 'two', 'one']) {
        project.write('view.js', view(text))
        await tab.text('#app', text)
      }
      await expectKept()
    })

    it('when it is slow to fetch a change that is undone meanwhile', async () => {
      const opened = await open(FILES, { vite })
      const { project, tab } = opened
      const expectKept = await tab.mark()
      /** @type {(() => Promise<void>)[]} */
      const stalled = []
      let isSlow = true
      await tab.page.route(/view\.js\?t=/, (route) =>
        isSlow ? void stalled.push(() => route.continue()) : route.continue(),
      )
      project.write('view.js', view('two'))
      await waitFor(
        () => (stalled.length > 0 ? true : undefined),
        () => 'the request of the page',
      )
      await saved(opened, 'view.js', () => project.write('view.js', FILES['view.js']))
      await tab.clear()
      isSlow = false
      for (const go of stalled) await go()
      await tab.sees(() => Reflect.get(window, 'log').length > 0)
      await tab.text('#app', 'one')
      await expectKept()
    })

    it('when another page loaded the change before it was told', async () => {
      /** @type {() => void} */
      let goOn = () => {}
      const waits = new Promise((resolve) => {
        goOn = () => resolve(undefined)
      })
      let reached = false
      const plugin = {
        name: 'test:waits',
        /** @param {{ file: string }} update */
        async hotUpdate({ file }) {
          if (!file.endsWith('view.js')) return
          reached = true
          await waits
        },
      }
      const opened = await open(FILES, { vite, config: { plugins: [plugin] } })
      const { project, tab } = opened
      project.write('view.js', view('two'))
      await waitFor(
        () => reached || undefined,
        () => 'the hook',
      )
      const other = await openTab(opened)
      await other.text('#app', 'two')
      goOn()
      await tab.text('#app', 'two')
    })

    it('after a save that cannot be read, when the last good text comes back', async () => {
      const opened = await open(FILES, { vite })
      const { project, tab } = opened
      const expectKept = await tab.mark()
      project.write('view.js', view('two'))
      await tab.text('#app', 'two')
      project.write('view.js', 'export const broken = (\n')
      await tab.overlay()
      // Vite cannot read it now either, and says so again.
      const errors = tab.payloads('error').length
      touch(project, 'view.js')
      await tab.hears(() => tab.payloads('error').length > errors, 'the error once more')
      await tab.clear()
      project.write('view.js', view('two'))
      await tab.log(['two'])
      await tab.noOverlay()
      if (!STOCK) {
        const updates = tab.payloads('update').length
        await saved(opened, 'view.js', () => touch(project, 'view.js'))
        expect(tab.payloads('update')).toHaveLength(updates)
      }
      await expectKept()
    })
  })
}

it('a Vue component follows its file there and back, and is left alone by a touch', async () => {
  const component = [
    '<script setup>\nimport { ref } from "vue"\nconst count = ref(0)\n</script>',
    '<template>\n  <button id="count" @click="count++">one {{ count }}</button>\n</template>',
    '<style scoped>\n#count { color: rgb(1, 2, 3) }\n</style>\n',
  ].join('\n')
  const files = {
    'main.js': "import { createApp } from 'vue'\nimport App from './App.vue'\ncreateApp(App).mount('#app')\n",
    'App.vue': component,
  }
  const opened = await open(files, { packages: true, config: { plugins: [vue()] } })
  const { project, tab } = opened
  await tab.page.click('#count')
  await tab.text('#count', 'one 1')
  const expectKept = await tab.mark()
  const save = (/** @type {string} */ text) => project.write('App.vue', text)
  for (const word of ['two', 'one']) {
    save(component.replace('one', word))
    await tab.text('#count', `${word} 1`)
  }
  for (const shade of ['4', '3']) {
    save(component.replace('1, 2, 3', `1, 2, ${shade}`))
    await tab.style('#count', 'color', `rgb(1, 2, ${shade})`)
  }
  const updates = tab.updates.length
  await saved(opened, 'App.vue', () => touch(project, 'App.vue'))
  expect(tab.updates).toHaveLength(updates)
  await tab.text('#count', 'one 1')
  await expectKept()
})

/**
 * Does it, and waits until all of the server's work on that file is done, and the page has heard what came of it.
 *
 * @param {Opened} opened
 * @param {string} file
 * @param {() => void} act
 */
async function saved({ project, session, tab }, file, act) {
  if (!session) return act()
  const { transactions } = session
  const { finish } = transactions
  let isDone = false
  transactions.finish = (transaction) => {
    finish(transaction)
    isDone ||= transaction.passes.some((pass) => pass.file === project.path(file))
  }
  act()
  await waitFor(
    () => isDone || undefined,
    () => `a transaction with ${file}`,
  )
  transactions.finish = finish
  await tab.flush()
}

let clock = Date.now() / 1000

/**
 * @param {Opened['project']} project
 * @param {string} file
 */
function touch(project, file) {
  clock += 1
  utimesSync(project.path(file), clock, clock)
}
