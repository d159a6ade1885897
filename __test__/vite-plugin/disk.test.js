/**
 * Whatever happens on disk: the server goes on, with our watcher, and the next save is told.
 */

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { createProject, startServer, waitFor } from '../support/project.js'

const FILES = {
  'index.html': '<script type="module" src="/main.js"></script>',
  'main.js': "import './used.js'\n",
  'used.js': 'export const used = 1\nimport.meta.hot.accept()\n',
  'folder/inner/file.js': '',
  'public/robots.txt': '',
  'package.json': '{ "type": "module" }',
  '.gitignore': 'dist\n',
}

/**
 * @typedef {ReturnType<typeof createProject>} Project
 * @type {Record<string, (project: Project) => unknown>}
 */
const MISHAPS = {
  'the root is deleted and made again': ({ root, write }) => {
    fs.rmSync(root, { recursive: true })
    fs.mkdirSync(root)
    for (const [file, content] of Object.entries(FILES)) write(file, content)
  },
  'the root is renamed and comes back': ({ root }) => {
    fs.renameSync(root, `${root}-away`)
    fs.renameSync(`${root}-away`, root)
  },
  'a module becomes a folder': ({ path, remove }) => {
    remove('used.js')
    fs.mkdirSync(path('used.js'))
  },
  'a folder becomes a file': ({ write, remove }) => {
    remove('folder')
    write('folder', '')
  },
  'a folder becomes a link to nothing': ({ path, remove }) => {
    remove('folder')
    fs.symlinkSync('nowhere', path('folder'))
  },
  'links in a circle': ({ path }) => {
    fs.symlinkSync('two', path('one'))
    fs.symlinkSync('one', path('two'))
    fs.symlinkSync('self', path('self'))
  },
  'a link to the root in itself': ({ root, path }) => fs.symlinkSync(root, path('folder/root')),
  'a named pipe': ({ path }) => execFileSync('mkfifo', [path('pipe.js')]),
  'a socket': ({ path }) =>
    new Promise((resolve) => {
      const server = net.createServer()
      onTestFinished(() => void server.close())
      server.listen(path('socket.js'), () => resolve(undefined))
    }),
  'a name that is no UTF-8': ({ root }) =>
    fs.writeFileSync(
      Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe, 0x2e, 0x6a, 0x73])]),
      '',
    ),
  'a name with a line break, quotes and a glob': ({ path }) =>
    fs.writeFileSync(path('a\n"b\'[c]*{d}!(e).js'), ''),
  'a name of 255 bytes': ({ path }) => fs.writeFileSync(path('n'.repeat(255)), ''),
  'folders deeper than a path may be long': ({ root }) => {
    // Not even `rm -r` takes such a path; the shell walks down.
    const name = 'd'.repeat(200)
    execFileSync('sh', ['-c', `for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done`], {
      cwd: root,
    })
    onTestFinished(() => void execFileSync('rm', ['-rf', `${root}/${name}`]))
  },
  'a file of 50 MB': ({ path }) => fs.writeFileSync(path('used.js'), Buffer.alloc(50 * 2 ** 20, '//\n')),
  'bytes that are no text': ({ path }) =>
    fs.writeFileSync(path('used.js'), Buffer.from([0, 0xff, 0xfe, 0x80])),
  'ignore files that are broken': ({ write }) => {
    write('.gitignore', '[\n{a\n\\\n**[z-a]\n!\n\0\xff\n')
    write('folder/.gitignore', '\xff'.repeat(10_000))
  },
  'an ignore file that is a folder': ({ path, remove }) => {
    remove('.gitignore')
    fs.mkdirSync(path('.gitignore'))
  },
  'a .git that is garbage': ({ write }) => write('.git', 'gitdir: /nowhere/\0\n'),
  'a git lock that is a folder': ({ path }) => fs.mkdirSync(path('.git/index.lock'), { recursive: true }),
  'a package.json and a tsconfig.json that are broken': ({ write }) => {
    write('package.json', '{ "name": ')
    write('tsconfig.json', '{ "extends": ["./tsconfig.json"], ')
  },
  'the public folder goes and comes back as a file': ({ write, remove }) => {
    remove('public')
    write('public', '')
  },
  'the page is deleted': ({ remove }) => remove('index.html'),
  'a file that is gone before anybody looks': ({ write, remove }) => {
    for (let count = 0; count < 200; count++) {
      write('short.js', String(count))
      remove('short.js')
    }
  },
  'a folder that may not be read': ({ path }) => {
    fs.chmodSync(path('folder'), 0)
    onTestFinished(() => fs.chmodSync(path('folder'), 0o755))
  },
}

it.each(Object.entries(MISHAPS))('%s', async (_name, happen) => {
  const project = createProject(FILES)
  const page = await startServer(project, { bino: { verify: false } })
  await page.load(['/main.js'])
  /** @type {Set<string>} */
  const told = new Set()
  page.server.watcher.on('all', (_event, file) => void told.add(file))
  await happen(project)
  // Each is another file: what is told is what comes after.
  let count = 0
  let last = 0
  await waitFor(
    () => {
      if ([...told].some((file) => file.includes('alive-'))) return true
      // After a root that went away there is a moment in which nobody can know of a file.
      const now = performance.now()
      if (count > 100 && now < last + 100) return
      last = now
      project.write(`alive-${count++}.js`, '')
    },
    () => `a new file among ${[...told].join(', ')}; logged: ${page.logged.join('\n')}`,
  )
  expect(page.session.failure).toBeUndefined()
  expect(page.plugin.api.stats()).toBeDefined()
  // Vite itself may have something to say about a broken file; it says it to the page.
  const answer = await fetch(new URL('main.js', page.server.resolvedUrls.local[0]))
  expect([200, 500]).toContain(answer.status)
})
