import { createServer, resolveConfig } from 'vite'
import { expect, it, onTestFinished } from 'vitest'
import { readWatchOptions } from '../../js/vite/watch-options.js'

it("carries over Vite's own ignores, the user's, and what only JavaScript can decide", async () => {
  const server = await createServer({
    configFile: false,
    logLevel: 'silent',
    server: {
      middlewareMode: true,
      watch: {
        ignored: ['**/logs/**', 'notes', /\.tmp$/, (/** @type {string} */ file) => file.endsWith('.bak')],
      },
    },
  })
  onTestFinished(() => server.close())
  const { engine, ignored } = readWatchOptions(server.config, server.watcher.options, ['generated/**'])
  expect(engine.ignore).toContain('**/node_modules/**')
  expect(engine.ignore).toContain('**/logs/**')
  expect(engine.ignore).toContain('notes')
  expect(engine.ignore).toContain(`${server.config.root}/generated/**`)
  expect(engine.alwaysIgnore).toEqual([`${server.config.cacheDir}/**`])
  expect([ignored('/a.tmp'), ignored('/a.bak'), ignored('/a.js')]).toEqual([true, true, false])
})

it('what lies below an ignored folder is ignored too, and functions that ask for Stats get them', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
  const { ignored } = readWatchOptions(
    config,
    /** @type {any} */ ({
      ignored: [
        /\/expression$/,
        (/** @type {string} */ file) => file.endsWith('/called'),
        (/** @type {string} */ file, /** @type {import('node:fs').Stats} */ stats) =>
          Boolean(stats?.isFile()) && file.endsWith('package.json'),
      ],
    }),
    [],
  )
  const below = (/** @type {string} */ file) => ignored(`${config.root}/${file}`)
  expect(['expression/a.js', 'called/deep/b.js', 'package.json', 'src/a.js'].map(below)).toEqual([
    true,
    true,
    true,
    false,
  ])
})

it('a relative glob of Vite means nothing without a cwd, as for chokidar; one of ours lies below the root', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
  /** @param {object} watcher */
  const ignoreOf = (watcher) =>
    readWatchOptions(config, /** @type {any} */ (watcher), ['ours/**']).engine.ignore
  expect(ignoreOf({ ignored: ['logs/**'] })).toEqual(['logs/**', `${config.root}/ours/**`])
  expect(ignoreOf({ ignored: ['logs/**'], cwd: '/elsewhere' })).toEqual([
    '/elsewhere/logs/**',
    `${config.root}/ours/**`,
  ])
})

it('translates polling, depth and awaitWriteFinish', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
  /** @param {object} watcher */
  const read = (watcher) => readWatchOptions(config, /** @type {any} */ (watcher), [])
  expect(read({ usePolling: true }).engine.poll).toBe(100)
  expect(read({ usePolling: true, interval: 500 }).engine.poll).toBe(500)
  expect(read({ usePolling: true, interval: 0 }).engine.poll).toBe(20)
  expect(read({ interval: 500 }).engine.poll).toBeUndefined()
  expect(read({ depth: 2 }).engine.depth).toBe(2)
  expect(read({ awaitWriteFinish: true }).debounce).toBe(2000)
  expect(read({ awaitWriteFinish: { stabilityThreshold: 30 } }).debounce).toBe(30)
  expect(read({}).debounce).toBeUndefined()
})

it('knows the files that make Vite restart', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent', mode: 'staging' }, 'serve')
  const { restarts } = readWatchOptions(config, /** @type {any} */ ({}), [])
  expect([...restarts]).toEqual(
    ['.env', '.env.local', '.env.staging', '.env.staging.local'].map((name) => `${config.root}/${name}`),
  )
})
