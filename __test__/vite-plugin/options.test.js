import { build, createServer } from 'vite'
import { build as build7, createServer as createServer7 } from 'vite7'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { globProblems } from '../../js/globs.js'
import { binoHmr } from '../../js/index.js'
import { environmentProblems, readOptions } from '../../js/options.js'
import { createProject, startServer } from '../support/project.js'

describe('a wrong option is a TypeError that names it, what it got and what it takes', () => {
  /** @type {[string, unknown, string][]} */
  const cases = [
    ['not an object', 'yes', 'binoHmr() takes an object of options, but got "yes"'],
    ['null', null, 'binoHmr() takes an object of options, but got null'],
    ['an array', [], 'binoHmr() takes an object of options, but got []'],
    [
      'an unknown name',
      { debouce: 3 },
      'binoHmr() has no option "debouce"; it takes enabled, ignore, gitignore, debounce',
    ],
    ['enabled', { enabled: 1 }, 'the option "enabled" of binoHmr() takes a boolean, but got 1'],
    [
      'ignore',
      { ignore: 'dist' },
      'the option "ignore" of binoHmr() takes an array of globs or paths, but got "dist"',
    ],
    [
      'gitignore',
      { gitignore: ['dist'] },
      'the option "gitignore" of binoHmr() takes a boolean, but got ["dist"]',
    ],
    ['ignore with an expression', { ignore: [/x/] }, 'takes an array of globs or paths, but got ["/x/"]'],
    ['ignore with a number', { ignore: [3] }, 'takes an array of globs or paths, but got [3]'],
    [
      'debounce below zero',
      { debounce: -1 },
      "takes 'adaptive' or a number of milliseconds from 0 to 60000, but got -1",
    ],
    ['debounce that is no number', { debounce: Number.NaN }, 'but got NaN'],
    ['debounce of another word', { debounce: 'fast' }, 'but got "fast"'],
    ['poll', { poll: 100 }, 'the option "poll" of binoHmr() takes true, false or { interval }'],
    ['poll too often', { poll: { interval: 1 } }, 'but got {"interval":1}'],
    [
      'verify',
      { verify: () => true },
      'the option "verify" of binoHmr() takes a boolean, but got a function',
    ],
    [
      'threads',
      { threads: 0 },
      'the option "threads" of binoHmr() takes a whole number from 1 to 256, but got 0',
    ],
    ['threads with a fraction', { threads: 1.5 }, 'but got 1.5'],
    ['log', { log: 'loud' }, "takes 'silent', 'info' or 'debug', but got \"loud\""],
    ['a bigint', { debounce: 3n }, 'but got 3'],
  ]
  it.each(cases)('%s', (_name, options, message) => {
    let error
    try {
      binoHmr(/** @type {any} */ (options))
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(TypeError)
    expect(error.code).toBe('BINO_OPTION_INVALID')
    expect(error.message).toContain(message)
  })
})

it('undefined means the default', () => {
  expect(binoHmr({ debounce: undefined, log: undefined })).toHaveLength(2)
})

it('the environment wins over the options', () => {
  expect(readOptions({}, { BINO_HMR_ENABLED: '0' }).enabled).toBe(false)
  expect(readOptions({ enabled: false }, { BINO_HMR_ENABLED: '1' }).enabled).toBe(true)
  expect(readOptions({ enabled: false }, { BINO_HMR_ENABLED: '' }).enabled).toBe(false)
  expect(readOptions({ log: 'silent' }, { BINO_HMR_DEBUG: '1' }).log).toBe('debug')
  expect(readOptions({ log: 'silent' }, { BINO_HMR_DEBUG: '0' }).log).toBe('silent')
  expect(readOptions({}, { BINO_HMR_ENABLED: 'False' }).enabled).toBe(false)
  expect(readOptions({ log: 'silent' }, { BINO_HMR_DEBUG: 'false' }).log).toBe('silent')
})

describe('a variable with another value', () => {
  it.each(['maybe', 'off', '2', 'constructor'])('%s changes no option', (value) => {
    const env = { BINO_HMR_ENABLED: value, BINO_HMR_DEBUG: value }
    expect(readOptions({}, env)).toMatchObject({ enabled: true, log: 'info' })
    expect(readOptions({ enabled: false }, env).enabled).toBe(false)
    expect(environmentProblems(env)).toEqual(
      ['BINO_HMR_ENABLED', 'BINO_HMR_DEBUG'].map((name) => ({
        code: 'BINO_ENV_INVALID',
        message: `the environment variable ${name} takes 0, 1, false or true; "${value}" is ignored`,
      })),
    )
  })

  it.each([undefined, '', ' ', '0', '1', 'true', 'FALSE'])('%s is none', (value) => {
    expect(environmentProblems({ BINO_HMR_ENABLED: value, BINO_HMR_DEBUG: value })).toEqual([])
  })

  it.each([true, false])('is warned of by the server, with enabled: %s', async (enabled) => {
    vi.stubEnv('BINO_HMR_ENABLED', 'maybe')
    onTestFinished(() => void vi.unstubAllEnvs())
    const page = await startServer(createProject({ 'main.js': '' }), { bino: { enabled } })
    expect(await page.log('BINO_HMR_ENABLED')).toMatch(/^warnOnce: \[bino-hmr\] BINO_ENV_INVALID: .*"maybe"/)
    expect(page.session === undefined).toBe(!enabled)
  })
})

describe('a bracket without its partner in ignore', () => {
  it.each([
    ['[', '['],
    ['src/[a-', '['],
    ['[]', '['],
    ['[!]', '['],
    ['{a', '{'],
    ['{a,{b}', '{'],
    ['(x', '('],
    ['!(x', '('],
    ['(x}', '}'],
    ['a}', '}'],
    ['a)', ')'],
    ['a]', ']'],
    ['\\\\[x', '['],
  ])('%s', (glob, sign) => {
    expect(globProblems('binoHmr()', ['fine/**', glob])).toEqual([
      {
        code: 'BINO_GLOB_UNBALANCED',
        message: `the option "ignore" of binoHmr(): the ${sign} in ${JSON.stringify(glob)} has no partner and stands for itself; add the other bracket, or write [${sign}] where it belongs to a name`,
      },
    ])
  })

  it.each([
    'a',
    '[a]',
    '[]]',
    '[!]]',
    '[[]',
    '[{]',
    '[(]a',
    '{a,b}',
    '{a,(b|c)}',
    '(app)',
    '\\[a',
    '\\{a',
    'a\\)',
  ])('%s has none', (glob) => {
    expect(globProblems('binoHmr()', [glob])).toEqual([])
  })

  it('is warned of by the server, once, and the server goes on', async () => {
    const project = createProject({ 'main.js': 'import.meta.hot.accept()\n', '{a': '' })
    const page = await startServer(project, { bino: { ignore: ['{a', 'dist/**'] } })
    expect(page.logged.filter((line) => line.includes('ignore'))).toEqual([
      expect.stringMatching(/^warnOnce: \[bino-hmr\] BINO_GLOB_UNBALANCED: the option "ignore" .*"\{a"/),
    ])
    expect(page.plugin.api.stats()).toMatchObject({ files: 1 })
  })
})

describe('plugins: [binoHmr], the call forgotten, says so', () => {
  it.each([
    ['vite', createServer],
    ['vite7', createServer7],
    ['vite build', build],
    ['vite7 build', build7],
  ])('%s', async (_name, run) => {
    const { root } = createProject({ 'index.html': '' })
    const plugins = /** @type {any[]} */ ([[binoHmr]])
    await expect(run({ root, configFile: false, logLevel: 'silent', plugins })).rejects.toMatchObject({
      name: 'TypeError',
      code: 'BINO_OPTION_INVALID',
      message: 'binoHmr is a function to call: write `plugins: [binoHmr()]`',
    })
  })
})
