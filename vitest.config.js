import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** @param {string} folder */
const files = (folder) => `__test__/${folder}/**/*.test.js`

// Node itself loads the plugin and the addon, as it does for users, instead of Vitest's own module runner.
const plugin = fileURLToPath(new URL('js/', import.meta.url))
const server = { deps: { external: [new RegExp(`^${plugin.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`)] } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: [files('**')],
          exclude: [files('browser')],
          testTimeout: 60_000,
          server,
        },
      },
      {
        // A real Vite server and a real Chromium: one file at a time, so that none starves another of its deadline.
        test: {
          name: 'browser',
          include: [files('browser')],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          server,
        },
      },
    ],
  },
})
