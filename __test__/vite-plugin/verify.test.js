import { expect, it } from 'vitest'
import { createProject, startServer } from '../support/project.js'

const FILES = { 'main.js': 'export const main = 1\nimport.meta.hot.accept()\n' }

it('verify logs a difference with both payloads', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.load(['/main.js'])
  // A bug of ours, as it would look like: the walk finds nothing to do.
  page.session.engine.walk = () => ['client', 'ssr'].map(() => Uint32Array.of(0, 0, 0, 0, 0, 0))
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  const line = await page.log('verify: client differs from Vite')
  expect(line).toContain('only Vite: js-update /main.js /main.js')
  expect(line).toContain('bino-hmr sent: []')
  expect(() => page.expectNoDifference()).toThrow('differs')
})

it('verify is silent where both agree, and without it Vite is not asked', async () => {
  for (const verify of [true, false]) {
    const project = createProject(FILES)
    const page = await startServer(project, { bino: { verify } })
    await page.load(['/main.js'])
    const { moduleGraph } = page.server.environments.client
    const { invalidateModule } = moduleGraph
    let invalidations = 0
    moduleGraph.invalidateModule = (...args) => {
      invalidations += 1
      invalidateModule(...args)
    }
    const update = page.next()
    project.write('main.js', `${FILES['main.js']}// edited\n`)
    expect(await update).toMatchObject({ updates: [{ path: '/main.js' }] })
    // Once before the hooks, and once more where Vite computes its own answer.
    expect(invalidations).toBe(verify ? 2 : 1)
    expect(page.logged.filter((line) => line.includes('verify'))).toEqual([])
  }
})
