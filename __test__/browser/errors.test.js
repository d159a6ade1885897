import { describe, expect, it } from 'vitest'
import { open } from '../support/browser.js'

const VIEW = "document.querySelector('#app').textContent = 'one'\nimport.meta.hot.accept()\n"

/** Vite itself sees only what keeps it from finding the imports; a bracket that never closes does. */
const BROKEN = 'export const broken = (\n'

for (const vite of ['vite', 'vite7']) {
  describe(`an error, with ${vite}`, () => {
    it('of syntax shows the overlay, and the repair takes it away without a reload', async () => {
      const { project, tab } = await open({ 'main.js': "import './view.js'\n", 'view.js': VIEW }, { vite })
      const expectKept = await tab.mark()
      project.write('view.js', VIEW.replace('one', 'two'))
      await tab.text('#app', 'two')
      project.write('view.js', BROKEN)
      expect(await tab.overlay()).toContain('view.js')
      await tab.text('#app', 'two')
      project.write('view.js', VIEW.replace('one', 'three'))
      await tab.text('#app', 'three')
      await tab.noOverlay()
      await expectKept()
    })

    it('that the page was loaded with stays until the next load, which is fresh', async () => {
      const { project, tab, server } = await open(
        { 'main.js': "import './view.js'\n", 'view.js': BROKEN },
        { vite },
      )
      expect(await tab.overlay()).toContain('view.js')
      // Vite knows nothing yet of a module that it could not read, and sends nothing when it is mended.
      const seen = new Promise((resolve) => server.watcher.once('change', resolve))
      project.write('view.js', VIEW)
      expect(await seen).toBe(project.path('view.js'))
      await tab.page.reload()
      await tab.text('#app', 'one')
      await tab.noOverlay()
    })
  })
}

describe('an error', () => {
  it('in one of two files saved at once does not keep the other from the page', async () => {
    const files = {
      'main.js': "import './view.js'\nimport './side.js'\n",
      'view.js': VIEW,
      'side.js': "document.title = 'one'\nimport.meta.hot.accept()\n",
    }
    const { project, tab } = await open(files)
    const expectKept = await tab.mark()
    project.write('view.js', BROKEN)
    project.write('side.js', files['side.js'].replace('one', 'two'))
    await tab.sees(() => document.title === 'two')
    await tab.overlay()
    project.write('view.js', VIEW.replace('one', 'mended'))
    await tab.text('#app', 'mended')
    await tab.noOverlay()
    await expectKept()
  })

  it('thrown by an accept callback is logged, and later updates go on', async () => {
    const view =
      "window.value = 'one'\nimport.meta.hot.accept(() => { throw new Error('from the callback') })\n"
    const { project, tab } = await open({ 'main.js': "import './view.js'\n", 'view.js': view })
    const expectKept = await tab.mark()
    project.write('view.js', view.replace('one', 'two'))
    await tab.sees(() => Reflect.get(window, 'value') === 'two')
    await tab.hears(
      () => tab.console.some((line) => line.includes('from the callback')),
      'the error in the console',
    )
    project.write('view.js', view.replace('one', 'three'))
    await tab.sees(() => Reflect.get(window, 'value') === 'three')
    await expectKept()
  })

  it('thrown by a hotUpdate hook shows the overlay', async () => {
    const plugin = {
      name: 'test:throws',
      /** @param {{ file: string }} update */
      hotUpdate({ file }) {
        if (file.endsWith('view.js')) throw new Error('this hook is broken')
      },
    }
    const { project, tab } = await open(
      { 'main.js': "import './view.js'\n", 'view.js': VIEW },
      { config: { plugins: [plugin] } },
    )
    const expectKept = await tab.mark()
    project.write('view.js', VIEW.replace('one', 'two'))
    expect(await tab.overlay()).toContain('this hook is broken')
    await expectKept()
  })
})
