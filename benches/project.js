/**
 * A shape as real files in a fresh folder, two copies of everything: one for each server. All folders are gone when the
 * process ends.
 */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** Files in one folder: projects have many folders with few files, and watchers pay for both. */
const FILES_IN_A_FOLDER = 25

/** @type {string[]} */
const folders = []

/** A fresh folder. */
export function emptyFolder() {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'bino-bench-')))
  folders.push(folder)
  return folder
}

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

export class Project {
  /** @param {import('./shapes.js').Shape} shape */
  constructor(shape) {
    this.shape = shape
    this.root = emptyFolder()
    shape.modules.forEach((_, index) => {
      if (index % FILES_IN_A_FOLDER === 0) mkdirSync(path.dirname(this.file(index)), { recursive: true })
      writeFileSync(this.file(index), this.code(index, 0))
    })
    mkdirSync(path.dirname(this.css))
    writeFileSync(this.css, this.cssCode(0))
  }

  /** @param {number} index */
  url = (index) => `/src/part${Math.floor(index / FILES_IN_A_FOLDER)}/module${index}.js`

  /** @param {number} index */
  file = (index) => path.join(this.root, this.url(index))

  cssUrl = '/src/styles/page.css'

  get css() {
    return path.join(this.root, this.cssUrl)
  }

  /** @param {number} version */
  cssCode = (version) => `.page {\n  color: #333;\n  order: ${version};\n}\n`

  /**
   * @param {number} index
   * @param {number} version something that differs from save to save
   */
  code(index, version) {
    const { imports, accepts } = this.shape.modules[index]
    return [
      ...imports.map((dep) => `import '${this.url(dep)}'`),
      ...(index === 0 ? [`import '${this.cssUrl}'`] : []),
      `export function render${index}(props) {`,
      `  return { name: 'module ${index}', version: ${version}, ...props }`,
      '}',
      ...(accepts ? ['import.meta.hot?.accept()'] : []),
      '',
    ].join('\n')
  }
}
