/**
 * Whether a restart of the server is due. Vite restarts for its config and env files inside the file's event, and pages
 * load anew with it; one that is told to reload meanwhile would find nobody who answers, and stay blank.
 */

/** How long Vite may take from the event to the restart: the `watchChange` hooks come in between. */
const BEGINS_WITHIN_MS = 3000

export class Restarts {
  /** Set while a restart is due or under way; resolves when it is over, also if it failed. @type {Promise<void> | undefined} */
  underWay
  /** @type {(() => void) | undefined} */
  #over
  /** @type {NodeJS.Timeout | undefined} */
  #patience

  /**
   * @param {import('vite').ViteDevServer} server
   * @param {(restart: () => Promise<void>) => Promise<void>} around runs a restart
   */
  constructor(server, around) {
    const { restart } = server
    server.restart = async (...args) => {
      this.expect()
      clearTimeout(this.#patience)
      try {
        return await around(() => restart.apply(server, args))
      } finally {
        this.#end()
      }
    }
  }

  /** A file has changed for which Vite restarts. */
  expect() {
    this.underWay ??= new Promise((resolve) => {
      this.#over = resolve
      this.#patience = setTimeout(() => this.#end(), BEGINS_WITHIN_MS).unref()
    })
  }

  #end() {
    clearTimeout(this.#patience)
    this.underWay = undefined
    this.#over?.()
  }
}
