import { describe, expect, it } from 'vitest'
import { open } from '../support/browser.js'

/** What modules of the page say they do. */
const LOG = 'const log = (...words) => (window.log ??= []).push(words.join(" "))\n'

for (const vite of ['vite', 'vite7']) {
  describe(`import.meta.hot, with ${vite}`, () => {
    it('accept() runs the module again and nothing else', async () => {
      const files = {
        'main.js': `${LOG}import './self.js'\nlog('main')\n`,
        'self.js': `${LOG}log('self 1')\nimport.meta.hot.accept()\n`,
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      await tab.log(['self 1', 'main'])
      project.write('self.js', files['self.js'].replace('self 1', 'self 2'))
      await tab.log(['self 1', 'main', 'self 2'])
      project.write('self.js', files['self.js'].replace('self 1', 'self 3'))
      await tab.log(['self 1', 'main', 'self 2', 'self 3'])
      await expectKept()
    })

    it('accept(callback) is given the new module', async () => {
      const self = `${LOG}export const value = 1\nimport.meta.hot.accept((next) => log('got', next.value))\n`
      const { project, tab } = await open({ 'main.js': "import './self.js'\n", 'self.js': self }, { vite })
      const expectKept = await tab.mark()
      project.write('self.js', self.replace('= 1', '= 2'))
      await tab.log(['got 2'])
      await expectKept()
    })

    it("accept('./dep.js', callback) is given the new dependency, and the importer does not run again", async () => {
      const files = {
        'main.js': `${LOG}import { dep } from './dep.js'\nlog('main', dep)\nimport.meta.hot.accept('./dep.js', (next) => log('got', next.dep))\n`,
        'dep.js': "export { leaf as dep } from './leaf.js'\n",
        'leaf.js': 'export const leaf = 1\n',
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('leaf.js', 'export const leaf = 2\n')
      await tab.log(['main 1', 'got 2'])
      project.write('dep.js', 'export const dep = 3\n')
      await tab.log(['main 1', 'got 2', 'got 3'])
      await expectKept()
    })

    it('accept([…], callback) is given the dependency that changed at its place, and undefined at the others', async () => {
      const files = {
        'main.js': `${LOG}import './a.js'\nimport './b.js'\nimport.meta.hot.accept(['./a.js', './b.js'], ([a, b]) => log(a?.value, b?.value))\n`,
        'a.js': "export const value = 'a1'\n",
        'b.js': "export const value = 'b1'\n",
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('a.js', "export const value = 'a2'\n")
      await tab.log(['a2 '])
      project.write('b.js', "export const value = 'b2'\n")
      await tab.log(['a2 ', ' b2'])
      await expectKept()
    })

    it('acceptExports() is a boundary for importers that use nothing else, and for no others', async () => {
      const files = {
        'main.js': "import { used } from './parts.js'\nexport { used }\n",
        'parts.js': `${LOG}export const used = 1\nexport const other = 1\nimport.meta.hot.acceptExports(['used'], (next) => log('got', next.used))\n`,
      }
      const config = { experimental: { hmrPartialAccept: true } }
      const { project, tab } = await open(files, { vite, config })
      const expectKept = await tab.mark()
      project.write('parts.js', files['parts.js'].replace('used = 1', 'used = 2'))
      await tab.log(['got 2'])
      await expectKept()

      // From here on somebody uses what is not accepted.
      await tab.reloadsBy(() =>
        project.write('main.js', "import { used, other } from './parts.js'\nexport { used, other }\n"),
      )
      await tab.reloadsBy(() => project.write('parts.js', files['parts.js'].replace('used = 1', 'used = 3')))
    })

    it('dispose() hands data over to the next run', async () => {
      const self = `${LOG}const run = (import.meta.hot.data.run ?? 0) + 1\nlog('run', run, import.meta.hot.data.note)\nimport.meta.hot.dispose((data) => {\n  log('dispose', run)\n  data.run = run\n  data.note = 'from ' + run\n})\nimport.meta.hot.accept()\n`
      const { project, tab } = await open({ 'main.js': "import './self.js'\n", 'self.js': self }, { vite })
      const expectKept = await tab.mark()
      project.write('self.js', `${self}// second\n`)
      await tab.log(['run 1 ', 'dispose 1', 'run 2 from 1'])
      project.write('self.js', `${self}// third\n`)
      await tab.log(['run 1 ', 'dispose 1', 'run 2 from 1', 'dispose 2', 'run 3 from 2'])
      await expectKept()
    })

    it('prune() is called when the last import of the module goes away', async () => {
      const self = "import './gone.js'\nimport.meta.hot.accept()\n"
      const files = {
        'main.js': "import './self.js'\n",
        'self.js': self,
        'gone.js': `${LOG}import.meta.hot.dispose(() => log('disposed'))\nimport.meta.hot.prune(() => log('pruned'))\nimport.meta.hot.accept()\n`,
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('self.js', 'import.meta.hot.accept()\n')
      await tab.log(['disposed', 'pruned'])
      expect(tab.payloads('prune')).toEqual([{ type: 'prune', paths: ['/gone.js'] }])
      await expectKept()
    })

    it('invalidate() hands the update on to the importers, with its message in the log', async () => {
      const files = {
        'main.js': `${LOG}import { value } from './mid.js'\nlog('main', value)\nimport.meta.hot.accept('./mid.js', (next) => log('main got', next.value))\n`,
        'mid.js': "export { value } from './self.js'\n",
        'self.js': `${LOG}export const value = 1\nimport.meta.hot.accept(() => import.meta.hot.invalidate('not here'))\nimport.meta.hot.on('vite:invalidate', ({ path, message }) => log(path, message))\n`,
      }
      const { project, tab, log } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('self.js', files['self.js'].replace('= 1', '= 2'))
      await tab.sees(() => Reflect.get(window, 'log').includes('main got 2'))
      expect(await tab.page.evaluate(() => Reflect.get(window, 'log'))).toContain('/self.js not here')
      expect(await log('not here')).toContain('/self.js')
      await expectKept()
    })

    it('invalidate() without an acceptor above reloads the page', async () => {
      const files = {
        'main.js': "import './self.js'\n",
        'self.js': `${LOG}log('value 1')\nimport.meta.hot.accept(() => import.meta.hot.invalidate())\n`,
      }
      const { project, tab } = await open(files, { vite })
      await tab.reloadsBy(() => project.write('self.js', files['self.js'].replace('value 1', 'value 2')))
      await tab.log(['value 2'])
    })

    it('on() hears the events of an update, and off() ends it', async () => {
      const self = `${LOG}const before = ({ updates }) => log('before', updates[0].path)\nconst after = ({ updates }) => log('after', updates[0].path)\nimport.meta.hot.on('vite:beforeUpdate', before)\nimport.meta.hot.on('vite:afterUpdate', after)\nwindow.stop = () => import.meta.hot.off('vite:beforeUpdate', before)\n`
      const files = {
        'main.js': `import './ears.js'\nimport './self.js'\n`,
        'ears.js': self,
        'self.js': 'import.meta.hot.accept()\n',
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('self.js', 'import.meta.hot.accept() // 2\n')
      await tab.log(['before /self.js', 'after /self.js'])
      await tab.page.evaluate(() => Reflect.get(window, 'stop')())
      project.write('self.js', 'import.meta.hot.accept() // 3\n')
      await tab.log(['before /self.js', 'after /self.js', 'after /self.js'])
      await expectKept()
    })

    it('send() and custom events go both ways', async () => {
      const main = `${LOG}import.meta.hot.on('test:answer', (data) => log('answer', data.sum))\nimport.meta.hot.send('test:ask', { a: 2, b: 3 })\n`
      const plugin = {
        name: 'test:adds',
        /** @param {import('vite').ViteDevServer} server */
        configureServer(server) {
          server.environments.client.hot.on('test:ask', ({ a, b }, client) =>
            client.send('test:answer', { sum: a + b }),
          )
        },
      }
      const { tab, server } = await open({ 'main.js': main }, { vite, config: { plugins: [plugin] } })
      await tab.log(['answer 5'])
      server.ws.send('test:answer', { sum: 'to all' })
      await tab.log(['answer 5', 'answer to all'])
    })

    it('an import loop with a boundary in it is updated without a reload', async () => {
      const files = {
        'main.js': `${LOG}import { a } from './a.js'\nlog('main', a())\nimport.meta.hot.accept('./a.js', (next) => log('got', next.a()))\n`,
        'a.js': "import { b } from './b.js'\nexport const a = () => 'a1 ' + b()\nexport const name = 'a'\n",
        'b.js': "import { name } from './a.js'\nexport const b = () => 'b1 ' + name\n",
      }
      const { project, tab } = await open(files, { vite })
      const expectKept = await tab.mark()
      project.write('b.js', files['b.js'].replace('b1', 'b2'))
      await tab.log(['main a1 b1 a', 'got a1 b2 a'])
      project.write('a.js', files['a.js'].replace('a1', 'a2'))
      await tab.log(['main a1 b1 a', 'got a1 b2 a', 'got a2 b2 a'])
      await expectKept()
    })
  })
}
