/**
 * A server whose transactions can be waited for one by one, for the tests of *same bytes, nothing is sent*.
 */

import { utimesSync } from 'node:fs'
import { createProject, startServer, waitFor } from './project.js'

/** @typedef {import('vite').Plugin} Plugin */

export const FILES = {
  'index.html': '<!doctype html>\n<title>one</title>\n<script type="module" src="/main.js"></script>\n',
  'main.js': "import './a.js'\nimport './b.js'\nimport './style.css'\n",
  'a.js': "import './leaf.js'\nexport const a = 1\nimport.meta.hot.accept()\n",
  'b.js': 'export const b = 1\nimport.meta.hot.accept()\n',
  'leaf.js': "export const leaf = 'A'\n",
  'style.css': '.a { color: red }\n',
}

/**
 * @param {object} [options]
 * @param {ReturnType<typeof createProject>} [options.project]
 * @param {Record<string, string>} [options.files] beside, or in place of, those of every project here
 * @param {Plugin} [options.plugin]
 * @param {(update: import('vite').HotUpdateOptions, environment: import('vite').DevEnvironment) => any} [options.hook]
 * @param {import('../../index.d.ts').BinoHmrOptions} [options.bino]
 * @param {import('vite').InlineConfig} [options.config]
 * @param {boolean} [options.late] leaves the loading to the test
 * @param {string} [options.vite]
 */
export async function open({ project, files, plugin, hook, bino, config, late, vite } = {}) {
  const given = project ?? createProject({ ...FILES, ...files })
  /** Files whose passes have come to their end, told last of all. @type {string[]} */
  const passed = []
  const page = await startServer(given, {
    vite,
    bino,
    config: {
      ...config,
      plugins: [
        ...(plugin ? [plugin] : []),
        {
          name: 'test:hook',
          hotUpdate(update) {
            if (this.environment.name === 'client') return hook?.(update, this.environment)
          },
        },
      ],
    },
  })
  const { session } = page
  const { finish } = session.transactions
  session.transactions.finish = (transaction) => {
    finish(transaction)
    passed.push(...transaction.passes.map(({ file }) => file))
  }
  if (!late) await page.load(['/main.js'])
  /** How much of what was sent the test has seen. @type {Map<string, number>} */
  const seen = new Map()
  /** @param {string} file */
  const saved = (file) => {
    const from = passed.length
    return waitFor(
      () => (passed.slice(from).includes(given.path(file)) ? true : undefined),
      () => `a transaction with ${file}; passed: ${passed.slice(from)}`,
    )
  }
  return Object.assign(page, {
    project: given,
    saved,
    /**
     * Does it, and waits until a transaction has ended because of it.
     *
     * @param {string} what
     * @param {() => void} act
     */
    async saves(what, act) {
      const from = passed.length
      act()
      await waitFor(
        () => (passed.length > from ? true : undefined),
        () => `a transaction for: ${what}`,
      )
    },
    /** The paths of what was sent since the last call. */
    takeSent(environment = 'client') {
      const payloads = page.sent(environment)
      const from = seen.get(environment) ?? 0
      seen.set(environment, payloads.length)
      return payloads.slice(from).flatMap(pathsOf)
    },
    /**
     * From here on as if pages had loaded nothing for so long.
     *
     * @param {number} milliseconds
     */
    idleBefore(milliseconds) {
      session.transactions.run = later(session.transactions.run, milliseconds)
    },
    /** @param {string} url */
    text: async (url) => (await page.server.environments.client.transformRequest(url))?.code,
    /** @param {string} url */
    async html(url) {
      const [local] = page.server.resolvedUrls?.local ?? []
      const response = await fetch(new URL(url, local), { headers: { accept: 'text/html' } })
      return response.text()
    },
  })
}

/** @param {import('vite').HotPayload} payload */
function pathsOf(payload) {
  if (payload.type === 'full-reload') return [`reload ${payload.path}`]
  return payload.type === 'update' ? payload.updates.map(({ path }) => path) : []
}

let clock = Date.now() / 1000

/**
 * As the command: another time, the same bytes.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {string} file
 */
export function touch(project, file) {
  clock += 1
  utimesSync(project.path(file), clock, clock)
}

/**
 * Transactions that begin that much later, as far as they know.
 *
 * @param {Function} run
 * @param {number} by milliseconds
 */
export function later(run, by) {
  return function (/** @type {any} */ batch) {
    const { now } = performance
    performance.now = () => now.call(performance) + by
    try {
      return run.call(this, batch)
    } finally {
      performance.now = now
    }
  }
}
