import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { open, openTab, STOCK } from '../support/browser.js'
import { waitFor } from '../support/project.js'

const FILES = {
  'main.js': `import { dep } from './dep.js'
window.loads = (window.loads ?? 0) + 1
const show = (text) => { document.querySelector('#app').textContent = text }
show(dep)
import.meta.hot.accept('./dep.js', (next) => show(next.dep))
`,
  'dep.js': "import { text } from './text.js'\nexport const dep = 'dep: ' + text\n",
  'text.js': "export const text = 'old'\n",
}

/** @param {string} text */
const saying = (text) => `export const text = '${text}'\n`

/** @param {Parameters<typeof open>[0]} [files] */
async function start(files = FILES) {
  const opened = await open(files)
  const { api } = /** @type {{ plugin: import('../../index.d.ts').BinoHmrPlugin }} */ (opened).plugin
  return {
    ...opened,
    api,
    /** Waits until that many paths wait. */
    waiting: (/** @type {number} */ paths) =>
      waitFor(
        () => api.stats()?.waiting === paths || undefined,
        () => JSON.stringify(api.stats()),
      ),
  }
}

// Stock Vite has nothing to hold.
it.skipIf(STOCK)('a page keeps what it shows while held, and is updated once at the release', async () => {
  const { project, tab, api, waiting } = await start()
  await tab.text('#app', 'dep: old')
  const stays = await tab.mark()
  api.hold()
  for (let n = 0; n < 5; n++) {
    project.write('text.js', saying(`${n}`))
    project.write('dep.js', `${FILES['dep.js']}// ${n}\n`)
    await waiting(2)
  }
  // What was written before this one is known when this is.
  project.write('last.txt', '')
  await waiting(3)
  await stays()
  expect(tab.updates).toEqual([])
  await tab.text('#app', 'dep: old')
  api.release()
  await tab.text('#app', 'dep: 4')
  await stays()
  expect(tab.payloads('update')).toHaveLength(1)
})

it.skipIf(STOCK)(
  'a page that is reloaded by hand while held shows the new code, and so does a new one',
  async () => {
    const { project, tab, api, waiting, ...served } = await start()
    // A first update gives the urls a time; what is loaded while held must not come from the browser's cache.
    project.write('text.js', saying('first'))
    await tab.text('#app', 'dep: first')
    api.hold()
    project.write('text.js', saying('second'))
    await waiting(1)
    await tab.page.reload()
    await tab.text('#app', 'dep: second')
    project.write('text.js', saying('third'))
    project.write('more.js', "export const more = ' and more'\n")
    project.write(
      'dep.js',
      `import { more } from './more.js'\n${FILES['dep.js'].replace('+ text', '+ text + more')}`,
    )
    await waiting(3)
    await tab.page.reload()
    await tab.text('#app', 'dep: third and more')
    const other = await openTab({ ...served, project, tab }, '')
    await other.text('#app', 'dep: third and more')
    project.write('text.js', saying('fourth'))
    await tab.settled()
    const stays = await tab.mark()
    api.release()
    await tab.text('#app', 'dep: fourth and more')
    await other.text('#app', 'dep: fourth and more')
    await stays()
    expect(await tab.page.evaluate(() => Reflect.get(window, 'loads'))).toBe(1)
  },
)

it.skipIf(STOCK)('a page that fails while a file is missing is whole again after the release', async () => {
  const { project, tab, api, waiting } = await start()
  api.hold()
  project.write('text.js', saying('new'))
  project.write('dep.js', FILES['dep.js'].replace('./text.js', './later.js'))
  await waiting(2)
  await tab.page.reload()
  expect(await tab.overlay()).toContain('later.js')
  project.write('later.js', saying('later'))
  await waiting(3)
  await tab.settled()
  api.release()
  await tab.text('#app', 'dep: later')
  await tab.noOverlay()
})

it.skipIf(STOCK)('a rebase that was held reaches the page as one update', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `m${n}.js`)
  /** @param {string} text */
  const module = (text) =>
    `const text = '${text}'\n;(window.all ??= {})[import.meta.url.split('/').pop().split('?')[0]] = text\nimport.meta.hot.accept()\n`
  const { project, tab, api } = await start({
    'main.js': names.map((name) => `import './${name}'\n`).join(''),
    'upstream.js': '',
    ...Object.fromEntries(names.map((name) => [name, module('base')])),
  })
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: project.root,
      stdio: 'pipe',
    })
  api.hold()
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'base')
  git('checkout', '--quiet', '-b', 'mine')
  for (const name of names) {
    project.write(name, module('mine'))
    git('commit', '--quiet', '-am', name)
  }
  git('checkout', '--quiet', 'main')
  project.write('upstream.js', '// upstream\n')
  git('commit', '--quiet', '-am', 'upstream')
  git('checkout', '--quiet', 'mine')
  git('rebase', '--quiet', 'main')
  const stays = await tab.mark()
  expect(tab.updates).toEqual([])
  api.release()
  await tab.sees(
    (count) => Object.values(Reflect.get(window, 'all')).filter((text) => text === 'mine').length === count,
    names.length,
  )
  await stays()
  expect(tab.payloads('update')).toHaveLength(1)
})
