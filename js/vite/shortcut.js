/**
 * `p + enter` in Vite's terminal. Owns: adding it to what Vite binds, behind what others bind to the same key.
 */

/**
 * @typedef {import('vite').ViteDevServer} ViteDevServer
 * @typedef {import('vite').CLIShortcut<ViteDevServer>} Shortcut
 */

const KEY = 'p'

/** Ours, of every server. @type {WeakSet<Shortcut>} */
const ours = new WeakSet()

/** There is one terminal, whatever becomes of the servers; Vite keeps shortcuts over a restart. */
let bound = false

/** Whether the key does anything. */
export const isShortcutBound = () => bound

/**
 * Vite opens the terminal when its command line, or whoever starts a server, calls `bindCLIShortcuts`; ours comes with
 * that call. A plugin that called it by itself would read from a terminal that may belong to somebody else. What others
 * bind to the key, such as Vite's own `--profile`, stays theirs.
 *
 * @param {ViteDevServer} server
 * @param {(server: ViteDevServer) => void} toggle
 */
export function offerShortcut(server, toggle) {
  const { bindCLIShortcuts } = server
  /** @type {Shortcut} */
  const shortcut = { key: KEY, description: 'pause / resume updates', action: toggle }
  ours.add(shortcut)
  server.bindCLIShortcuts = (options) => {
    const given = options?.customShortcuts ?? []
    const isTheirs = [...given, ...boundBefore(server)].some((one) => one.key === KEY && !ours.has(one))
    const customShortcuts = isTheirs ? given : [...given, shortcut]
    bindCLIShortcuts.call(server, { ...options, customShortcuts })
    bound = boundBefore(server).some((one) => ours.has(one))
  }
}

/**
 * What Vite has bound so far. It does not say so in its types; where it stops saying so at all, we would replace another
 * plugin's shortcut for the same key, and not mention ours.
 *
 * @param {ViteDevServer & { _shortcutsState?: { options?: { customShortcuts?: Shortcut[] } } }} server
 */
const boundBefore = (server) => server._shortcutsState?.options?.customShortcuts ?? []
