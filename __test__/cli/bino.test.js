import { execFile, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { hashOf } from '../../js/control/place.js'
import { fromRoot } from '../../scripts/paths.js'
import { mainManifest } from '../../scripts/platforms.js'
import { createProject, startServer, waitFor } from '../support/project.js'
import { bino, ownSockets, startProcess } from './support.js'

const FILES = {
  'main.js': 'export const main = 1\nimport.meta.hot.accept()\n',
  'src/deep/leaf.js': 'export const leaf = 1\n',
}

async function start() {
  const sockets = ownSockets()
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.load(['/main.js'])
  return { sockets, project, page }
}

/** @param {Awaited<ReturnType<typeof startServer>>} page */
const updates = (page) => page.sent().filter(({ type }) => type === 'update' || type === 'full-reload')

it('holds, says so, and releases as one update', async () => {
  const { project, page } = await start()
  const who = `${project.root} (process ${process.pid})`
  const deep = project.path('src/deep')
  expect(await bino(['hold'], deep)).toEqual({
    code: 0,
    stderr: '',
    stdout: `${who}: updates are held; bino release lets them go on\n`,
  })
  expect((await bino(['hold'], deep)).stdout).toBe(`${who}: updates were held already\n`)
  project.write('main.js', `${FILES['main.js']}// one\n`)
  project.write('new.js', '')
  await waitFor(
    () => page.plugin.api.stats().waiting === 2 || undefined,
    () => JSON.stringify(page.plugin.api.stats()),
  )
  const stats = await bino(['stats'], project.root)
  expect(stats.stdout).toContain(
    `${who}\n  updates       held; 2 paths wait\n  under way     0\n  files         3\n`,
  )
  expect(updates(page)).toEqual([])
  expect((await bino(['release'], deep)).stdout).toBe(
    `${who}: updates go on; 2 files taken in as one change\n`,
  )
  expect(updates(page)).toHaveLength(1)
  expect((await bino(['release'], deep)).stdout).toBe(`${who}: updates were not held\n`)
  expect((await bino(['stats'], deep)).stdout).toContain('  updates       go out\n')
})

it('prints JSON for programs', async () => {
  const { project } = await start()
  const who = { root: project.root, pid: process.pid }
  /** @param {string[]} args */
  const json = async (args) => JSON.parse((await bino([...args, '--json'], project.root)).stdout)
  expect(await json(['hold'])).toEqual({ root: project.root, servers: [{ ...who, wasHeld: false }] })
  expect(await json(['stats'])).toEqual({
    root: project.root,
    servers: [
      expect.objectContaining({ ...who, held: true, waiting: 0, files: 2, directories: 3, transactions: 0 }),
    ],
  })
  expect(await json(['release'])).toEqual({
    root: project.root,
    servers: [{ ...who, wasHeld: true, files: 0 }],
  })
})

it('a rebase of twenty commits that was held is one update for each environment', async () => {
  ownSockets()
  const names = Array.from({ length: 20 }, (_, n) => `src/m${n}.js`)
  const content = (/** @type {string} */ text) => `export const text = '${text}'\nimport.meta.hot.accept()\n`
  const project = createProject(Object.fromEntries(names.map((name) => [name, content('base')])))
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', ['-c', 'user.name=test', '-c', 'user.email=test@localhost', ...args], {
      cwd: project.root,
      stdio: 'pipe',
    })
  project.write('upstream.js', content('base'))
  git('init', '--quiet', '--initial-branch=main')
  git('add', '.')
  git('commit', '--quiet', '-m', 'base')
  git('checkout', '--quiet', '-b', 'mine')
  for (const name of names) {
    project.write(name, content('mine'))
    git('commit', '--quiet', '-am', name)
  }
  git('checkout', '--quiet', 'main')
  project.write('upstream.js', content('upstream'))
  git('commit', '--quiet', '-am', 'upstream')
  git('checkout', '--quiet', 'mine')

  const page = await startServer(project)
  for (const environment of ['client', 'ssr']) {
    await page.load(
      [...names, 'upstream.js'].map((name) => `/${name}`),
      environment,
    )
  }
  await bino(['hold'], project.root)
  git('rebase', '--quiet', 'main')
  const { stdout } = await bino(['release'], project.root)
  expect(stdout).toMatch(/updates go on; \d+ files? taken in as one change/)
  expect(updates(page)).toHaveLength(1)
  expect(updates(page)[0]).toMatchObject({ type: 'update' })
  expect(updates(page)[0].updates.map(({ path }) => path)).toContain('/upstream.js')
  const ssr = page.sent('ssr').filter(({ type }) => type === 'update' || type === 'full-reload')
  expect(ssr).toHaveLength(1)
  page.expectNoDifference()
})

it('without a server it says where there are some', async () => {
  const { project, sockets } = await start()
  const silent = net.createServer((socket) => socket.destroy())
  await new Promise((listening) =>
    silent.listen(path.join(sockets.folder, `${'0'.repeat(16)}-12345-abc.sock`), () => listening(undefined)),
  )
  onTestFinished(() => void silent.close())
  const elsewhere = createProject({})
  const { code, stdout, stderr } = await bino(['hold'], elsewhere.root)
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toContain(
    `bino: no Vite server with bino-hmr runs for ${elsewhere.root} or a folder above it; there are:\n`,
  )
  // Others may be there that are not of this test.
  expect(stderr).toContain(`\n  bino hold --root ${project.root}  # process ${process.pid}`)
  expect(stderr).toContain(`\n  process 12345, which does not answer`)
  expect(stderr).toMatch(/ \(BINO_CLI_NO_SERVER\)\n$/)
  const json = await bino(['hold', '--json'], elsewhere.root)
  expect(json.code).toBe(1)
  expect(JSON.parse(json.stdout)).toMatchObject({ error: { code: 'BINO_CLI_NO_SERVER' } })
  const there = await bino(['stats', '--root', path.relative(elsewhere.root, project.root)], elsewhere.root)
  expect(there).toMatchObject({ code: 0, stderr: '' })
})

it('where there is none at all it says what to do', async () => {
  ownSockets()
  const { stderr } = await bino(['hold'], createProject({}).root)
  // Others may be there that are not of this test.
  expect(stderr).toMatch(/; (start Vite there, or name the folder of its project with --root|there are:\n)/)
})

it.each(["it's my app", 'a $HOME `b` "c"', 'plain'])(
  'what it prints can be pasted into a shell: %s',
  async (name) => {
    ownSockets()
    const project = createProject({ [`${name}/main.js`]: '' })
    const page = await startServer({ ...project, root: project.path(name) })
    const { stderr } = await bino(['hold'], createProject({}).root)
    const line = stderr.split('\n').find((one) => one.includes(name.slice(0, 2)) && one.includes('--root'))
    const command = [process.execPath, fromRoot('js/cli/main.js')].map((word) => `'${word}'`).join(' ')
    await promisify(execFile)('sh', ['-c', `bino() { ${command} "$@"; }\n${line}`])
    expect(page.plugin.api.stats().held).toBe(true)
  },
)

it('says for whom it waits, and Ctrl-C ends that', async () => {
  ownSockets()
  const { root } = createProject(FILES)
  const server = await startProcess(root)
  server.kill('SIGSTOP')
  const command = spawn(process.execPath, [fromRoot('js/cli/main.js'), 'stats'], { cwd: root, stdio: 'pipe' })
  onTestFinished(() => void command.kill('SIGKILL'))
  let said = ''
  command.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  await waitFor(
    () => said.includes('\n') || undefined,
    () => said,
  )
  expect(said).toBe(
    `bino: still waits for process ${server.pid} (${root}), which has not answered yet; Ctrl-C ends the wait\n`,
  )
  const ended = new Promise((resolve) => command.once('close', (_code, signal) => resolve(signal)))
  command.kill('SIGINT')
  expect(await ended).toBe('SIGINT')
})

it('asks each server once: a silent one is not waited for twice', async () => {
  const { folder } = ownSockets()
  const { root } = createProject(FILES)
  /** @type {string[]} */
  const asked = []
  mkdirSync(folder, { mode: 0o700 })
  const silent = net.createServer((socket) => {
    socket.setEncoding('utf8').on('data', (text) => {
      asked.push(String(text))
      socket.destroy()
    })
  })
  const address = path.join(folder, `${hashOf(root)}-12345-abc.sock`)
  await new Promise((listening) => silent.listen(address, () => listening(undefined)))
  onTestFinished(() => void silent.close())
  const { code, stderr } = await bino(['hold'], root)
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr:
      'bino: process 12345: the server does not answer: it has closed the connection (BINO_CLI_SILENT)\n',
  })
  expect(asked).toEqual(['{"request":"hold"}\n'])
})

it('several servers of one project are all asked, or those of --pid', async () => {
  const { project, page } = await start()
  const second = await startServer(project)
  const { stdout } = await bino(['hold', '--json'], project.root)
  expect(JSON.parse(stdout).servers).toHaveLength(2)
  for (const { plugin } of [page, second]) expect(plugin.api.stats().held).toBe(true)
  const released = await bino(['release', '--pid', String(process.pid)], project.root)
  expect(released.stdout.split('\n')).toHaveLength(3)
  const { code, stderr } = await bino(['release', '--pid', '999999999'], project.root)
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('in process 999999999') })
})

it('the nearest server is meant', async () => {
  const { project, page } = await start()
  project.write('packages/app/main.js', '')
  const app = await startServer({ ...project, root: project.path('packages/app') })
  await bino(['hold'], project.path('packages/app'))
  expect([page, app].map(({ plugin }) => plugin.api.stats().held)).toEqual([false, true])
  await bino(['hold'], project.path('packages'))
  expect(page.plugin.api.stats().held).toBe(true)
})

it('a project is found through a link to it', async () => {
  const { project, page } = await start()
  const links = createProject({})
  symlinkSync(project.root, links.path('link'))
  expect(await bino(['hold'], links.path('link'))).toMatchObject({ code: 0 })
  expect(page.plugin.api.stats().held).toBe(true)
})

it.each([
  [[], 'which command? There are hold, release, stats'],
  [['pause'], 'there is no command "pause"'],
  [['hold', 'release'], 'one command at a time, not also "release"'],
  [['hold', '--force'], 'there is no option --force. There are --root, --pid, --json'],
  [['hold', '-x'], 'there is no option -x'],
  [['hold', '--pid', 'abc'], '--pid takes the number of a process, as `bino stats` prints it, but got "abc"'],
  [['hold', '--pid', '-1'], '--pid takes the number of a process, as `bino stats` prints it, but got "-1"'],
  [['hold', '--pid=-1'], '--pid takes the number of a process, as `bino stats` prints it, but got "-1"'],
  [['hold', '--pid', ''], 'but got nothing'],
  [['hold', '--root'], '--root takes a folder, but got nothing'],
  [['hold', '--root', '--help'], '--root takes a folder, but got "--help"'],
  [['hold', '--json=yes'], '--json takes nothing, but got "yes"'],
  [['constructor'], 'there is no command "constructor"'],
])('bino %j is refused', async (args, message) => {
  const { code, stdout, stderr } = await bino(args, fromRoot())
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain(message)
  expect(stderr).toContain('(BINO_CLI_USAGE)\nTry bino --help\n')
})

it('tells its version and its help', async () => {
  for (const flag of ['--version', '-v']) {
    expect(await bino([flag], fromRoot())).toEqual({
      code: 0,
      stdout: `${mainManifest().version}\n`,
      stderr: '',
    })
  }
  for (const args of [['--help'], ['-h'], ['hold', '--help']]) {
    const { code, stdout } = await bino(args, fromRoot())
    expect(code).toBe(0)
    for (const word of ['hold', 'release', 'stats', '--root', '--pid', '--json'])
      expect(stdout).toContain(word)
  }
})

it('what lies among the sockets and is none of ours is left alone', async () => {
  const { sockets, project } = await start()
  for (const name of ['notes.txt', `${'0'.repeat(16)}-1-abc.sock`]) {
    writeFileSync(path.join(sockets.folder, name), 'kept')
  }
  expect((await bino(['stats'], project.root)).code).toBe(0)
  const { code, stderr } = await bino(['stats'], '/')
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining(project.root) })
})
