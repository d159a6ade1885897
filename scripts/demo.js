// `npm run demo`: the React example with bino-hmr, also as the very first command after `git clone`; `npm run demo -- vue`
// is the Vue one. What else follows `--` goes to Vite: `npm run demo -- vue --port 5180`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buildAddon } from './build-addon.js'
import { installPackages } from './install-packages.js'
import { fromRoot } from './paths.js'
import { Advice, bold, cyan, dim, explainFailure } from './terminal.js'

/** What to do on the page, and then which file to edit. */
const demos = {
  react: { play: 'count a little', edit: 'src/Greeting.tsx' },
  vue: { play: 'move a fader', edit: 'src/PageHeading.vue' },
}

try {
  const { name, args } = chooseDemo(process.argv.slice(2))
  await installPackages()
  await buildAddon()
  startVite(name, args)
} catch (error) {
  explainFailure(error)
  process.exitCode = 1
}

/**
 * @param {string[]} args the first may name the demo
 * @returns {{ name: keyof typeof demos, args: string[] }}
 */
function chooseDemo(args) {
  const [name, ...rest] = args
  if (name === undefined || name.startsWith('-')) return { name: 'react', args }
  if (name === 'react' || name === 'vue') return { name, args: rest }
  throw new Advice(`There is no demo "${name}". There are: ${Object.keys(demos).join(', ')}.`)
}

/**
 * @param {keyof typeof demos} name
 * @param {string[]} args for Vite
 */
function startVite(name, args) {
  const folder = `examples/${name}`
  const example = fromRoot(folder)
  const { play, edit } = demos[name]
  console.log(
    `\n${bold('bino-hmr')} starts Vite in ${cyan(folder)}. Open the address below, ${play}, then edit and save`,
  )
  console.log(`${cyan(`${folder}/${edit}`)}. ${dim('Ctrl-C ends it.')}`)

  const require = createRequire(join(example, 'package.json'))
  const cli = join(dirname(require.resolve('vite/package.json')), 'bin/vite.js')
  const vite = spawn(process.execPath, [cli, '--clearScreen', 'false', ...args], {
    cwd: example,
    stdio: 'inherit',
  })

  // A terminal sends Ctrl-C to both of us, `kill` only to this process. Vite closes its server and its watcher on
  // SIGTERM; we stay until it has.
  let stopping = false
  const stop = () => {
    stopping = true
    vite.kill('SIGTERM')
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const watch = watchForAbandonment(stop)

  vite.on('error', (error) => {
    explainFailure(error)
    process.exitCode = 1
  })
  vite.on('close', (code) => {
    clearInterval(watch)
    process.exitCode = stopping ? 0 : (code ?? 1)
  })
}

/**
 * `kill` on npm ends npm and the shell between it and us, but not us: the demo would keep its port, and nobody would
 * know why. What tells is that our parent is another one than at the start.
 * @param {() => void} stop
 */
function watchForAbandonment(stop) {
  const parent = process.ppid
  return setInterval(() => {
    if (process.env.npm_lifecycle_event && process.ppid !== parent) stop()
  }, 500)
}
