/**
 * A real Chromium on a real project with a real Vite server. One browser for a test file, one page for a test; pages,
 * servers and folders are gone when the test ends, and `verify` must have been silent in every one of them.
 */

import { symlinkSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { afterAll, expect, onTestFinished } from 'vitest'
import { chromiumLaunchOptions } from '../../scripts/chromium.js'
import { fromRoot } from '../../scripts/paths.js'
import { createProject, DEADLINE_MS, startServer, waitFor } from './project.js'

/**
 * @typedef {import('./project.js').Payload} Payload
 * @typedef {import('./project.js').Files} Files
 * @typedef {Parameters<typeof startServer>[1]} ServerOptions
 */

/** `BINO_TEST_STOCK=1` leaves the plugin out, to see that stock Vite does what these tests expect. */
export const STOCK = Boolean(process.env.BINO_TEST_STOCK)

/** @type {Promise<import('playwright-core').Browser> | undefined} */
let browser

const launched = () => {
  browser ??= chromiumLaunchOptions().then((options) => chromium.launch({ ...options, timeout: DEADLINE_MS }))
  return browser
}

afterAll(async () => {
  if (browser) await (await browser).close()
})

/** The page of every project that does not bring its own. */
const INDEX = '<!doctype html>\n<div id="app"></div>\n<script type="module" src="/main.js"></script>\n'

/**
 * Writes a project with a page into a fresh folder.
 *
 * @param {Files} files `index.html` may be left out: then it loads `/main.js`
 */
export function createPage(files) {
  const project = createProject({ 'index.html': INDEX, ...files })
  if (!STOCK) return project
  // chokidar drops a change that comes within 50 ms of another one of the same file.
  const { write } = project
  const pause = new Int32Array(new SharedArrayBuffer(4))
  /** @type {typeof write} */
  const patiently = (file, content) => {
    Atomics.wait(pause, 0, 0, 100)
    write(file, content)
  }
  return Object.assign(project, { write: patiently })
}

/**
 * Starts a server on a fresh project and opens its page.
 *
 * @param {Files} files
 * @param {ServerOptions & { path?: string, packages?: boolean }} [options] `path` is where the page is; with `packages`
 *   the project can import the packages of this repository
 */
export async function open(files, { path = '', packages = false, ...options } = {}) {
  const project = createPage(files)
  if (packages) linkPackages(project)
  const served = await serve(project, options)
  const tab = await openTab(served, path)
  return { project, tab, ...served }
}

/**
 * Lets a project import the packages of this repository.
 *
 * @param {ReturnType<typeof createProject>} project
 */
export function linkPackages(project) {
  symlinkSync(fromRoot('node_modules'), project.path('node_modules'), 'dir')
}

/**
 * Starts a server on a project, and holds it to `verify` when the test ends.
 *
 * @param {ReturnType<typeof createProject>} project
 * @param {ServerOptions} [options]
 */
export async function serve(project, { config = {}, ...options } = {}) {
  const served = await startServer(project, {
    ...options,
    ...(STOCK && { bino: false }),
    config: { ...config, server: { host: '127.0.0.1', ...config.server } },
  })
  onTestFinished(() => served.expectNoDifference())
  return served
}

/**
 * Opens one more tab on a server.
 *
 * @param {Awaited<ReturnType<typeof startServer>>} served
 * @param {string} [path] below the server's base
 */
export async function openTab(served, path = '') {
  const [local] = served.server.resolvedUrls?.local ?? []
  return openUrl(new URL(path, local).href, served)
}

/**
 * Opens a tab on any url, and waits until its module scripts have run and it is connected.
 *
 * @param {string} url
 * @param {{ logged: string[] }} served whose log tells of what went wrong
 */
export async function openUrl(url, served) {
  const tab = new Tab(await newPage(), served)
  await tab.page.goto(url)
  await tab.connected(1)
  return tab
}

/** An empty page of its own, for one test. */
export async function newPage() {
  const context = await (await launched()).newContext({ ignoreHTTPSErrors: true })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  page.setDefaultTimeout(DEADLINE_MS)
  return page
}

export class Tab {
  /** What came through the socket since the tab was opened, over all its reloads. @type {Payload[]} */
  frames = []
  /** How many times it has begun to connect. */
  sockets = 0
  /** @type {string[]} */
  console = []

  /**
   * @param {import('playwright-core').Page} page
   * @param {{ logged: string[] }} served
   */
  constructor(page, served) {
    this.page = page
    this.served = served
    page.on('websocket', (socket) => {
      this.sockets += 1
      socket.on('framereceived', ({ payload }) => this.frames.push(JSON.parse(String(payload))))
    })
    page.on('console', (message) => this.console.push(`${message.type()}: ${message.text()}`))
    page.on('pageerror', (error) => this.console.push(`uncaught: ${error.message}`))
  }

  /** @param {Payload['type']} type */
  payloads(type) {
    return this.frames.filter((payload) => payload.type === type)
  }

  /** Every update of every payload so far. */
  get updates() {
    return this.payloads('update').flatMap(
      (payload) => /** @type {import('vite').UpdatePayload} */ (payload).updates,
    )
  }

  /**
   * Waits until the page has connected that many times: once for each load.
   *
   * @param {number} times
   */
  async connected(times) {
    await this.hears(() => this.payloads('connected').length >= times, `connection ${times}`)
    await this.page.waitForLoadState('load')
  }

  /** Waits until the page, if it is loading, is connected: what is saved before that may pass it by. */
  settled() {
    return this.hears(() => this.payloads('connected').length === this.sockets, 'a connection')
  }

  /**
   * Waits for what the socket brings.
   *
   * @param {() => boolean} condition
   * @param {string} what
   */
  async hears(condition, what) {
    await waitFor(
      () => condition() || undefined,
      () => `${what}; ${this.#report()}`,
    )
  }

  /**
   * Waits until `condition` is true in the page, over reloads too.
   *
   * @template Arg
   * @param {(arg: Arg) => unknown} condition
   * @param {Arg} [arg]
   */
  async sees(condition, arg) {
    try {
      // By the clock: a page in the background paints no frames.
      await this.page.waitForFunction(condition, arg, { polling: 10, timeout: DEADLINE_MS })
    } catch (error) {
      const found = await this.page
        .evaluate(() => ({ body: document.body.innerHTML, log: Reflect.get(window, 'log') }))
        .catch(String)
      throw new Error(
        `${error instanceof Error ? error.message.split('\n')[0] : error}\nwanted: ${JSON.stringify(arg)} ` +
          `from ${condition}\nin the page: ${JSON.stringify(found)}\n${this.#report()}`,
      )
    }
  }

  /**
   * Waits until the first match of `selector` has this text.
   *
   * @param {string} selector
   * @param {string} text
   */
  text(selector, text) {
    return this.sees(
      ([css, wanted]) => document.querySelector(css)?.textContent === wanted,
      /** @type {const} */ ([selector, text]),
    )
  }

  /**
   * Waits until the first match of `selector` has this style.
   *
   * @param {string} selector
   * @param {string} property
   * @param {string} value as computed, such as `rgb(255, 0, 0)`
   */
  style(selector, property, value) {
    return this.sees(
      ([css, name, wanted]) => {
        const element = document.querySelector(css)
        return element && getComputedStyle(element).getPropertyValue(name) === wanted
      },
      /** @type {const} */ ([selector, property, value]),
    )
  }

  /**
   * Waits until the modules of the page have pushed exactly this to `window.log`.
   *
   * @param {unknown[]} entries
   */
  log(entries) {
    return this.sees(
      (wanted) => JSON.stringify(Reflect.get(window, 'log') ?? []) === wanted,
      JSON.stringify(entries),
    )
  }

  /** Empties `window.log`. */
  clear() {
    return this.page.evaluate(() => void Reflect.set(window, 'log', []))
  }

  /** Puts a mark on the window that no reload survives, and gives the check that it is still there. */
  async mark() {
    await this.page.evaluate(() => void Reflect.set(window, 'mark', 'kept'))
    const reloads = this.payloads('full-reload').length
    return async () => {
      await this.flush()
      expect(this.payloads('full-reload').slice(reloads), this.#report()).toEqual([])
      expect(await this.page.evaluate(() => Reflect.get(window, 'mark')), this.#report()).toBe('kept')
    }
  }

  /** Waits until all that was sent before now has been heard by the page: frames come in order. */
  async flush() {
    const { server } = /** @type {{ server?: import('vite').ViteDevServer }} */ (this.served)
    if (!server) return
    const event = `test:flush-${++flushes}`
    server.environments.client.hot.send(event)
    await this.hears(
      () => this.frames.some((payload) => payload.type === 'custom' && payload.event === event),
      event,
    )
  }

  /**
   * Waits until the page has reloaded once because of `act`, and is connected again.
   *
   * @param {() => unknown} act
   */
  async reloadsBy(act) {
    const before = this.payloads('connected').length
    await this.page.evaluate(() => void Reflect.set(window, 'mark', 'old'))
    await act()
    await this.connected(before + 1)
    await this.sees(() => Reflect.get(window, 'mark') === undefined)
  }

  /** Waits for the error overlay, and gives its text. */
  async overlay() {
    await this.sees(() => document.querySelector('vite-error-overlay'))
    return this.page.evaluate(
      () => document.querySelector('vite-error-overlay')?.shadowRoot?.textContent ?? '',
    )
  }

  /** Waits until there is no overlay. */
  noOverlay() {
    return this.sees(() => !document.querySelector('vite-error-overlay'))
  }

  #report() {
    return [
      `heard: ${JSON.stringify(this.frames.slice(-8))}`,
      `console: ${this.console.slice(-8).join('\n  ')}`,
      `server: ${this.served.logged.slice(-8).join('\n  ')}`,
    ].join('\n')
  }
}

let flushes = 0
