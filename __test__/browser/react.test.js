import { describe, expect, it } from 'vitest'
import { open, STOCK } from '../support/browser.js'
import { pluginReact } from '../support/framework-plugins.js'

const FILES = {
  'index.html': '<!doctype html>\n<div id="root"></div>\n<script type="module" src="/main.jsx"></script>\n',
  'main.jsx': `import { createRoot } from 'react-dom/client'
import { App } from './App.jsx'
createRoot(document.getElementById('root')).render(<App />)
`,
  'App.jsx': `import { Form } from './Form.jsx'
export const App = () => <main><h1>Title one</h1><Form /></main>
`,
  'Form.jsx': `import { useState } from 'react'
import styles from './Form.module.css'
import { label } from './label.js'
export function Form() {
  const [name, setName] = useState('')
  return <p className={styles.form}><b>{label}</b><input value={name} onChange={(e) => setName(e.target.value)} /><i>{name}</i></p>
}
`,
  'Form.module.css': '.form { color: red }\n',
  'label.js': "export const label = 'label one'\n",
}

for (const vite of ['vite', 'vite7']) {
  describe(`React, with ${vite}`, () => {
    it('an edited component shows, and the state of the others and its own stays', async () => {
      const { project, tab, expectState } = await openForm(vite)
      project.write('App.jsx', FILES['App.jsx'].replace('one', 'two'))
      await tab.text('h1', 'Title two')
      project.write('Form.jsx', FILES['Form.jsx'].replace('<b>', '<b id="new">'))
      await tab.text('#new', 'label one')
      await expectState()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/App.jsx', '/Form.jsx'])
    })

    it('a module below a component updates that component', async () => {
      const { project, tab, expectState } = await openForm(vite)
      project.write('label.js', "export const label = 'label two'\n")
      await tab.text('b', 'label two')
      await expectState()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/Form.jsx'])
    })

    it('a CSS module gives a component its new style', async () => {
      const { project, tab, expectState } = await openForm(vite)
      await tab.style('p', 'color', 'rgb(255, 0, 0)')
      project.write('Form.module.css', '.form { color: blue }\n')
      await tab.style('p', 'color', 'rgb(0, 0, 255)')
      await expectState()
    })

    it('a syntax error shows the overlay, its repair takes it away, and the state stays', async () => {
      const { project, tab, expectState } = await openForm(vite)
      // The first update of a page clears an overlay by a reload, in Vite as well; so let there be one before.
      project.write('App.jsx', FILES['App.jsx'].replace('one', 'two'))
      await tab.text('h1', 'Title two')
      project.write('Form.jsx', FILES['Form.jsx'].replace('<b>', '<b'))
      expect(await tab.overlay()).toContain('Form.jsx')
      project.write('Form.jsx', FILES['Form.jsx'].replace('<b>', '<b id="mended">'))
      await tab.text('#mended', 'label one')
      await tab.noOverlay()
      await expectState()
    })
  })
}

describe('React', () => {
  it('a component whose hooks changed starts anew, and the page does not', async () => {
    const { project, tab } = await openForm('vite')
    const expectKept = await tab.mark()
    project.write(
      'Form.jsx',
      FILES['Form.jsx']
        .replace('return', "const [more] = useState('more')\n  return")
        .replace('<i>{name}', '<i>{more}'),
    )
    await tab.text('i', 'more')
    expect(await tab.page.inputValue('input')).toBe('')
    await expectKept()
  })

  it('a new component and the import of it can be saved in one go', async () => {
    const { project, tab, expectState } = await openForm('vite')
    project.write('Note.jsx', 'export const Note = () => <em>note</em>\n')
    project.write(
      'App.jsx',
      `import { Note } from './Note.jsx'\n${FILES['App.jsx'].replace('</main>', '<Note /></main>')}`,
    )
    await tab.text('em', 'note')
    project.write('Note.jsx', 'export const Note = () => <em>note two</em>\n')
    await tab.text('em', 'note two')
    await expectState()
  })

  it('a module that stops to export only components is handed on to its importers', async () => {
    const { project, tab } = await openForm('vite')
    const expectKept = await tab.mark()
    project.write('Form.jsx', `${FILES['Form.jsx'].replace('<b>', '<b id="new">')}export const extra = 1\n`)
    await tab.text('#new', 'label one')
    expect(tab.updates.map(({ path }) => path)).toEqual(['/Form.jsx', '/App.jsx'])
    await expectKept()
  })

  it('is still one React after a save that imports a package which Vite has yet to prepare', async () => {
    const { project, tab, server } = await openForm('vite', {
      optimizeDeps: { noDiscovery: false, include: [] },
      // What people write to have a linked package watched. It must not have the prepared packages watched.
      server: { watch: { ignored: ['!**/node_modules/**'] } },
    })
    await tab.reloadsBy(() =>
      project.write(
        'App.jsx',
        `import { unstable_now } from 'scheduler'\n${FILES['App.jsx'].replace('one', '{typeof unstable_now}')}`,
      ),
    )
    await tab.text('h1', 'Title function')
    // A second React would have no hooks to give to the form.
    await tab.page.fill('input', 'Bob')
    await tab.text('i', 'Bob')
    const expectKept = await tab.mark()
    project.write('label.js', "export const label = 'label two'\n")
    await tab.text('b', 'label two')
    await expectKept()
    if (STOCK) return
    const { cacheDir } = server.config
    expect(Object.keys(server.watcher.getWatched()).filter((folder) => folder.startsWith(cacheDir))).toEqual(
      [],
    )
  })
})

/**
 * The page with a name typed into its form, which only a kept state can show later.
 *
 * @param {string} vite
 * @param {Pick<import('vite').InlineConfig, 'optimizeDeps' | 'server'>} [config]
 */
async function openForm(vite, { optimizeDeps, server } = {}) {
  const opened = await open(FILES, {
    vite,
    packages: true,
    config: {
      plugins: [await pluginReact(vite)],
      // As usual below a `node_modules`, which plugin-react leaves alone; the project's own is a link to ours.
      cacheDir: '.cache/node_modules',
      server,
      optimizeDeps: {
        include: ['react', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime'],
        ...optimizeDeps,
      },
    },
  })
  const { tab } = opened
  await tab.page.fill('input', 'Ada')
  await tab.text('i', 'Ada')
  const expectKept = await tab.mark()
  const expectState = async () => {
    expect(await tab.page.inputValue('input')).toBe('Ada')
    expect(await tab.page.textContent('i')).toBe('Ada')
    await expectKept()
  }
  return { ...opened, expectState }
}
