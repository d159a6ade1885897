import { symlinkSync } from 'node:fs'
import { createServer, resolveConfig } from 'vite'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readPolling } from '../../js/polling.js'
import { ownGlobs, readWatchOptions } from '../../js/vite/watch-options.js'
import { createProject } from '../support/project.js'

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
  const { engine, ignored } = readWatchOptions(server.config, server.watcher.options, {
    ignore: ['generated/**'],
  })
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
        (/** @type {[string, import('node:fs').Stats?]} */ ...rest) =>
          Boolean(rest[1]?.isFile()) && rest[0].endsWith('biome.json'),
      ],
    }),
    { ignore: [] },
  )
  const below = (/** @type {string} */ file) => ignored(`${config.root}/${file}`)
  expect(
    ['expression/a.js', 'called/deep/b.js', 'package.json', 'biome.json', 'src/a.js'].map(below),
  ).toEqual([true, true, true, true, false])
})

it('a function that asks for Stats gets none of a link in circles, and nothing is said', async () => {
  const project = createProject({})
  symlinkSync('circle', project.path('circle'))
  const config = await resolveConfig({ configFile: false, root: project.root, logLevel: 'silent' }, 'serve')
  const errors = vi.spyOn(config.logger, 'error')
  /** @type {unknown[]} */
  const given = []
  const asks = (/** @type {string} */ _file, /** @type {import('node:fs').Stats} */ stats) =>
    void given.push(stats)
  const { ignored } = readWatchOptions(config, /** @type {any} */ ({ ignored: asks }), { ignore: [] })
  expect(ignored(project.path('circle'))).toBe(false)
  expect(given.slice(0, 2)).toEqual([undefined, undefined])
  expect(errors).not.toHaveBeenCalled()
})

it('a relative glob of Vite means nothing without a cwd, as for chokidar; one of ours lies below the root', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
  /** @param {object} watcher */
  const ignoreOf = (watcher) =>
    readWatchOptions(config, /** @type {any} */ (watcher), { ignore: ['ours/**'] }).engine.ignore
  expect(ignoreOf({ ignored: ['logs/**'] })).toEqual(['logs/**', `${config.root}/ours/**`])
  expect(ignoreOf({ ignored: ['logs/**'], cwd: '/elsewhere' })).toEqual([
    '/elsewhere/logs/**',
    `${config.root}/ours/**`,
  ])
})

it.each([
  ['dist', '/x/[id]', '/x/\\[id\\]/dist/**'],
  ['dist/', '/x/[id]', '/x/\\[id\\]/dist/**'],
  ['dist/**', '/x/[id]', '/x/\\[id\\]/dist/**'],
  ['*.log', '/x/[id]', '/x/\\[id\\]/*.log'],
  ['!dist', '/x/[id]', '!/x/\\[id\\]/dist'],
  ['**/*.log', '/x/[id]', '**/*.log'],
  ['!**/pkg/**', '/x/[id]', '!**/pkg/**'],
  ['/y/dist/**', '/x/[id]', '/y/dist/**'],
  ['dist', '/x', '/x/dist'],
  ['*.log', '/x', '/x/*.log'],
  ['a?b', '/x', '/x/a?b'],
  ['{a,b}/**', '/x', '/x/{a,b}/**'],
  ['\\[draft', '/x', '/x/[draft'],
  ['\\{a,b\\}', '/x', '/x/\\{a,b\\}/**'],
  ['/y/\\(draft', '/x', '/y/(draft'],
  ['\\[*', '/x', '/x/\\[*'],
])('the option ignore: %s below %s is %s', (glob, root, whole) => {
  expect(ownGlobs([glob], root)).toEqual([whole])
})

it('translates depth and awaitWriteFinish', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent' }, 'serve')
  /** @param {object} watcher */
  const read = (watcher) => readWatchOptions(config, /** @type {any} */ (watcher), { ignore: [] })
  expect(read({ depth: 2 }).engine.depth).toBe(2)
  expect(read({ awaitWriteFinish: true }).debounce).toBe(2000)
  expect(read({ awaitWriteFinish: { stabilityThreshold: 30 } }).debounce).toBe(30)
  expect(read({}).debounce).toBeUndefined()
})

it('knows the files that make Vite restart', async () => {
  const config = await resolveConfig({ configFile: false, logLevel: 'silent', mode: 'staging' }, 'serve')
  const { restarts } = readWatchOptions(config, /** @type {any} */ ({}), { ignore: [] })
  expect([...restarts]).toEqual(
    ['.env', '.env.local', '.env.staging', '.env.staging.local'].map((name) => `${config.root}/${name}`),
  )
})

describe('what is polled', () => {
  /** @type {[string, import('../../js/polling.js').Poll | undefined, NodeJS.ProcessEnv, object, object][]} */
  const cases = [
    ['nothing said', undefined, {}, {}, { poll: undefined }],
    ['usePolling', undefined, {}, { usePolling: true }, { poll: true }],
    ['usePolling, refused', undefined, {}, { usePolling: false }, { poll: false }],
    [
      'the intervals, whatever is polled',
      undefined,
      {},
      { interval: 500, binaryInterval: 900 },
      { poll: undefined, interval: 500, restInterval: 900 },
    ],
    ['an interval of zero', undefined, {}, { usePolling: true, interval: 0 }, { poll: true, interval: 10 }],
    ['the environment says 1', undefined, { CHOKIDAR_USEPOLLING: '1' }, {}, { poll: true }],
    ['the environment says True', undefined, { CHOKIDAR_USEPOLLING: 'True' }, {}, { poll: true }],
    ['the environment says anything', undefined, { CHOKIDAR_USEPOLLING: 'yes' }, {}, { poll: true }],
    ['the environment wins', undefined, { CHOKIDAR_USEPOLLING: '0' }, { usePolling: true }, { poll: false }],
    ['the environment says FALSE', undefined, { CHOKIDAR_USEPOLLING: 'FALSE' }, {}, { poll: false }],
    ['the environment says nothing', undefined, { CHOKIDAR_USEPOLLING: '' }, {}, { poll: false }],
    [
      'the interval of the environment',
      undefined,
      { CHOKIDAR_INTERVAL: '250' },
      { interval: 500 },
      { interval: 250 },
    ],
    ['one that is no number', undefined, { CHOKIDAR_INTERVAL: 'often' }, {}, { interval: undefined }],
    ['our option wins', false, { CHOKIDAR_USEPOLLING: '1' }, { usePolling: true }, { poll: false }],
    [
      'our option means the default interval',
      true,
      { CHOKIDAR_INTERVAL: '250' },
      { interval: 500 },
      { poll: true, interval: undefined, restInterval: undefined },
    ],
    ['our interval', { interval: 40 }, {}, { interval: 500 }, { poll: true, interval: 40, restInterval: 40 }],
  ]
  it.each(cases)('%s', (_name, option, env, watch, expected) => {
    expect(readPolling(option, env, watch)).toMatchObject(expected)
  })

  it("takes the user's own word for usePolling, not chokidar's default", async () => {
    const read = async (/** @type {object} */ watch) => {
      const server = await createServer({
        configFile: false,
        logLevel: 'silent',
        server: { middlewareMode: true, watch },
      })
      onTestFinished(() => server.close())
      return readWatchOptions(server.config, server.watcher.options, { ignore: [] }).engine
    }
    expect(await read({})).toMatchObject({ poll: undefined, interval: 100, restInterval: 300 })
    expect(await read({ usePolling: true, interval: 50 })).toMatchObject({ poll: true, interval: 50 })
    expect(await read({ usePolling: false })).toMatchObject({ poll: false })
  })
})
