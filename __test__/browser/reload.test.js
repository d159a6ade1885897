import { describe, expect, it } from 'vitest'
import { open, openTab } from '../support/browser.js'

for (const vite of ['vite', 'vite7']) {
  describe(`the page reloads, with ${vite}`, () => {
    it('when nothing accepts the change, and hears of it before', async () => {
      const files = {
        'main.js': `import { leaf } from './leaf.js'
document.querySelector('#app').textContent = leaf
import.meta.hot.on('vite:beforeFullReload', ({ triggeredBy }) => sessionStorage.setItem('by', triggeredBy))
`,
        'leaf.js': "export const leaf = 'one'\n",
      }
      const { project, tab } = await open(files, { vite })
      await tab.text('#app', 'one')
      await tab.reloadsBy(() => project.write('leaf.js', "export const leaf = 'two'\n"))
      await tab.text('#app', 'two')
      expect(await tab.page.evaluate(() => sessionStorage.getItem('by'))).toBe(project.path('leaf.js'))
    })

    it('when its html is saved', async () => {
      const html = '<!doctype html><h1>one</h1><script type="module" src="/main.js"></script>\n'
      const { project, tab } = await open({ 'index.html': html, 'main.js': 'export {}\n' }, { vite })
      await tab.reloadsBy(() => project.write('index.html', html.replace('one', 'two')))
      await tab.text('h1', 'two')
    })
  })
}

describe('the page reloads', () => {
  it('when its module worker is saved', async () => {
    const files = {
      'main.js': `const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
worker.onmessage = ({ data }) => { document.querySelector('#app').textContent = data }
`,
      'worker.js': "import { text } from './text.js'\npostMessage('says ' + text)\n",
      'text.js': "export const text = 'one'\n",
    }
    const { project, tab } = await open(files)
    await tab.text('#app', 'says one')
    await tab.reloadsBy(() => project.write('worker.js', files['worker.js'].replace('says', 'tells')))
    await tab.text('#app', 'tells one')
    await tab.reloadsBy(() => project.write('text.js', "export const text = 'two'\n"))
    await tab.text('#app', 'tells two')
  })

  it('when the tsconfig behind its modules is saved', async () => {
    const files = {
      'index.html': '<!doctype html><p id="app"></p><script type="module" src="/main.ts"></script>\n',
      'main.ts': "export const text: string = 'one'\n",
      'tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }\n',
    }
    const { project, tab } = await open(files)
    await tab.reloadsBy(() =>
      project.write('tsconfig.json', '{ "compilerOptions": { "target": "ES2021" } }\n'),
    )
  })

  it('once, and not twice, when several files without an acceptor are saved', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `part${index}.js`)
    const files = {
      'main.js': names
        .map((name, index) => `import { part as p${index} } from './${name}'\n`)
        .join('')
        .concat(
          `document.querySelector('#app').textContent = [${names.map((_, index) => `p${index}`)}].join('')\n`,
        ),
      ...Object.fromEntries(names.map((name) => [name, "export const part = 'a'\n"])),
    }
    const { project, tab } = await open(files, { bino: { debounce: 3000 } })
    await tab.text('#app', 'a'.repeat(20))
    await tab.reloadsBy(() => {
      for (const name of names) project.write(name, "export const part = 'b'\n")
    })
    await tab.text('#app', 'b'.repeat(20))
    await tab.flush()
    expect(tab.payloads('connected')).toHaveLength(2)
  })
})

describe('two tabs', () => {
  const FILES = {
    'main.js': "import './view.js'\n",
    'view.js': "document.querySelector('#app').textContent = 'one'\nimport.meta.hot.accept()\n",
    'other.html': '<!doctype html><h1>other</h1><script type="module" src="/other.js"></script>\n',
    'other.js': "import './other-view.js'\n",
    'other-view.js': "document.querySelector('h1').textContent = 'other one'\nimport.meta.hot.accept()\n",
  }

  it('of one page both take an update', async () => {
    const opened = await open(FILES)
    const { project, tab } = opened
    const second = await openTab(opened)
    const checks = [await tab.mark(), await second.mark()]
    project.write('view.js', FILES['view.js'].replace('one', 'two'))
    await Promise.all([tab.text('#app', 'two'), second.text('#app', 'two')])
    for (const expectKept of checks) await expectKept()
  })

  it('of two pages: only the one whose html is saved reloads', async () => {
    const opened = await open(FILES)
    const { project, tab } = opened
    const other = await openTab(opened, 'other.html')
    await tab.page.evaluate(() => void Reflect.set(window, 'mark', 'kept'))
    await other.reloadsBy(() =>
      project.write('other.html', FILES['other.html'].replace('<h1>', '<h1 id="new">')),
    )
    await other.text('#new', 'other one')
    await tab.flush()
    // It heard of the reload, and knew that it was meant for another page.
    expect(tab.payloads('full-reload')).toMatchObject([{ path: '/other.html' }])
    project.write('view.js', FILES['view.js'].replace('one', 'two'))
    await tab.text('#app', 'two')
    expect(await tab.page.evaluate(() => Reflect.get(window, 'mark'))).toBe('kept')
  })

  it('that invalidate the same update have it handed on once', async () => {
    const files = {
      'main.js': `import { value } from './middle.js'
document.querySelector('#app').textContent = value
import.meta.hot.accept('./middle.js', (next) => { document.querySelector('#app').textContent = next.value })
`,
      'middle.js': "export { value } from './view.js'\n",
      'view.js': "export const value = 'one'\nimport.meta.hot.accept(() => import.meta.hot.invalidate())\n",
    }
    const opened = await open(files)
    const { project, tab } = opened
    const second = await openTab(opened)
    const checks = [await tab.mark(), await second.mark()]
    project.write('view.js', files['view.js'].replace('one', 'two'))
    await Promise.all([tab.text('#app', 'two'), second.text('#app', 'two')])
    for (const expectKept of checks) await expectKept()
    expect(tab.updates.map(({ path }) => path)).toEqual(['/view.js', '/main.js'])
  })
})
