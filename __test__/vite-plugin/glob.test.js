/** Our expressions beside picomatch's, which is what chokidar asks. */

import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { globToRegExp, hasExtendedGlob } from '../../js/vite/glob.js'
import { randomOf } from '../truth/random.js'

/** The copy that chokidar 3.6 uses. @type {(glob: string, options: object) => (file: string) => boolean} */
const picomatch = createRequire(createRequire(import.meta.url).resolve('chokidar3'))('picomatch')

const GLOBS = [
  ...['**/ext/+(a|b).js', '**/!(keep).skip', '**/!(*.test).js', '/x/!(a|b)', '**/*(a|b)/**', '/x/@(a|b)'],
  ...[
    '**/?(a)b',
    '/x/{a,b}/*.js',
    '/x/[ab].js',
    '/x/[id]',
    '/x/[!a].js',
    '/x/[^a].js',
    '**/*.+(x|y)',
    '/x/+([0-9]).js',
  ],
  ...['**/!(a|b*).md', '/x/(app)/+(a)', '**/!(node_modules)/**', '/x/!(a)/b', '**/!(*.{js,ts})', '/x/a?.js'],
  ...['**/*.!(js|ts)', '/a/**/b/+(c)', '/x/\\[id\\]', '**', '/x/**', '/x/.*'],
]
const FILES = [
  ...['/x', '/x/a', '/x/b', '/x/ab', '/x/a.js', '/x/b.js', '/x/ext/a.js', '/x/ext/aab.js', '/x/ext/c.js'],
  ...['/x/keep.skip', '/x/no.skip', '/x/keepx.skip', '/x/a.test.js', '/x/t.js', '/x/i', '/x/[id]', '/x/b/c'],
  ...['/x/a/b', '/x/c/b', '/x/c.x', '/x/c.xy', '/x/12.js', '/x/(app)/aa', '/x/.a', '/x/b1.md', '/x/c.md'],
  ...['/node_modules/a', '/x/node_modules/a', '/x/c.ts', '/a/b/c', '/a/q/b/cc', '/a.b.ts', '/x/ab.js'],
]

it('each glob matches what it matches for chokidar', () => {
  const wrong = GLOBS.flatMap((glob) => {
    const [theirs, ours] = [picomatch(glob, { dot: true }), globToRegExp(glob)]
    return FILES.filter((file) => theirs(file) !== ours.test(file)).map((file) => `${glob} on ${file}`)
  })
  expect(wrong).toEqual([])
})

it('knows the globs that the engine refuses', () => {
  const table = { '/x/+(a)': true, '/x/*(a)': true, '/x/!(a)': true, '/x/@(a)': false, '/x/?(a)': false }
  expect(Object.fromEntries(Object.keys(table).map((glob) => [glob, hasExtendedGlob(glob)]))).toEqual(table)
  expect(hasExtendedGlob('/x/\\+(a)')).toBe(false)
})

it.each([
  ['/x/[?--(]', ['/x/?', '/x/-', '/x/(', '/x/[?--(]']],
  ['/x/[b--a]', ['/x/b', '/x/-', '/x/a', '/x/[b--a]']],
  ['/x/[--a]', ['/x/-', '/x/.', '/x/?', '/x/a', '/x/[--a]']],
  ['/x/[\\-[]', ['/x/\\', '/x/-', '/x/[', '/x/[\\-[]']],
  ['/x/[^b--a]', ['/x/c', '/x/[^b--a]']],
])('a range the wrong way round is no range, whatever it is made of: %s', (glob, matched) => {
  const expression = globToRegExp(glob)
  expect(matched.filter((file) => !expression.test(file))).toEqual([])
  for (const other of ['/x//', '/x/', '/x/ab', '/x/Ü-']) expect(expression.test(other), other).toBe(false)
})

it('no text makes it throw or hang', () => {
  const seed = Number(process.env.BINO_TEST_SEED ?? Date.now() % 1e9)
  const { pick, below } = randomOf(seed)
  for (let count = 0; count < 5000; count++) {
    const glob = Array.from({ length: below(14) }, () => pick([...'ab/.*?[](){}|!@+,\\-^$'])).join('')
    try {
      globToRegExp(glob).test('/a/b.a/ab')
    } catch (error) {
      throw new Error(`seed ${seed}: ${glob}`, { cause: error })
    }
  }
})
