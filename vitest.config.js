import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** @param {string} folder */
const files = (folder) => `__test__/${folder}/**/*.test.js`

// Node itself loads the plugin and the addon, as it does for users, instead of Vitest's own module runner.
const plugin = fileURLToPath(new URL('js/', import.meta.url))
const server = { deps: { external: [new RegExp(`^${plugin.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`)] } }

// A passing test waits for no time-out, and the machine may be slow and busy with other things: a test ends with what it
// waited for in vain, which says more than that it took too long.
const patience = { testTimeout: 300_000, hookTimeout: 300_000 }

export default defineConfig({
  test: {
    // A test program that ends slowly is none that hangs.
    teardownTimeout: 120_000,
    projects: [
      {
        test: {
          name: 'node',
          include: [files('**')],
          exclude: [files('browser')],
          ...patience,
          server,
        },
      },
      {
        // A real Vite server and a real Chromium: one file at a time, so that none starves another of its deadline.
        test: {
          name: 'browser',
          include: [files('browser')],
          ...patience,
          fileParallelism: false,
          server,
        },
      },
    ],
  },
})
