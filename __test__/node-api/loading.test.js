/** The package in unusual places: loaded twice, by `require`, and from another context. */

import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import vm from 'node:vm'
import { expect, it } from 'vitest'
import { createWatcher } from '../../js/index.js'
import { fromRoot } from '../../scripts/paths.js'
import { startServer } from '../support/project.js'
import { createProject, runScript, watchProject } from './support.js'

it('two copies of the addon in one process work side by side', async () => {
  const project = createProject({ 'watched/a.js': '' })
  for (const copy of ['one', 'two']) {
    cpSync(fromRoot('js'), project.path(`${copy}/js`), { recursive: true })
    cpSync(fromRoot('package.json'), project.path(`${copy}/package.json`))
  }
  const { code, ended, stdout, stderr } = await runScript(
    `const copies = await Promise.all(['one', 'two'].map((copy) => import(root + '/' + copy + '/js/index.js')))
     const own = { createWatcher }
     if (copies[0].createWatcher === copies[1].createWatcher) throw new Error('one copy')
     const addons = fs.readFileSync('/proc/self/maps', 'utf8').match(/\\S+\\.node$/gm) ?? []
     const watchers = [own, ...copies].map(({ createWatcher }) => createWatcher({ root: root + '/watched', threads: 2 }))
     await Promise.all(watchers.map(({ ready }) => ready))
     const told = watchers.map((watcher) => new Promise((resolve) => watcher.once('batch', resolve)))
     fs.writeFileSync(root + '/watched/a.js', '1')
     const kinds = (await Promise.all(told)).map(({ changes }) => changes[0].kind)
     const maps = fs.readFileSync('/proc/self/maps', 'utf8').match(/\\S+\\.node$/gm) ?? []
     await watchers[1].close()
     const rest = [watchers[0], watchers[2]].map((watcher) => new Promise((resolve) => watcher.once('batch', resolve)))
     fs.writeFileSync(root + '/watched/a.js', '22')
     await Promise.all(rest)
     await Promise.all(watchers.map((watcher) => watcher.close()))
     const { ourThreads } = await import(${JSON.stringify(new URL('../support/threads.js', import.meta.url).href)})
     console.log(JSON.stringify({ kinds, addons: new Set(maps).size, left: ourThreads() }))`,
    { root: project.root },
  )
  expect({ code, ended, stderr }).toEqual({ code: 0, ended: 'by itself', stderr: '' })
  expect(JSON.parse(stdout)).toEqual({ kinds: ['update', 'update', 'update'], addons: 3, left: 0 })
})

it('require() gives what import gives', () => {
  const required = createRequire(import.meta.url)('bino-hmr')
  expect(Object.keys(required)).toEqual(expect.arrayContaining(['binoHmr', 'createWatcher', 'default']))
  expect(required.createWatcher).toBeTypeOf('function')
})

it('a CommonJS script watches', async () => {
  const project = createProject({ 'a.txt': '' })
  const { code, ended, stdout } = await runScript(
    `const { spawnSync } = await import('node:child_process')
     const script = \`
       const { createWatcher, binoHmr } = require('bino-hmr')
       const watcher = createWatcher({ root: process.argv[1] })
       watcher.once('batch', ({ changes }) => {
         console.log(changes[0].kind, typeof binoHmr)
         watcher.close()
       })
       watcher.ready.then(() => require('node:fs').writeFileSync(process.argv[1] + '/a.txt', '1'))\`
     const child = spawnSync(process.execPath, ['--input-type=commonjs', '--eval', script, root], { encoding: 'utf8' })
     if (child.stderr.replace(/.*ExperimentalWarning.*\\n.*\\n/, '') !== '') console.log(child.stderr)
     process.stdout.write(child.stdout)
     process.exitCode = child.status`,
    { root: project.root },
  )
  expect({ code, ended, stdout }).toEqual({ code: 0, ended: 'by itself', stdout: 'update function\n' })
})

it('options, listeners and signals of another context are as good as our own', async () => {
  const { project, watcher } = await watchProject({ 'a.txt': '' })
  const context = vm.createContext({ createWatcher, root: project.root, AbortController })
  const there = vm.runInContext(
    `const told = []
     const control = new AbortController()
     const watcher = createWatcher({ root, ignore: ['*.log'], signal: control.signal })
     watcher.on('batch', ({ changes }) => told.push(...changes.map(({ kind }) => kind)));
     ({ watcher, told, control })`,
    context,
  )
  await there.watcher.ready
  const here = new Promise((resolve) => watcher.once('batch', resolve))
  project.write('b.log', '')
  project.write('a.txt', '1')
  await here
  const loop = there.watcher[Symbol.asyncIterator]()
  project.write('c.txt', '1')
  await loop.next()
  expect(there.told.filter((/** @type {string} */ kind) => kind !== 'update')).toEqual(['create'])
  there.control.abort()
  await there.watcher.close()
  expect(vm.runInContext('try { createWatcher({ ignore: 1 }) } catch (error) { error.code }', context)).toBe(
    'BINO_OPTION_INVALID',
  )
})

it('expressions of another context ignore in Vite', async () => {
  const project = createProject({ 'a.js': '', 'b.log': '' })
  const ignored = vm.runInNewContext('[/\\.log$/]')
  const { server } = await startServer(project, {
    config: { server: { middlewareMode: true, ws: false, watch: { ignored } } },
  })
  expect(server.watcher.getWatched()[project.root]).toEqual(['a.js'])
})
