import { execFile } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'vite'
import { expect, it, onTestFinished } from 'vitest'
import { ask } from '../../js/control/ask.js'
import { listen } from '../../js/control/listen.js'
import { binoHmr } from '../../js/index.js'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, DEADLINE_MS, startServer, waitFor } from '../support/project.js'
import { connect, ownSockets, PACKAGE, startProcess } from './support.js'

const FILES = { 'main.js': 'export const main = 1\nimport.meta.hot.accept()\n' }

async function start() {
  const sockets = ownSockets()
  const project = createProject(FILES)
  const page = await startServer(project)
  const [address] = sockets.all
  return { sockets, project, page, address }
}

/**
 * @param {() => boolean} condition
 * @param {() => unknown} [describe]
 */
const until = (condition, describe = () => condition) =>
  waitFor(
    () => condition() || undefined,
    () => String(describe()),
  )

/** The server still does what it is there for. @param {Awaited<ReturnType<typeof start>>} started */
async function isUnharmed({ project, page, address }) {
  expect(await ask(address, 'stats')).toMatchObject({ held: false })
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// ${Math.random()}\n`)
  expect(await update).toMatchObject({ type: 'update' })
}

it('only the user can reach the socket, and it goes with the server', async () => {
  const { sockets, page, address } = await start()
  const mode = (/** @type {string} */ file) => statSync(file).mode & 0o777
  expect([mode(sockets.folder), mode(address)]).toEqual([0o700, 0o600])
  await page.server.close()
  expect(sockets.all).toEqual([])
})

it('a restart has one socket, and the old one is gone', async () => {
  const { sockets, page, address } = await start()
  await page.server.restart()
  expect(sockets.all).toHaveLength(1)
  expect(sockets.all).not.toContain(address)
  expect(await ask(sockets.all[0], 'stats')).toMatchObject({ root: page.server.config.root })
})

it('answers requests one after the other, and says what is none', async () => {
  const { address, page } = await start()
  const client = await connect(address)
  const requests = ['{"request":"stats"}', '{"request":"hold"}', '{"request":"hold"}', '{"request":"nope"}']
  // Two at once, one in pieces.
  client.socket.write(`${requests[0]}\n${requests[1]}\n${requests[2].slice(0, 5)}`)
  await until(() => client.lines.length === 2)
  client.socket.write(`${requests[2].slice(5)}\n${requests[3]}\n{"request":"release"}\n`)
  await until(() => client.lines.length === 5)
  const who = { pid: process.pid, root: page.server.config.root }
  expect(client.lines).toEqual([
    { ok: true, answer: expect.objectContaining({ ...who, held: false, waiting: 0, files: 1 }) },
    { ok: true, answer: { ...who, wasHeld: false } },
    { ok: true, answer: { ...who, wasHeld: true } },
    {
      ok: false,
      error: { code: 'BINO_CONTROL_REQUEST', message: 'no such request; there are stats, hold, release' },
    },
    { ok: true, answer: { ...who, wasHeld: true, files: 0 } },
  ])
})

it('a client that closes its side after asking is answered', async () => {
  const { address } = await start()
  const client = await connect(address)
  client.socket.write('{"request":"hold"}\n')
  client.socket.end('{"request":"release"}\n')
  await until(() => client.closed)
  expect(client.lines).toMatchObject([{ ok: true }, { ok: true, answer: { wasHeld: true } }])
})

it.each([
  ['no JSON', 'release\n'],
  ['no object', '"release"\n'],
  ['null', 'null\n'],
  ['bytes', Buffer.from([0xff, 0xfe, 0x0a])],
  ['a line without end', 'x'.repeat(1 << 20)],
  ['a long line', `${JSON.stringify({ request: 'x'.repeat(10_000) })}\n`],
])('%s is answered with an error, and the connection ends', async (_, bytes) => {
  const started = await start()
  const client = await connect(started.address)
  client.socket.write(bytes)
  await until(() => client.closed)
  expect(client.lines).toMatchObject([{ ok: false, error: { code: 'BINO_CONTROL_REQUEST' } }])
  await isUnharmed(started)
})

it.each(['__proto__', 'constructor', 'toString', '', ' stats'])('%j is no request', async (request) => {
  const { address } = await start()
  await expect(ask(address, request)).rejects.toMatchObject({ code: 'BINO_CONTROL_REQUEST' })
})

it('clients that say nothing, and more of them than anybody needs, keep nobody out', async () => {
  const started = await start()
  const idle = []
  for (let count = 0; count < 200; count++) idle.push(await connect(started.address))
  await isUnharmed(started)
  await until(() => idle.filter(({ closed }) => !closed).length <= 32)
})

it('a client that reads no answer is not read on', async () => {
  const started = await start()
  const client = await connect(started.address)
  client.socket.pause()
  const lines = '{"request":"stats"}\n'.repeat(500)
  let taken = 0
  // As much as the operating system and the server are ready to take.
  while (client.socket.writableLength === 0 && taken < 1e8) {
    client.socket.write(lines)
    taken += lines.length
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect(taken).toBeLessThan(1e8)
  await isUnharmed(started)
  expect(client.socket.writableLength).toBeGreaterThan(0)
})

it('clients that go away in the middle of a request do no harm', async () => {
  const started = await start()
  await ask(started.address, 'hold')
  for (const text of ['{"requ', '{"request":"stats"}\n', '{"request":"release"}\n']) {
    const client = await connect(started.address)
    client.socket.write(text, () => client.socket.destroy())
  }
  // The last one was heard, though nobody waits for its answer.
  await until(() => !started.page.session.hold.isOn && !started.page.plugin.api.stats()?.held)
  await isUnharmed(started)
})

it('a release that is being answered is answered, though the server closes', async () => {
  const { address, page } = await start()
  await ask(address, 'hold')
  const client = await connect(address)
  client.socket.write('{"request":"release"}\n')
  await until(() => !page.session.hold.isOn)
  await page.server.close()
  await until(() => client.closed)
  expect(client.lines).toMatchObject([{ ok: true, answer: { wasHeld: true, files: 0 } }])
})

it('what a killed process left is swept by the next server; what others use stays', async () => {
  const sockets = ownSockets()
  const project = createProject(FILES)
  const other = await startServer(project)
  const [living] = sockets.all
  const killed = await startProcess(project.root)
  expect(sockets.all).toHaveLength(2)
  const [left] = sockets.all.filter((address) => address !== living)
  killed.kill('SIGKILL')
  await new Promise((resolve) => killed.once('close', resolve))
  expect(sockets.all).toContain(left)
  await startServer(project)
  await until(
    () => !sockets.all.includes(left),
    () => sockets.all,
  )
  expect(sockets.all).toHaveLength(2)
  expect(await ask(living, 'stats')).toMatchObject({ root: other.server.config.root })
})

it('two servers of one project have a socket each', async () => {
  const { sockets, project } = await start()
  await startServer(project)
  expect(sockets.all).toHaveLength(2)
  for (const address of sockets.all) expect(await ask(address, 'stats')).toMatchObject({ root: project.root })
})

it('control: false opens none', async () => {
  const sockets = ownSockets()
  const page = await startServer(createProject(FILES), { bino: { control: false } })
  expect(sockets.all).toEqual([])
  page.plugin.api.hold()
  await page.log('updates are held')
  expect(page.logged).toContain('info: [bino-hmr] updates are held')
})

it('without a socket nobody is told to use the command', async () => {
  const sockets = ownSockets()
  const page = await startServer(createProject(FILES), { config: { plugins: [{ name: 'vitest' }] } })
  expect(sockets.all).toEqual([])
  page.plugin.api.hold()
  expect(await page.log('updates are held')).toBe('info: [bino-hmr] updates are held')
})

it('vite build and a run of Vitest open none', async () => {
  const sockets = ownSockets()
  const project = createProject({
    'index.html': '<script type="module" src="/main.js"></script>',
    'main.js': '',
    'package.json': '{ "type": "module" }',
    'vitest.config.js': `import { binoHmr } from ${PACKAGE}\nexport default { plugins: [binoHmr()] }\n`,
    'some.test.js':
      "import { readdirSync } from 'node:fs'\nimport { expect, it } from 'vitest'\nit('has none', () => expect(() => readdirSync(process.env.XDG_RUNTIME_DIR + '/bino-hmr')).toThrow())\n",
  })
  await build({ root: project.root, configFile: false, logLevel: 'silent', plugins: [binoHmr()] })
  expect(existsSync(sockets.folder)).toBe(false)
  symlinkSync(fromRoot('node_modules'), project.path('node_modules'))
  const vitest = project.path('node_modules/vitest/vitest.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run'], {
    cwd: project.root,
    timeout: DEADLINE_MS,
  })
  expect(stdout).toContain('1 passed')
  expect(existsSync(sockets.folder)).toBe(false)
})

it('keeps no process alive', async () => {
  ownSockets()
  const project = createProject(FILES)
  const script = `
    import { createServer } from 'vite'
    import { binoHmr } from ${PACKAGE}
    await createServer({ root: ${JSON.stringify(project.root)}, configFile: false, logLevel: 'silent',
      optimizeDeps: { noDiscovery: true },
      server: { middlewareMode: true, ws: false, watch: { persistent: false } }, plugins: [binoHmr()] })
    console.log('started')`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: fromRoot(),
    timeout: DEADLINE_MS,
  })
  expect(stdout).toBe('started\n')
})

it('a path that is too long for a socket falls back to a shorter one', async () => {
  const sockets = ownSockets()
  const long = path.join(path.dirname(sockets.folder), 'x'.repeat(90))
  mkdirSync(long)
  process.env.XDG_RUNTIME_DIR = long
  const page = await startServer(createProject(FILES))
  expect(existsSync(path.join(long, 'bino-hmr'))).toBe(false)
  expect(page.logged.filter((line) => line.includes('BINO_CONTROL'))).toEqual([])
})

/** @type {[string, (folder: string) => void, string][]} */
const UNSAFE = [
  ['a link', (folder) => symlinkSync(path.dirname(folder), folder), 'is not a folder'],
  ['a file', (folder) => writeFileSync(folder, ''), 'is not a folder'],
]
// Only root can give a folder to somebody else.
if (process.getuid?.() === 0) {
  UNSAFE.push([
    'a folder of somebody else',
    (folder) => {
      mkdirSync(folder, { mode: 0o700 })
      chownSync(folder, 12345, 12345)
    },
    'belongs to somebody else',
  ])
}

it.each(UNSAFE)('%s is not used as the folder', async (_, prepare, reason) => {
  const sockets = ownSockets()
  prepare(sockets.folder)
  /** @type {Error[]} */
  const failed = []
  const options = { root: '/', answers: {}, fail: (/** @type {Error} */ error) => failed.push(error) }
  const control = listen({ ...options, places: [sockets.folder] })
  onTestFinished(() => control.close())
  await control.ready
  expect(control.isOpen).toBe(false)
  expect(failed).toMatchObject([{ code: 'BINO_CONTROL_FOLDER', message: `${sockets.folder} ${reason}` }])
})

it('a server that gets no socket in the best folder goes on', async () => {
  const sockets = ownSockets()
  writeFileSync(sockets.folder, '')
  const project = createProject(FILES)
  const page = await startServer(project)
  await page.load(['/main.js'])
  const update = page.next()
  project.write('main.js', `${FILES['main.js']}// edited\n`)
  expect(await update).toMatchObject({ type: 'update' })
})

it('a folder that others may look into is closed to them', async () => {
  const sockets = ownSockets()
  mkdirSync(sockets.folder)
  chmodSync(sockets.folder, 0o755)
  await startServer(createProject(FILES))
  expect(statSync(sockets.folder).mode & 0o777).toBe(0o700)
  expect(sockets.all).toHaveLength(1)
})

it('who listens on a socket but is no server is not taken for one', async () => {
  const sockets = ownSockets()
  mkdirSync(sockets.folder, { mode: 0o700 })
  const address = path.join(sockets.folder, 'odd.sock')
  const odd = net.createServer((socket) => socket.end('hello\n'))
  await new Promise((resolve) => odd.listen(address, () => resolve(undefined)))
  onTestFinished(() => void odd.close())
  await expect(ask(address, 'stats')).rejects.toMatchObject({ code: 'BINO_CLI_SILENT' })
  await startServer(createProject(FILES))
  expect(existsSync(address)).toBe(true)
})

it('who says something now and then, but never an answer, is waited for no longer', async () => {
  const sockets = ownSockets()
  mkdirSync(sockets.folder, { mode: 0o700 })
  const address = path.join(sockets.folder, 'odd.sock')
  const odd = net.createServer((socket) => {
    const drip = setInterval(() => socket.write('.'), 5)
    socket.on('error', () => {})
    socket.on('close', () => clearInterval(drip))
  })
  await new Promise((resolve) => odd.listen(address, () => resolve(undefined)))
  onTestFinished(() => void odd.close())
  await expect(ask(address, 'stats', 100)).rejects.toMatchObject({
    code: 'BINO_CLI_SILENT',
    message: 'the server does not answer: 0.1 s have passed',
  })
})
