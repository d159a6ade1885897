// `npm run demo`: the React example with bino-hmr, also as the very first command after `git clone`.
// What follows `--` goes to Vite: `npm run demo -- --port 5180`.
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buildAddon } from './build-addon.js'
import { installPackages } from './install-packages.js'
import { fromRoot } from './paths.js'
import { bold, cyan, dim, explainFailure } from './terminal.js'

try {
  await installPackages()
  await buildAddon()
  startVite()
} catch (error) {
  explainFailure(error)
  process.exitCode = 1
}

function startVite() {
  const example = fromRoot('examples/react')
  console.log(
    `\n${bold('bino-hmr')} starts Vite in ${cyan('examples/react')}. Open the address below, count a little, then`,
  )
  console.log(`edit and save ${cyan('examples/react/src/Greeting.tsx')}. ${dim('Ctrl-C ends it.')}`)

  const require = createRequire(join(example, 'package.json'))
  const cli = join(dirname(require.resolve('vite/package.json')), 'bin/vite.js')
  const vite = spawn(process.execPath, [cli, '--clearScreen', 'false', ...process.argv.slice(2)], {
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
