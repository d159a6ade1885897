import { spawn } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, waitFor } from '../support/project.js'
import { bino, ownSockets } from './support.js'

/** Gives a program a terminal: what we write is typed, what it prints comes back. */
const TERMINAL = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)'

const SHORTCUTS = {
  none: '',
  'one more': "customShortcuts: [{ key: 'k', description: 'knock', action: () => console.log('knocked') }]",
  'the same key':
    "customShortcuts: [{ key: 'p', description: 'print', action: () => console.log('printed') }]",
}

/**
 * Vite's own command line in a terminal.
 *
 * @param {object} [options]
 * @param {keyof typeof SHORTCUTS} [options.shortcuts] what a plugin of the user binds
 * @param {'pre' | 'post'} [options.enforce] where that plugin stands
 * @param {string[]} [options.args]
 * @param {string} [options.vite]
 */
async function start({ shortcuts = 'none', enforce = 'post', args = [], vite = 'vite' } = {}) {
  ownSockets()
  const project = createProject({
    'package.json': '{ "type": "module" }',
    'index.html': '<script type="module" src="/main.js"></script>',
    'main.js': 'import.meta.hot.accept()\n',
    'vite.config.js': `import { binoHmr } from 'bino-hmr'
      const users = { name: 'users', enforce: '${enforce}', configureServer(server) {
        ${shortcuts === 'none' ? '' : `server.bindCLIShortcuts({ ${SHORTCUTS[shortcuts]} })`}
      } }
      export default { plugins: [users, binoHmr()], server: { port: 0 } }\n`,
  })
  // As installed: Vite bundles a config, but not the packages that it imports.
  mkdirSync(project.path('node_modules'))
  symlinkSync(fromRoot(), project.path('node_modules/bino-hmr'), 'dir')
  const cli = path.join(fromRoot('node_modules'), vite, 'bin/vite.js')
  // Vite asks whether it runs in CI, where there is no terminal.
  const { CI: _, ...env } = process.env
  const child = spawn('python3', ['-c', TERMINAL, process.execPath, cli, ...args], {
    cwd: project.root,
    env: { ...env, TERM: 'xterm', NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    printed += text
  })
  const terminal = {
    project,
    child,
    /** What is on it, without colours. */
    get text() {
      return stripVTControlCharacters(printed).replaceAll('\r', '')
    },
    /**
     * Types, and waits until something more is printed.
     *
     * @param {string} keys
     * @param {string} answer
     */
    async type(keys, answer) {
      const before = terminal.text.length
      child.stdin.write(`${keys}\n`)
      await terminal.prints(answer, before)
      return terminal.text.slice(before)
    },
    prints: (/** @type {string} */ answer, from = 0) =>
      waitFor(
        () => terminal.text.slice(from).includes(answer) || undefined,
        () => `${answer}\non the terminal:\n${terminal.text}`,
      ),
  }
  await terminal.prints('press h + enter to show help')
  return terminal
}

it.each(['vite', 'vite7'])('p + enter holds and releases: %s', async (vite) => {
  const terminal = await start({ vite })
  const help = await terminal.type('h', 'press q + enter to quit')
  expect(help).toContain('press p + enter to pause / resume updates')
  expect(help).toContain('press r + enter to restart the server')

  expect(await terminal.type('p', 'updates are held')).toContain(
    '[bino-hmr] updates are held (press p + enter or run `bino release` to let them go on)',
  )
  terminal.project.write('main.js', 'import.meta.hot.accept() // edited\n')
  const { stdout } = await bino(['stats'], terminal.project.root)
  expect(stdout).toContain('held')
  await terminal.type('p', 'updates go on: 1 file taken in as one change')
  await terminal.type('p', 'updates are held')

  // Vite keeps its shortcuts over a restart, and the hold stays.
  const restarted = await terminal.type('r', 'updates are still held')
  const [vites, ours] = ['server restarted.', '[bino-hmr] updates are still held (press p + enter or'].map(
    (text) => restarted.indexOf(text),
  )
  expect({ said: vites >= 0, behind: ours > vites }).toEqual({ said: true, behind: true })
  await terminal.type('p', 'updates go on: nothing has changed')
  const ended = new Promise((resolve) => terminal.child.once('close', resolve))
  terminal.child.stdin.write('q\n')
  expect(await ended).toBe(0)
})

it.each(/** @type {const} */ (['pre', 'post']))("a plugin's own shortcuts stay: %s", async (enforce) => {
  const terminal = await start({ shortcuts: 'one more', enforce })
  const help = await terminal.type('h', 'press q + enter to quit')
  expect(help).toContain('press k + enter to knock')
  expect(help).toContain('press p + enter to pause / resume updates')
  await terminal.type('k', 'knocked')
  await terminal.type('p', 'updates are held')
})

it.each(/** @type {const} */ (['pre', 'post']))('the key is left to who has it: %s', async (enforce) => {
  const terminal = await start({ shortcuts: 'the same key', enforce })
  const help = await terminal.type('h', 'press q + enter to quit')
  expect(help).toContain('press p + enter to print')
  expect(help).not.toContain('pause')
  await terminal.type('p', 'printed')
  // The message does not speak of a key that does something else.
  await bino(['hold'], terminal.project.root)
  await terminal.prints('updates are held (run `bino release` to let them go on)')
})

it("the key is left to Vite's profiler", async () => {
  const terminal = await start({ args: ['--profile'] })
  const help = await terminal.type('h', 'press q + enter to quit')
  expect(help).toContain('press p + enter to start/stop the profiler')
  expect(help).not.toContain('pause')
})
