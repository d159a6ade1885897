/**
 * Runs inside the project that the package was installed into: starts Vite with its five-line config, opens the page's
 * socket, saves a file, prints what arrived and which addon did it. Then closes, and Node has to end by itself.
 */

import { writeFileSync } from 'node:fs'
import { createServer } from 'vite'

const lines = []
const customLogger = {
  hasWarned: false,
  hasErrorLogged: () => false,
  clearScreen: () => {},
  ...Object.fromEntries(
    ['info', 'warn', 'warnOnce', 'error'].map((level) => [level, (line) => void lines.push(line)]),
  ),
}
const server = await createServer({ customLogger, server: { port: 0, host: '127.0.0.1' } })
await server.listen()
const { port } = server.httpServer.address()
await fetch(`http://127.0.0.1:${port}/main.js`).then((response) => response.text())

const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${server.config.webSocketToken}`, 'vite-hmr')
const deadline = setTimeout(() => {
  console.error('no update came', lines)
  process.exit(1)
}, 60_000)
const payload = await new Promise((resolve, reject) => {
  socket.onerror = reject
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data)
    if (message.type === 'connected') {
      // Without the addon chokidar watches, and says when. With it, Vite's being ready is enough.
      const save = () => writeFileSync('main.js', 'export const main = 2\nimport.meta.hot.accept()\n')
      if (engine()) save()
      else if (server.watcher.getWatched()[process.cwd()]) save()
      else server.watcher.once('ready', save)
    } else if (message.type === 'update') resolve(message)
  }
})
clearTimeout(deadline)
socket.close()

console.log(JSON.stringify({ payload, stats: engine(), addons: loadedAddons(), log: lines.join('\n') }))
await server.close()

function engine() {
  return server.config.plugins.find(({ name }) => name === 'bino-hmr').api.stats()
}

function loadedAddons() {
  process.report.excludeNetwork = true
  return process.report.getReport().sharedObjects.filter((file) => file.includes('bino-hmr'))
}
