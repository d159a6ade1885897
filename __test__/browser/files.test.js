import { renameSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { open, STOCK } from '../support/browser.js'
import { inOneGo } from '../support/project.js'

/** A module that shows what it imports, and takes updates by itself. */
const VIEW =
  "import { leaf } from './leaf.js'\ndocument.querySelector('#app').textContent = leaf\nimport.meta.hot.accept()\n"

const FILES = {
  'main.js': "import './view.js'\n",
  'view.js': VIEW,
  'leaf.js': "export const leaf = 'one'\n",
}

describe('a file', () => {
  it('that was missing at the first load mends the page when it is made', async () => {
    const { project, tab } = await open({ 'main.js': FILES['main.js'], 'view.js': VIEW })
    expect(await tab.overlay()).toContain('leaf.js')
    await tab.reloadsBy(() => project.write('leaf.js', FILES['leaf.js']))
    await tab.text('#app', 'one')
    await tab.noOverlay()
  })

  it('that a save imports before it exists mends the page when it is made', async () => {
    const { project, tab } = await open(FILES)
    project.write('view.js', VIEW.replace('./leaf.js', './new/leaf.js'))
    expect(await tab.overlay()).toContain('new/leaf.js')
    // Vite takes the importer's acceptance away when an import of it cannot be found.
    await tab.reloadsBy(() => project.write('new/leaf.js', "export const leaf = 'new'\n"))
    await tab.text('#app', 'new')
    await tab.noOverlay()
    const expectKept = await tab.mark()
    project.write('new/leaf.js', "export const leaf = 'newer'\n")
    await tab.text('#app', 'newer')
    await expectKept()
  })

  it('that is deleted leaves the page as it was, and updates it again when it is back', async () => {
    const { project, tab } = await open(FILES)
    await tab.text('#app', 'one')
    const expectKept = await tab.mark()
    project.remove('leaf.js')
    await tab.hears(
      () => tab.console.some((line) => line.includes('Failed to reload /view.js')),
      'the failed update',
    )
    await tab.text('#app', 'one')
    project.write('leaf.js', "export const leaf = 'back'\n")
    await tab.text('#app', 'back')
    project.write('leaf.js', "export const leaf = 'and on'\n")
    await tab.text('#app', 'and on')
    await expectKept()
  })

  it.skipIf(STOCK)('that is deleted and written again at once is one update', () =>
    inOneGo(10, async (swiftly) => {
      const { project, tab } = await open(FILES)
      const expectKept = await tab.mark()
      swiftly(() => {
        project.remove('leaf.js')
        project.write('leaf.js', "export const leaf = 'again'\n")
      })
      await tab.text('#app', 'again')
      await expectKept()
      expect(tab.payloads('update')).toHaveLength(1)
      expect(tab.payloads('error')).toEqual([])
    }),
  )

  it('that an editor saves under another name and renames is one update', async () => {
    const { project, tab } = await open(FILES)
    const expectKept = await tab.mark()
    project.write('.leaf.js.swp', "export const leaf = 'renamed'\n")
    renameSync(project.path('.leaf.js.swp'), project.path('leaf.js'))
    await tab.text('#app', 'renamed')
    await expectKept()
    expect(tab.payloads('update')).toHaveLength(1)
  })

  it.skipIf(STOCK)('that is renamed together with its import is one update', () =>
    inOneGo(1.5, async (swiftly) => {
      const { project, tab } = await open(FILES)
      await tab.text('#app', 'one')
      const expectKept = await tab.mark()
      const view = VIEW.replace('./leaf.js', './petal.js').replace('= leaf', "= leaf + ' petal'")
      swiftly(() => {
        renameSync(project.path('leaf.js'), project.path('petal.js'))
        project.write('view.js', view)
      })
      await tab.text('#app', 'one petal')
      project.write('petal.js', "export const leaf = 'two'\n")
      await tab.text('#app', 'two petal')
      await expectKept()
      expect(tab.payloads('error')).toEqual([])
      await tab.noOverlay()
    }),
  )

  it.skipIf(STOCK)('that is saved twice in a row shows the last save', async () => {
    const { project, tab } = await open(FILES)
    const expectKept = await tab.mark()
    for (let round = 0; round < 20; round++) {
      project.write('leaf.js', `export const leaf = 'first ${round}'\n`)
      await new Promise((resolve) => setTimeout(resolve, round))
      project.write('leaf.js', `export const leaf = 'last ${round}'\n`)
      await tab.text('#app', `last ${round}`)
    }
    await expectKept()
  })

  it('that no module imports is not a matter of the page', async () => {
    const { project, tab } = await open(FILES)
    const expectKept = await tab.mark()
    project.write('notes.txt', 'nothing\n')
    project.write('coverage/report.js', 'export {}\n')
    // What was written later is heard later: by then the others would have been.
    project.write('leaf.js', "export const leaf = 'two'\n")
    await tab.text('#app', 'two')
    await expectKept()
    expect(tab.updates.map(({ path }) => path)).toEqual(['/view.js'])
  })
})

describe('import.meta.glob', () => {
  it('gains a file that is made and loses one that is deleted', async () => {
    const files = {
      'main.js': "import './view.js'\n",
      'view.js': `const parts = import.meta.glob('./parts/**/*.js', { eager: true, import: 'name' })
document.querySelector('#app').textContent = Object.values(parts).join(' ')
import.meta.hot.accept()
`,
      'parts/a.js': "export const name = 'a'\n",
    }
    const { project, tab } = await open(files)
    await tab.text('#app', 'a')
    const expectKept = await tab.mark()
    project.write('parts/b.js', "export const name = 'b'\n")
    await tab.text('#app', 'a b')
    project.write('parts/deep/c.js', "export const name = 'c'\n")
    await tab.text('#app', 'a b c')
    project.write('parts/deep/c.js', "export const name = 'cc'\n")
    await tab.text('#app', 'a b cc')
    project.remove('parts/b.js')
    await tab.text('#app', 'a cc')
    await expectKept()
  })
})
