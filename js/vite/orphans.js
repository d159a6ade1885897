/**
 * The rule *orphan*: a module that was loaded only because others imported it, and that nobody imports any more, is in no
 * page's use. Vite's own graph keeps it, with what it imported, and takes it for a dead end: an edit of it, or of anything
 * that it once imported, reloads.
 *
 * Owns: what is known of who ever asked for a module. What follows from it is decided in the walk.
 */

/** Set on a module that some other module was seen to import. */
const IMPORTED = Symbol('bino-hmr.imported')

/** Set on a module that a page holds for its own sake, not because of an import that Vite knows of. */
const ROOT = Symbol('bino-hmr.root')

/**
 * `import(name)`, where only the page can know the name: anything but one plain text between the parentheses. In a comment
 * or a text it counts, too.
 */
const UNREADABLE_IMPORT = /\bimport\s*\((?!(?:\s|\/\*[^*]*\*\/)*(?:"[^"\n]*"|'[^'\n]*'|`[^`$\n]*`)\s*[,)])/

/** @typedef {import('vite').EnvironmentModuleNode & { [IMPORTED]?: true, [ROOT]?: true }} Module */

export class Orphans {
  /** Whether it is known of each module who may have a use for it: of pages it is, as long as all imports are readable. */
  #areKnown

  /**
   * @param {boolean} isClient whether pages use the modules
   * @param {Module[]} modules all that there are, now and later
   * @param {(module: Module) => void} changed told of a module that is an orphan no longer
   */
  constructor(isClient, modules, changed) {
    this.#areKnown = isClient
    this.modules = modules
    this.changed = changed
  }

  /** A module was seen to be imported. @param {Module} module */
  imported(module) {
    if (this.#areKnown) module[IMPORTED] = true
  }

  /**
   * A module's code is on its way to pages.
   *
   * @param {Module} module
   * @param {string} code
   */
  transformed(module, code) {
    if (!this.#areKnown || !isUsers(module) || !UNREADABLE_IMPORT.test(code)) return
    // From here on any module may be in use.
    this.#areKnown = false
    for (const each of this.modules) this.keep(each)
  }

  /**
   * Notes that a page holds the module for its own sake, as a script of its HTML for one: it can never be an orphan.
   *
   * @param {Module} module
   */
  keep(module) {
    if (module[ROOT]) return
    module[ROOT] = true
    if (module[IMPORTED] && module.importers.size === 0) this.changed(module)
  }
}

/** @param {Module} module */
export function isOrphan(module) {
  return module.importers.size === 0 && module[IMPORTED] === true && module[ROOT] !== true
}

/**
 * Whether code of the user's own: packages and the runtimes of plugins do not import his modules by name.
 *
 * @param {Module} module
 */
function isUsers({ id, file }) {
  return Boolean(file) && !/\/node_modules\/|^\/@|\0/.test(id ?? '')
}
