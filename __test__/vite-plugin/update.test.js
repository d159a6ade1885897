import { describe, expect, it } from 'vitest'
import { createProject, startServer } from '../support/project.js'

const FILES = {
  'index.html': '<script type="module" src="/main.js"></script>',
  'main.js':
    "import { dep } from './dep.js'\nimport './self.js'\nimport './style.css'\nimport.meta.hot.accept('./dep.js', () => {})\nexport { dep }\n",
  'dep.js': "export { leaf as dep } from './leaf.js'\n",
  'leaf.js': 'export const leaf = 1\n',
  'self.js': 'export const self = 1\nimport.meta.hot.accept()\n',
  'style.css': 'body { color: red }\n',
  'linked.css': 'body { color: red }\n',
  'orphan.js': 'export const orphan = 1\n',
  'entry.js': 'export const entry = 1\n',
}

for (const vite of ['vite', 'vite7']) {
  describe(`a save, with ${vite}`, () => {
    it('of a self-accepting module updates that module', async () => {
      const { project, page } = await open(vite)
      const payload = page.next()
      project.write('self.js', `${FILES['self.js']}// edited\n`)
      expect(await payload).toMatchObject({
        type: 'update',
        updates: [
          { type: 'js-update', path: '/self.js', acceptedPath: '/self.js', isWithinCircularImport: false },
        ],
      })
      page.expectNoDifference()
    })

    it('of a leaf updates the importer that accepts the dependency on the way', async () => {
      const { project, page } = await open(vite)
      const payload = page.next()
      project.write('leaf.js', 'export const leaf = 2\n')
      expect(await payload).toMatchObject({
        type: 'update',
        updates: [{ path: '/main.js', acceptedPath: '/dep.js', explicitImportRequired: false }],
      })
      page.expectNoDifference()
    })

    it('of a linked style sheet is a css update', async () => {
      const { project, page } = await open(vite)
      await page.load(['/linked.css?direct'])
      const payload = page.next()
      project.write('linked.css', 'body { color: blue }\n')
      expect(await payload).toMatchObject({
        updates: [{ type: 'css-update', path: '/linked.css?direct', acceptedPath: '/linked.css?direct' }],
      })
      page.expectNoDifference()
    })

    it('that nothing accepts reloads the page and says why', async () => {
      const { project, page } = await open(vite)
      const payload = page.next()
      project.write('entry.js', 'export const entry = 2\n')
      expect(await payload).toMatchObject({
        type: 'full-reload',
        path: '*',
        triggeredBy: project.path('entry.js'),
      })
      expect(await page.log('nothing accepts the change: entry.js')).toContain('page reload')
      page.expectNoDifference()
    })
  })
}

/** @param {string} vite */
async function open(vite) {
  const project = createProject(FILES)
  const page = await startServer(project, { vite })
  await page.load(['/main.js', '/entry.js'])
  return { project, page }
}
