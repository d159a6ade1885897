/**
 * What no page has a use for reloads none, though stock Vite does: each case ends with the page as a fresh one is.
 */

import { renameSync } from 'node:fs'
import tailwindcss from '@tailwindcss/vite'
import { describe, expect, it } from 'vitest'
import { open, openTab, STOCK } from '../support/browser.js'
import { waitFor } from '../support/project.js'

const bino = { log: /** @type {const} */ ('debug') }

/** Shows what it imports, and what it was given last. @param {string} imports @param {string} shown */
const main = (imports, shown) =>
  `${imports}\ndocument.querySelector('#app').textContent = ${shown}\nimport.meta.hot.accept()\n`

const WITH_PART = main("import { part } from './part.js'", 'part')
const WITHOUT_PART = main('', "'none'")

/**
 * The rule by which the next reload is spared.
 *
 * @param {{ logged: string[] }} served
 * @param {() => void} act
 */
async function spared({ logged }, act) {
  const from = logged.length
  act()
  const line = await waitFor(
    () => logged.slice(from).find((each) => each.includes('no reload:')),
    () => logged.slice(from).join('\n'),
  )
  return line.slice(line.indexOf('no reload:') + 'no reload: '.length)
}

describe.skipIf(STOCK).each(['vite', 'vite7'])('no page is reloaded, with %s', (vite) => {
  it('for a module that nobody imports any more, nor for what it imported', async () => {
    const files = {
      'main.js': WITH_PART,
      'part.js': "import { deep } from './deep.js'\nexport const part = 'part ' + deep\n",
      'deep.js': "export const deep = 'one'\n",
    }
    const { project, tab, ...served } = await open(files, { vite, bino })
    await tab.text('#app', 'part one')
    const stays = await tab.mark()
    project.write('main.js', WITHOUT_PART)
    await tab.text('#app', 'none')

    const edited = await spared(served, () => project.write('part.js', `${files['part.js']}// edited\n`))
    expect(edited).toBe('nobody imports the last of part.js any more')
    const below = await spared(served, () => project.write('deep.js', "export const deep = 'two'\n"))
    expect(below).toBe('nobody imports the last of deep.js → part.js any more')

    project.write('main.js', WITH_PART)
    await tab.text('#app', 'part two')
    project.write('deep.js', "export const deep = 'three'\n")
    await tab.text('#app', 'part three')
    await stays()
  })

  it('for a file that is deleted and comes back after its module lost its importers', async () => {
    const files = { 'main.js': WITH_PART, 'part.js': "export const part = 'one'\n" }
    const { project, tab, ...served } = await open(files, { vite, bino })
    await tab.text('#app', 'one')
    const stays = await tab.mark()
    project.write('main.js', WITHOUT_PART)
    await tab.text('#app', 'none')
    await spared(served, () => project.remove('part.js'))
    await spared(served, () => project.write('part.js', "export const part = 'two'\n"))
    project.write('main.js', WITH_PART)
    await tab.text('#app', 'two')
    await stays()
  })

  it('for a globbed file that is renamed, and back', async () => {
    const files = {
      'main.js': main(
        "const all = import.meta.glob('./pages/*.js', { eager: true, import: 'name' })",
        "Object.entries(all).join(' ')",
      ),
      'pages/a.js': "export const name = 'A'\n",
      'pages/b.js': "export const name = 'B'\n",
    }
    const { project, tab } = await open(files, { vite, bino })
    await tab.text('#app', './pages/a.js,A ./pages/b.js,B')
    const stays = await tab.mark()
    for (const [from, to, shown] of [
      ['a', 'c', './pages/b.js,B ./pages/c.js,A'],
      ['c', 'a', './pages/a.js,A ./pages/b.js,B'],
    ]) {
      renameSync(project.path(`pages/${from}.js`), project.path(`pages/${to}.js`))
      await tab.text('#app', shown)
    }
    project.write('pages/a.js', "export const name = 'A2'\n")
    await tab.text('#app', './pages/a.js,A2 ./pages/b.js,B')
    await stays()
  })

  it('for an .html that no page was made of', async () => {
    const files = {
      'main.js': WITHOUT_PART,
      'about.html': '<h1>one</h1><script type="module" src="/main.js"></script>',
    }
    const { project, tab, ...served } = await open(files, { vite, bino })
    const stays = await tab.mark()
    const rule = await spared(served, () => project.write('coverage/index.html', '<p>100 %</p>'))
    expect(rule).toBe('no page was made of coverage/index.html')

    const about = await openTab(/** @type {any} */ (served), 'about.html')
    await about.text('h1', 'one')
    await about.reloadsBy(() => project.write('about.html', files['about.html'].replace('one', 'two')))
    await about.text('h1', 'two')
    expect(await tab.page.evaluate(() => Reflect.get(window, 'mark'))).toBe('kept')
    expect(stays).toBeTypeOf('function')
  })

  it('for a tsconfig that no loaded module uses', async () => {
    const files = {
      'index.html': '<!doctype html><p id="app"></p><script type="module" src="/app/main.ts"></script>\n',
      'app/main.ts': "export const text: string = 'one'\n",
      'app/tsconfig.json': '{ "extends": "../base/tsconfig.json", /* why not */ }\n',
      'base/tsconfig.json': '{ "compilerOptions": { "target": "ES2022" } }\n',
      'other/tsconfig.json': '{}\n',
      'other/main.ts': 'export {}\n',
    }
    const { project, tab, ...served } = await open(files, { vite, bino })
    const stays = await tab.mark()
    const rule = await spared(served, () => project.write('other/tsconfig.json', '{ "files": [] }\n'))
    expect(rule).toBe(`no loaded module uses ${project.path('other/tsconfig.json')}`)
    await stays()
    await tab.reloadsBy(() => project.write('base/tsconfig.json', '{}\n'))
    // The root has none; one that comes nearer than the known one takes over.
    await spared(served, () => project.write('tsconfig.json', '{}\n'))
    await tab.reloadsBy(() => project.remove('app/tsconfig.json'))
  })

  it('for a file that Tailwind scanned, when it comes back or is renamed', async () => {
    const files = {
      'main.js':
        "import './app.css'\ndocument.querySelector('#app').className = 'mt-[13px]'\nimport.meta.hot.accept()\n",
      'app.css': '@import "tailwindcss" source(none);\n@source "./main.js";\n@source "./scanned.md";\n',
      'scanned.md': 'mt-[14px]\n',
    }
    const config = { plugins: [tailwindcss()] }
    const { project, tab, ...served } = await open(files, { vite, bino, config, packages: true })
    await tab.style('#app', 'margin-top', '13px')
    const stays = await tab.mark()
    const { moduleGraph } = served.server.environments.client
    const [scanned] = moduleGraph.getModulesByFile(project.path('scanned.md')) ?? []
    expect(scanned?.importers.size).toBe(1)
    project.remove('scanned.md')
    // The page has to have asked for the style sheet without it: until then it is scanned.
    await tab.hears(() => scanned.importers.size === 0, 'the style sheet without it')
    await spared(served, () => project.write('scanned.md', 'mt-[15px]\n'))
    await spared(served, () => renameSync(project.path('scanned.md'), project.path('renamed.md')))
    await stays()
  })
})

describe.skipIf(STOCK).each(['vite', 'vite7'])('the page reloads all the same, with %s', (vite) => {
  it('for its own script, which another module had imported too', async () => {
    const files = {
      'main.js':
        "import './part.js'\nexport const text = 'one'\ndocument.querySelector('#app').textContent = text\n",
      'part.js': "import './main.js'\nimport.meta.hot.accept()\n",
    }
    const { project, tab, server } = await open(files, { vite, bino })
    await tab.text('#app', 'one')
    project.write('part.js', 'import.meta.hot.accept()\n')
    const { moduleGraph } = server.environments.client
    const module = await moduleGraph.getModuleByUrl('/main.js')
    await tab.hears(() => module?.importers.size === 0, 'the import to be gone')
    await tab.reloadsBy(() => project.write('main.js', files['main.js'].replace('one', 'two')))
    await tab.text('#app', 'two')
  })

  it('for a script of a second page that the first one had imported', async () => {
    const files = {
      'main.js': WITH_PART,
      'part.js': "export const part = 'one'\ndocument.title = part\n",
      'second.html': '<!doctype html><script type="module" src="/part.js"></script>\n',
    }
    const { project, tab, ...served } = await open(files, { vite, bino })
    await tab.text('#app', 'one')
    const second = await openTab(/** @type {any} */ (served), 'second.html')
    project.write('main.js', WITHOUT_PART)
    await tab.text('#app', 'none')
    await second.reloadsBy(() => project.write('part.js', files['part.js'].replace('one', 'two')))
    await second.sees(() => document.title === 'two')
  })

  it('for what is imported by a name that Vite could not read', async () => {
    const files = {
      'main.js': main("import { part } from './part.js'\nimport './loader.js'", 'part'),
      'loader.js':
        "const name = 'part'\nawait import(/* @vite-ignore */ '/' + name + '.js')\nimport.meta.hot.accept()\n",
      'part.js': "export const part = 'one'\n",
    }
    const { project, tab } = await open(files, { vite, bino })
    await tab.text('#app', 'one')
    project.write('main.js', main("import './loader.js'", "'none'"))
    await tab.text('#app', 'none')
    await tab.reloadsBy(() => project.write('part.js', "export const part = 'two'\n"))
  })
})
