import { createRunnableDevEnvironment } from 'vite'
import { expect, it, onTestFinished } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

it('an environment that appears later is mirrored and updated', async () => {
  const project = createProject({ 'main.js': 'export const main = 1\nimport.meta.hot.accept()\n' })
  const page = await startServer(project)
  const late = createRunnableDevEnvironment('ssr', page.server.config)
  await late.init({ watcher: page.server.watcher })
  onTestFinished(() => late.close())
  /** @type {import('vite').HotPayload[]} */
  const sent = []
  const { send } = late.hot
  late.hot.send = (payload) => {
    sent.push(payload)
    send.call(late.hot, payload)
  }
  page.server.environments.ssr = late
  await late.transformRequest('/main.js')
  project.write('main.js', 'export const main = 2\nimport.meta.hot.accept()\n')
  const update = await waitFor(
    () => sent.find(({ type }) => type === 'update'),
    () => JSON.stringify(sent),
  )
  expect(update).toMatchObject({ updates: [{ path: '/main.js' }] })
  page.expectNoDifference()
})

it('an environment that was never loaded is sent nothing', async () => {
  const project = createProject({ 'main.js': 'export const main = 1\nimport.meta.hot.accept()\n' })
  const page = await startServer(project)
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', 'export const main = 2\nimport.meta.hot.accept()\n')
  await update
  expect(page.sent('ssr')).toEqual([])
})

it('a dependency that loses its last importer is pruned, and no longer leads anywhere', async () => {
  const project = createProject({
    'main.js': "import './dep.js'\nimport.meta.hot.accept()\n",
    'dep.js': 'export const dep = 1\n',
  })
  const page = await startServer(project)
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', 'import.meta.hot.accept()\n')
  await update
  const prune = page.next(({ type }) => type === 'prune')
  await page.load(['/main.js'])
  expect(await prune).toMatchObject({ paths: ['/dep.js'] })
  page.expectNoDifference()
})
