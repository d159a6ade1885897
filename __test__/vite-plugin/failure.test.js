import { expect, it } from 'vitest'
import binoHmr from '../../js/index.js'
import { sessionOf } from '../../js/vite/session.js'
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

it.each([
  ['when its figures are told', { log: 'debug' }, {}],
  ['when folders are left out', {}, { watch: { ignored: () => false } }],
])('an engine that ends right after it was ready fails as any other, %s', async (_when, options, server) => {
  const page = await startServer(createProject(FILES), {
    bino: false,
    config: { server, plugins: [endsEngineOnceReady(), binoHmr(options)] },
  })
  expect(sessionOf(page.server).failure).toMatchObject({ code: 'BINO_ENGINE_CLOSED' })
  await page.log("Vite's own watcher and updates take over")
})

/** Between the engine's word that it is ready and the event loop, which brings it. */
function endsEngineOnceReady() {
  const deadline = performance.now() + 10_000
  const endOnceStarted = (/** @type {import('vite').ViteDevServer} */ server) => {
    const engine = sessionOf(server)?.engine
    // The hook of ours that starts it is next, and the event loop is not reached before that.
    if (!engine) return performance.now() < deadline && queueMicrotask(() => endOnceStarted(server))
    // Answered after it was ready.
    engine.watched()
    engine.fault()
    while (performance.now() < deadline) {
      try {
        engine.stats()
      } catch {
        return
      }
    }
  }
  return {
    name: 'test:ends-engine',
    enforce: 'pre',
    configureServer: { order: 'pre', handler: (server) => void endOnceStarted(server) },
  }
}

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

it('a walk that fails loses neither the error of a hook nor a reload that was to be merged', async () => {
  const project = createProject(FILES)
  const page = await startServer(project, {
    config: {
      plugins: [
        {
          name: 'test:reloads-and-throws',
          hotUpdate() {
            if (this.environment.name !== 'client') return
            this.environment.hot.send({ type: 'full-reload', path: '*' })
            throw new Error('the hook broke')
          },
        },
      ],
    },
  })
  await page.load(['/main.js'])
  page.session.engine.walk = () => {
    throw new Error('the walk broke')
  }
  const error = page.next(({ type }) => type === 'error')
  const reload = page.next(({ type }) => type === 'full-reload')
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await error).toMatchObject({ err: { message: 'the hook broke' } })
  expect(await reload).toEqual({ type: 'full-reload', path: '*' })
})

it('what does not decode is an error with a code, and never a crash', async () => {
  const page = await startServer(createProject(FILES))
  const { engine } = page.session
  const graph = engine.openGraph()
  const cases = [
    () => engine.applyDelta(graph, Uint32Array.of(1, 1), []),
    () => engine.applyDelta(graph, Uint32Array.of(0xffffffff, 63, 7), []),
    () => engine.applyDelta(99, Uint32Array.of(), []),
    () => engine.walk(Uint32Array.of(graph, 0, 1, 0, 1, 4242)),
    () => engine.walk(Uint32Array.of(77)),
  ]
  for (const broken of cases) expect(broken).toThrow(expect.objectContaining({ code: 'BINO_GRAPH_DELTA' }))
})

it('an engine that is closed says so', async () => {
  const page = await startServer(createProject(FILES))
  const { engine } = page.session
  await page.server.close()
  expect(() => engine.stats()).toThrow(expect.objectContaining({ code: 'BINO_ENGINE_CLOSED' }))
  await engine.close()
})
