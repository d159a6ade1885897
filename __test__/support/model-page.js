/**
 * A page as far as modules go: what a browser and Vite's client do with urls and payloads, without a browser, so that many
 * runs cost seconds. It fetches as slowly as it is told to.
 */

/** @typedef {import('vite').HotPayload} Payload */

const IMPORTS = /import\s+(?:[^'"]*?from\s+)?["'](\/[^"']+)["']/g

export class ModelPage {
  /** Modules by url with its `?t=`: a browser asks for none of them twice. @type {Map<string, string>} */
  #modules = new Map()
  /** The code that ran last of each module, by url without `?t=`. @type {Map<string, string>} */
  current = new Map()
  #heard = 0
  #closed = false

  /**
   * @param {object} server
   * @param {(url: string) => Promise<string>} server.fetch
   * @param {Payload[]} server.sent grows
   * @param {string} entry
   * @param {() => Promise<void>} pause before each thing that takes a page time
   */
  constructor({ fetch, sent }, entry, pause) {
    this.fetch = fetch
    this.sent = sent
    this.entry = entry
    this.pause = pause
    // Connected before it loads: what is sent to a page that is not, no page can hear.
    this.#heard = sent.length
    this.running = this.#run()
  }

  /** Whether it has taken all that was sent. */
  get isIdle() {
    return this.isLoaded && this.#heard === this.sent.length
  }

  isLoaded = false
  /** Whether nothing runs, because it could not be loaded. */
  #hasFailed = false
  /** Whether an update could not be loaded: the page keeps what it had, and nobody brings that update again. */
  hasMissed = false

  close() {
    this.#closed = true
    return this.running
  }

  async #run() {
    await this.#reload()
    while (!this.#closed) {
      const payload = this.sent[this.#heard]
      if (payload) await this.#hear(payload)
      else await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  async #reload() {
    this.#modules.clear()
    this.current.clear()
    this.hasMissed = false
    this.#hasFailed = !(await this.#import(this.entry))
    this.isLoaded = true
  }

  /** @param {Payload} payload */
  async #hear(payload) {
    await this.pause()
    // What is sent while it works on this one comes after it.
    // As Vite's client, when the first update meets the overlay of what the page could not load.
    const isRepair = payload.type === 'update' && this.#hasFailed
    if (payload.type === 'full-reload' || isRepair) await this.#reload()
    else if (payload.type === 'update') {
      await Promise.all(
        payload.updates.map(async ({ path, acceptedPath, timestamp }) => {
          if (!this.current.has(path)) return
          if (!(await this.#import(`${acceptedPath}?t=${timestamp}`))) this.hasMissed = true
        }),
      )
    }
    this.#heard += 1
  }

  /**
   * As `import()`: nothing runs unless everything could be fetched.
   *
   * @param {string} url
   */
  async #import(url) {
    /** @type {Map<string, string>} */
    const fetched = new Map()
    try {
      await this.#fetchAll(url, fetched)
    } catch {
      // Vite's client logs it, and the page stays as it is.
      return false
    }
    for (const [one, code] of [...fetched].reverse()) {
      this.#modules.set(one, code)
      this.current.set(withoutTime(one), code)
    }
    return true
  }

  /**
   * @param {string} url
   * @param {Map<string, string>} fetched
   */
  async #fetchAll(url, fetched) {
    if (this.#modules.has(url) || fetched.has(url)) return
    fetched.set(url, '')
    await this.pause()
    const code = await this.fetch(url)
    fetched.set(url, code)
    const imports = [...code.matchAll(IMPORTS)].map(([, specifier]) => specifier)
    await Promise.all(
      imports
        .filter((specifier) => !specifier.startsWith('/@'))
        .map((specifier) => this.#fetchAll(specifier, fetched)),
    )
  }
}

/** @param {string} url */
const withoutTime = (url) => url.replace(/([?&])t=\d+(&?)/, (_, before, after) => (after ? before : ''))
