import { describe, expect, it, onTestFinished } from 'vitest'
import { createPage, open, serve } from '../support/browser.js'
import { waitFor } from '../support/project.js'

/** Where the modules of the server side put what they do. @type {{ log?: string[] }} */
const world = /** @type {any} */ (globalThis)

const LOG = 'const log = (words) => (globalThis.log ??= []).push(words)\n'

/** @param {string[]} entries */
const expectLog = (entries) =>
  waitFor(
    () => (JSON.stringify(world.log ?? []) === JSON.stringify(entries) ? true : undefined),
    () => `wanted ${JSON.stringify(entries)}, got ${JSON.stringify(world.log)}`,
  )

for (const vite of ['vite', 'vite7']) {
  describe(`the ssr environment, with ${vite}`, () => {
    it('runs an accepted module again', async () => {
      const files = {
        'entry.js': `${LOG}import { value } from './self.js'\nlog('entry ' + value)\n`,
        'self.js': `${LOG}export const value = 'one'\nlog('self one')\nimport.meta.hot.accept((next) => log('got ' + next.value))\n`,
      }
      const { project } = await run(files, vite)
      await expectLog(['self one', 'entry one'])
      project.write('self.js', files['self.js'].replaceAll('one', 'two'))
      await expectLog(['self one', 'entry one', 'self two', 'got two'])
    })

    it('runs its entries again when nothing accepts the change', async () => {
      const files = {
        'entry.js': `${LOG}import { value } from './leaf.js'\nlog('entry ' + value)\n`,
        'leaf.js': "export const value = 'one'\n",
      }
      const { project, sent } = await run(files, vite)
      await expectLog(['entry one'])
      project.write('leaf.js', "export const value = 'two'\n")
      await expectLog(['entry one', 'entry two'])
      project.write('leaf.js', "export const value = 'three'\n")
      await expectLog(['entry one', 'entry two', 'entry three'])
      const payloads = sent('ssr').filter(({ type }) => type !== 'custom')
      expect(payloads.map(({ type }) => type)).toEqual(['full-reload', 'full-reload'])
    })

    it('gives ssrLoadModule fresh code after each save', async () => {
      const project = createPage({
        'entry.js': "export { value } from './leaf.js'\n",
        'leaf.js': "export const value = 'one'\n",
      })
      const { server } = await serve(project, { vite })
      expect((await server.ssrLoadModule('/entry.js')).value).toBe('one')
      for (const value of ['two', 'three']) {
        const seen = new Promise((resolve) => server.watcher.once('change', resolve))
        project.write('leaf.js', `export const value = '${value}'\n`)
        await seen
        await waitFor(
          () =>
            server.environments.ssr.moduleGraph.getModuleById(project.path('leaf.js'))?.transformResult
              ? undefined
              : true,
          () => `the code of leaf.js before ${value} is still there`,
        )
        expect((await server.ssrLoadModule('/entry.js')).value).toBe(value)
      }
    })

    it('and the page each take what they use, and nothing that only the other uses', async () => {
      const files = {
        'main.js':
          "import { both } from './both.js'\nconst show = (text) => { document.querySelector('#app').textContent = text }\nshow(both)\nimport.meta.hot.accept('./both.js', (next) => show(next.both))\n",
        'both.js': "export const both = 'one'\n",
        'entry.js': `${LOG}import { both } from './both.js'\nimport { only } from './only.js'\nlog(both + only)\n`,
        'only.js': "export const only = ' one'\n",
      }
      reset()
      const { project, tab, server, sent } = await open(files, { vite })
      const ssr = /** @type {import('vite').RunnableDevEnvironment} */ (server.environments.ssr)
      await ssr.runner.import('/entry.js')
      await expectLog(['one one'])
      const expectKept = await tab.mark()
      project.write('only.js', "export const only = ' two'\n")
      await expectLog(['one one', 'one two'])
      expect(sent('client').filter(({ type }) => type !== 'custom')).toEqual([])
      project.write('both.js', "export const both = 'two'\n")
      await tab.text('#app', 'two')
      await expectLog(['one one', 'one two', 'two two'])
      await expectKept()
    })
  })
}

function reset() {
  world.log = []
  onTestFinished(() => void delete world.log)
}

/**
 * Starts a server and runs `/entry.js` in its ssr environment.
 *
 * @param {Record<string, string>} files
 * @param {string} vite
 */
async function run(files, vite) {
  reset()
  const project = createPage(files)
  const served = await serve(project, { vite })
  const ssr = /** @type {import('vite').RunnableDevEnvironment} */ (served.server.environments.ssr)
  await ssr.runner.import('/entry.js')
  return { project, ...served }
}
