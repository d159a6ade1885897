import { createServer as createHttpServer } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createPage, open, openTab, openUrl, serve } from '../support/browser.js'
import { selfSigned } from '../support/certificate.js'

const VIEW = "document.querySelector('#app').textContent = 'one'\nimport.meta.hot.accept()\n"

const FILES = { 'main.js': "import './view.js'\n", 'view.js': VIEW }

for (const vite of ['vite', 'vite7']) {
  describe(`a server, with ${vite}`, () => {
    it('that a saved config restarts brings the page back, and updates go on', async () => {
      const main = "import './view.js'\ndocument.title = __TITLE__\n"
      const config = (/** @type {string} */ title) =>
        `export default { define: { __TITLE__: '"${title}"' } }\n`
      const project = createPage({ ...FILES, 'main.js': main, 'vite.config.js': config('one') })
      const served = await serve(project, { vite, config: { configFile: project.path('vite.config.js') } })
      const tab = await openTab(served)
      for (const title of ['two', 'three']) {
        await tab.reloadsBy(() => project.write('vite.config.js', config(title)))
        await tab.sees((wanted) => document.title === wanted, title)
        const expectKept = await tab.mark()
        project.write('view.js', VIEW.replace('one', `after ${title}`))
        await tab.text('#app', `after ${title}`)
        await expectKept()
      }
    })

    it('that a saved .env restarts gives the page the new values', async () => {
      const main = "import './view.js'\ndocument.title = import.meta.env.VITE_TITLE\n"
      const { project, tab } = await open({ ...FILES, 'main.js': main, '.env': 'VITE_TITLE=one\n' }, { vite })
      await tab.sees(() => document.title === 'one')
      await tab.reloadsBy(() => project.write('.env', 'VITE_TITLE=two\n'))
      await tab.sees(() => document.title === 'two')
      const expectKept = await tab.mark()
      project.write('view.js', VIEW.replace('one', 'two'))
      await tab.text('#app', 'two')
      await expectKept()
    })

    it('in middleware mode updates and reloads the page', async () => {
      const project = createPage(FILES)
      const http = createHttpServer()
      onTestFinished(() => {
        http.closeAllConnections()
        http.close()
      })
      const served = await serve(project, {
        vite,
        config: { server: { middlewareMode: true, hmr: { server: http } } },
      })
      http.on('request', served.server.middlewares)
      await new Promise((resolve) => http.listen(0, '127.0.0.1', () => resolve(undefined)))
      const { port } = /** @type {import('node:net').AddressInfo} */ (http.address())
      const tab = await openUrl(`http://127.0.0.1:${port}/`, served)
      const expectKept = await tab.mark()
      project.write('view.js', VIEW.replace('one', 'two'))
      await tab.text('#app', 'two')
      await expectKept()
      await tab.reloadsBy(() =>
        project.write(
          'index.html',
          '<!doctype html><h1></h1><p id="app"></p><script type="module" src="/main.js"></script>\n',
        ),
      )
      await tab.text('p', 'two')
    })
  })
}

describe('a server', () => {
  it('with a base path updates modules, sheets and pages below it', async () => {
    const html =
      '<!doctype html><link rel="stylesheet" href="/style.css"><h1>one</h1><p id="app"></p><script type="module" src="/main.js"></script>\n'
    const files = { ...FILES, 'index.html': html, 'style.css': 'h1 { color: red }\n' }
    const { project, tab } = await open(files, { config: { base: '/app/' } })
    expect(new URL(tab.page.url()).pathname).toBe('/app/')
    await tab.style('h1', 'color', 'rgb(255, 0, 0)')
    const expectKept = await tab.mark()
    project.write('view.js', VIEW.replace('one', 'two'))
    await tab.text('#app', 'two')
    project.write('style.css', 'h1 { color: blue }\n')
    await tab.style('h1', 'color', 'rgb(0, 0, 255)')
    await expectKept()
    await tab.reloadsBy(() => project.write('index.html', html.replace('<h1>one', '<h1>two')))
    await tab.text('h1', 'two')
  })

  it('on https updates the page through a secure socket', async () => {
    const { project, tab } = await open(FILES, { config: { server: { https: selfSigned() } } })
    expect(new URL(tab.page.url()).protocol).toBe('https:')
    const expectKept = await tab.mark()
    project.write('view.js', VIEW.replace('one', 'two'))
    await tab.text('#app', 'two')
    await expectKept()
  })

  it('beside another one of the same process keeps to its own project', async () => {
    const first = await open(FILES)
    const second = await open(FILES)
    const checks = [await first.tab.mark(), await second.tab.mark()]
    first.project.write('view.js', VIEW.replace('one', 'first'))
    await first.tab.text('#app', 'first')
    second.project.write('view.js', VIEW.replace('one', 'second'))
    await second.tab.text('#app', 'second')
    for (const expectKept of checks) await expectKept()
    await first.tab.text('#app', 'first')
    expect(first.tab.payloads('update')).toHaveLength(1)
    expect(second.tab.payloads('update')).toHaveLength(1)
  })

  it('beside another one of the same project: both update their pages', async () => {
    const first = await open(FILES)
    const other = await serve(first.project, { config: { cacheDir: '.other' } })
    const tab = await openTab(other)
    const checks = [await first.tab.mark(), await tab.mark()]
    first.project.write('view.js', VIEW.replace('one', 'two'))
    await Promise.all([first.tab.text('#app', 'two'), tab.text('#app', 'two')])
    for (const expectKept of checks) await expectKept()
  })
})
