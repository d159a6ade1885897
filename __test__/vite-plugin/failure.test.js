import { expect, it } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const FILES = { 'main.js': 'export const main = 1\nimport.meta.hot.accept()\n' }

it('a panic of the engine is an error with a code, and stock Vite takes over', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.load(['/main.js'])
  page.session.engine.fault()
  await page.log("Vite's own watcher and updates take over")
  expect(page.session.failure).toMatchObject({ code: 'BINO_ENGINE_PANIC' })
  await waitFor(
    () => page.server.watcher.getWatched()[project.root]?.includes('main.js') || undefined,
    () => 'chokidar does not watch the root',
  )
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update', updates: [{ path: '/main.js' }] })
})

it('a walk that fails sends what Vite would have sent', async () => {
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.load(['/main.js'])
  page.session.engine.walk = () => {
    throw Object.assign(new Error('the walk broke'), { code: 'BINO_ENGINE_PANIC' })
  }
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update', updates: [{ path: '/main.js' }] })
  await page.log('the walk broke')
})
