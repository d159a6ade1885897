/**
 * Pages: WebSocket clients in a process of their own, one for each server, that note when an update arrives, parsed.
 */

import { answer, now } from './conversation.js'

/** When the last update came, by page. @type {(number | undefined)[]} */
const arrived = []

answer({
  /** @param {{ page: number, port: number, token: string }} input */
  open: ({ page, port, token }) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/?token=${token}`, 'vite-hmr')
      socket.addEventListener('error', () => reject(new Error('the page could not connect')))
      socket.addEventListener('message', ({ data }) => {
        const payload = JSON.parse(String(data))
        if (payload.type === 'connected') resolve(undefined)
        if (payload.type === 'update') arrived[page] = now()
      })
    }),

  /** When the last update arrived; forgets it. */
  arrived(page) {
    const at = arrived[page]
    arrived[page] = undefined
    return at
  },
})
