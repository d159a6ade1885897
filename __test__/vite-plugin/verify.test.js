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
    const update = page.next()
    project.write('main.js', `${FILES['main.js']}// edited\n`)
    expect(await update).toMatchObject({ updates: [{ path: '/main.js' }] })
    expect(page.logged.filter((line) => line.includes('verify'))).toEqual([])
  }
})
