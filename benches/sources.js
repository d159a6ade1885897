/**
 * An application as source files, to be scanned cold: components, modules and styles in the sizes and with the imports
 * that applications have. The same size always gives the same files.
 *
 *     main.tsx ─▶ 2 ─▶ 4 ─▶ 8 ─▶ … ─▶ the last half     every module is imported by the one at half its number, and
 *         └───────┴────┴───────────▶ shared (1 in 50)   has up to three more imports further down: no cycles
 *
 * 6 of 10 are TSX, 3 TypeScript, 1 JavaScript; specifiers have no extension. Every fifth component has a CSS module,
 * every fortieth an SVG. `node_modules` has `react` and 40 small packages with an `exports` map.
 */

import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { randomFrom } from './shapes.js'

/** Modules in one folder, and folders in one area. */
const IN_A_FOLDER = 25
const IN_AN_AREA = 20

const PACKAGES = 40

export class Sources {
  /** Everything that a scan has to find. @type {string[]} */
  files = []
  bytes = 0
  #folders = new Set()
  #random

  /**
   * @param {string} root an empty folder
   * @param {number} count how many modules, styles and packages aside
   */
  constructor(root, count) {
    this.root = root
    this.count = count
    this.#random = randomFrom(count)
    this.#writeUnseen('package.json', '{ "name": "application", "type": "module" }\n')
    this.#writeUnseen('tsconfig.json', '{ "compilerOptions": { "jsx": "react", "module": "esnext" } }\n')
    this.#writePackages()
    for (let index = 0; index < count; index++) this.#writeModule(index)
  }

  get entry() {
    return path.join(this.root, this.#file(0))
  }

  /** @param {number} index */
  #name = (index) => (index === 0 ? 'main' : `${kindOf(index) === 'tsx' ? 'Panel' : 'model'}${index}`)

  /** @param {number} index */
  #folder(index) {
    if (index === 0) return 'src'
    const folder = Math.floor(index / IN_A_FOLDER)
    return `src/area-${Math.floor(folder / IN_AN_AREA)}/feature-${folder}`
  }

  /** @param {number} index */
  #file = (index) => `${this.#folder(index)}/${this.#name(index)}.${kindOf(index)}`

  /**
   * @param {number} from
   * @param {number} to
   */
  #specifier(from, to) {
    const relative = path.posix.relative(this.#folder(from), `${this.#folder(to)}/${this.#name(to)}`)
    return relative.startsWith('.') ? relative : `./${relative}`
  }

  /** @param {number} index */
  #imports(index) {
    const { count } = this
    const shared = count - Math.max(1, Math.floor(count / 50))
    const some = (/** @type {number} */ from) => from + Math.floor(this.#random() * (count - from))
    const further = Array.from({ length: Math.floor(this.#random() * 3) }, () => some(index + 1))
    const imports = [2 * index + 1, 2 * index + 2, ...further, some(Math.max(shared, index + 1))]
    return [...new Set(imports)].filter((one) => one > index && one < count)
  }

  /** @param {number} index */
  #writeModule(index) {
    const kind = kindOf(index)
    const imports = this.#imports(index)
    const lines = []
    const used = []
    if (kind === 'tsx') lines.push("import React, { useCallback, useMemo, useState } from 'react'")
    for (const one of imports) {
      const specifier = this.#specifier(index, one)
      // One in twenty is loaded when it is needed.
      if (one % 20 === 7) {
        lines.push(`export const load${one} = () => import('${specifier}')`)
      } else {
        lines.push(`import { value${one} } from '${specifier}'`)
        used.push(`value${one}`)
      }
      if (kind !== 'js' && one % 3 === 0 && kindOf(one) !== 'js')
        lines.push(`import type { Shape${one} } from '${specifier}'`)
    }
    if (index % 4 === 0) {
      lines.push(`import { pick } from 'package-${index % PACKAGES}'`)
      used.push('pick')
    }
    if (kind === 'tsx' && index % 5 === 0) {
      const name = `${this.#name(index)}.module.css`
      this.#write(`${this.#folder(index)}/${name}`, style(index))
      lines.push(`import styles from './${name}'`)
      used.push('styles')
    }
    if (kind === 'tsx' && index % 40 === 0) {
      const name = `${this.#name(index)}.svg`
      this.#write(`${this.#folder(index)}/${name}`, '<svg xmlns="http://www.w3.org/2000/svg" />\n')
      lines.push(`import icon from './${name}'`)
      used.push('icon')
    }
    lines.push('', `export const value${index} = [${used.join(', ')}].length`, '')
    if (kind !== 'js') lines.push(types(index))
    // Most files are short and some are long: 1.5 kB in the middle, 2.2 kB on average.
    const functions = Math.ceil(2 * Math.exp(this.#random() + this.#random() + this.#random() - 1.2))
    for (let nth = 0; nth < functions; nth++) lines.push(helper(index, nth, kind !== 'js'))
    if (kind === 'tsx') lines.push(component(index, this.#name(index)))
    this.#write(this.#file(index), `${lines.join('\n')}\n`)
  }

  #writePackages() {
    const react = ['useState', 'useMemo', 'useCallback'].map((hook) => `export function ${hook}() {}`)
    this.#writeUnseen(
      'node_modules/react/package.json',
      '{ "name": "react", "version": "1.0.0", "type": "module", "main": "index.js" }\n',
    )
    this.#write(
      'node_modules/react/index.js',
      `${react.join('\n')}\nexport function createElement() {}\nexport default { createElement }\n`,
    )
    for (let index = 0; index < PACKAGES; index += 4) {
      const folder = `node_modules/package-${index}`
      const manifest = { name: `package-${index}`, version: '1.0.0', type: 'module' }
      const exports = { '.': { types: './dist/index.d.ts', import: './dist/index.js' } }
      this.#writeUnseen(`${folder}/package.json`, JSON.stringify({ ...manifest, exports }))
      this.#write(
        `${folder}/dist/index.js`,
        "export { pick } from './pick.js'\nexport * from './keys.js'\nexport const own = 1\n",
      )
      this.#write(
        `${folder}/dist/pick.js`,
        "import { keys } from './keys.js'\nexport const pick = (value) => keys(value)[0]\n",
      )
      this.#write(`${folder}/dist/keys.js`, 'export const keys = (value) => Object.keys(value)\n')
    }
  }

  /**
   * @param {string} file
   * @param {string} text
   */
  #write(file, text) {
    this.files.push(path.join(this.root, file))
    this.bytes += text.length
    this.#writeUnseen(file, text)
  }

  /**
   * A file that is no module.
   *
   * @param {string} file
   * @param {string} text
   */
  #writeUnseen(file, text) {
    const folder = path.join(this.root, path.dirname(file))
    if (!this.#folders.has(folder)) mkdirSync(folder, { recursive: true })
    this.#folders.add(folder)
    writeFileSync(path.join(this.root, file), text)
  }
}

/** @param {number} index */
function kindOf(index) {
  const digit = index % 10
  return digit < 6 ? 'tsx' : digit < 9 ? 'ts' : 'js'
}

/** @param {number} index */
const types = (index) => `export interface Shape${index} {
  readonly id: string
  label?: string
  rank: number
  tags: ReadonlyArray<string | number>
}
`

/**
 * @param {number} index
 * @param {number} nth
 * @param {boolean} typed
 */
function helper(index, nth, typed) {
  const of = (/** @type {string} */ type) => (typed ? `: ${type}` : '')
  const limit = (index * 7 + nth) % 97
  return `/** Takes what ranks above ${limit}, and doesn't look further than that. */
export function select${nth}(items${of(`ReadonlyArray<{ rank: number; name?: string }>`)}, limit${of('number')} = ${limit}) {
  const seen = new Map${typed ? '<string, number>' : ''}()
  for (const { rank, name = 'none' } of items) {
    if (rank < limit || /^[-_]\\d+$/.test(name)) continue
    seen.set(\`\${name}:${nth}\`, (seen.get(name) ?? 0) + rank)
  }
  return [...seen].filter(([, sum]) => sum > limit * 2).map(([name, sum]) => ({ name, sum }))
}
`
}

/**
 * @param {number} index
 * @param {string} name
 */
const component = (
  index,
  name,
) => `export default function ${name}({ id, rank, tags, ...rest }: Shape${index}) {
  const [open, setOpen] = useState<boolean>(rank > ${index % 10})
  const visible = useMemo(() => tags.filter((tag) => String(tag).length < 12).slice(0, 50), [tags])
  const toggle = useCallback(() => setOpen((before) => !before), [])
  return (
    <section id={id} data-count={visible.length} onClick={toggle} {...rest}>
      <h2>{\`Part ${index}: \${visible.length} tags\`}</h2>
      {open ? visible.map((tag) => <span key={tag} className="tag">{tag}</span>) : <em>closed</em>}
    </section>
  )
}
`

/** @param {number} index */
const style = (index) => `.root {
  display: grid;
  gap: ${index % 16}px;
}

.root > .title:hover {
  color: rgb(${index % 256} 40 60 / 80%);
}
`
