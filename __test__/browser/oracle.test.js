/**
 * A fresh load of the page is the oracle: whatever was saved before, the page that took all the updates shows what a
 * page shows that is loaded now.
 *
 * The seed is in the name of the test; `BINO_TEST_SEED=… npx vitest run oracle` plays it again.
 */

import { expect, it } from 'vitest'
import { open, openTab } from '../support/browser.js'

const STEPS = 30
const LEAVES = 6
const PANELS = 4
/** These stay on the page and share their sheets. */
const LASTING = 2
const SHARED = 3
const SHEETS = SHARED + PANELS - LASTING

/** A save that keeps Vite from reading the file, so that the overlay shows. */
const BROKEN = 'export const broken = (\n'

const seeds = process.env.BINO_TEST_SEED
  ? process.env.BINO_TEST_SEED.split(',').map(Number)
  : [1, (Date.now() % 1_000_000) + 2]

for (const seed of seeds) {
  it(`after ${STEPS} random edits the page shows what a fresh load shows (seed ${seed})`, async () => {
    const site = new Site(random(seed))
    const opened = await open(site.files())
    const { project, tab } = opened
    await tab.sees(shows, site.expected())
    /** @type {string[]} */
    const history = []
    try {
      for (let step = 1; step <= STEPS; step++) {
        const { what, files, broken, fromNothing } = site.edit()
        history.push(what)
        for (const [file, content] of Object.entries(files)) {
          if (fromNothing) project.remove(file)
          project.write(file, content)
        }
        if (broken) {
          await tab.overlay()
          continue
        }
        await tab.sees(shows, site.expected())
        await tab.noOverlay()
        await tab.settled()
        if (step % 10 !== 0) continue
        const fresh = await openTab(opened)
        await fresh.sees(shows, site.expected())
        expect(await tab.page.evaluate(snapshot)).toEqual(await fresh.page.evaluate(snapshot))
        await fresh.page.close()
      }
    } catch (error) {
      if (error instanceof Error) error.message = `seed ${seed}\n${history.join('\n')}\n${error.message}`
      throw error
    }
  })
}

/**
 * In the page: whether all panels have the texts, and the page the colours, that they should have.
 *
 * @param {{ texts: string[], colours: string[] }} expected
 */
function shows({ texts, colours }) {
  const style = getComputedStyle(document.documentElement)
  return (
    texts.every((text, index) => document.querySelector(`#panel${index}`)?.textContent === text) &&
    colours.every((colour, index) => style.getPropertyValue(`--sheet${index}`) === colour)
  )
}

/** In the page: all that a person could see of it. */
function snapshot() {
  const { body } = document
  return {
    title: document.title,
    // A page that reloaded may have been given its modules with the time of an edit.
    html: body.outerHTML.replace(/\?t=\d+/g, ''),
    styles: [document.documentElement, ...body.querySelectorAll('*')].map((element) => {
      const style = getComputedStyle(element)
      const own = Array.from({ length: 8 }, (_, index) => style.getPropertyValue(`--sheet${index}`))
      return [element.id, style.color, style.backgroundColor, style.fontWeight, ...own].join(' ')
    }),
    sheets: [...document.querySelectorAll('style')].map((sheet) => sheet.textContent).sort(),
  }
}

/**
 * A page of panels that each accept themselves, show leaves, and use sheets; and what it should show.
 */
class Site {
  /** @type {{ text: string, uses: number | undefined }[]} */
  leaves
  /** @type {{ title: string, leaves: number[], sheets: number[] }[]} */
  panels
  /** @type {string[]} */
  colours
  /** Panels that `main.js` imports. @type {Set<number>} */
  shown
  /** The file that does not parse at the moment. @type {{ file: string, mend: () => string } | undefined} */
  broken
  version = 0

  /** @param {() => number} next */
  constructor(next) {
    this.next = next
    this.leaves = Array.from({ length: LEAVES }, (_, index) => ({ text: `leaf${index}`, uses: undefined }))
    this.panels = Array.from({ length: PANELS }, (_, index) => ({
      title: `panel${index}`,
      leaves: [index, this.pick(LEAVES)],
      sheets: [this.#someSheet(index)],
    }))
    this.colours = Array.from({ length: SHEETS }, (_, index) => `colour${index}`)
    this.shown = new Set(this.panels.keys())
  }

  /** @param {number} count */
  pick(count) {
    return Math.floor(this.next() * count)
  }

  /**
   * A sheet for a panel. Those that may leave the page have their own: Vite never forgets a module, and one that is no
   * longer on the page would keep a shared sheet there.
   *
   * @param {number} panel
   */
  #someSheet(panel) {
    return panel < LASTING ? this.pick(SHARED) : SHARED + panel - LASTING
  }

  /** @returns {Record<string, string>} */
  files() {
    const each = (/** @type {number} */ count, /** @type {(index: number) => [string, string]} */ file) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => file(index)))
    return {
      'index.html': `<!doctype html>\n<body>${this.panels.map((_, index) => `<p id="panel${index}"></p>`).join('')}<script type="module" src="/main.js"></script></body>\n`,
      'main.js': this.main(),
      ...each(LEAVES, (index) => [`leaf${index}.js`, this.leaf(index)]),
      ...each(PANELS, (index) => [`panel${index}.js`, this.panel(index)]),
      ...each(SHEETS, (index) => [`sheet${index}.css`, this.sheet(index)]),
    }
  }

  main() {
    return [...this.shown]
      .sort()
      .map((index) => `import './panel${index}.js'\n`)
      .join('')
  }

  /** @param {number} index */
  leaf(index) {
    const { text, uses } = this.leaves[index]
    return uses === undefined
      ? `export const leaf = '${text}'\n`
      : `import { leaf as below } from './leaf${uses}.js'\nexport const leaf = '${text}+' + below\n`
  }

  /** @param {number} index */
  panel(index) {
    const { title, leaves, sheets } = this.panels[index]
    const own = [...new Set(leaves)]
    return [
      ...own.map((leaf) => `import { leaf as leaf${leaf} } from './leaf${leaf}.js'`),
      ...[...new Set(sheets)].map((sheet) => `import './sheet${sheet}.css'`),
      `document.querySelector('#panel${index}').textContent = ['${title}', ${own.map((leaf) => `leaf${leaf}`).join(', ')}].join(' ')`,
      'import.meta.hot.accept()\n',
    ].join('\n')
  }

  /** @param {number} index */
  sheet(index) {
    return `:root { --sheet${index}: ${this.colours[index]} }\n`
  }

  /**
   * @param {number} index
   * @returns {string}
   */
  textOf(index) {
    const { text, uses } = this.leaves[index]
    return uses === undefined ? text : `${text}+${this.textOf(uses)}`
  }

  #usedSheets() {
    return new Set([...this.shown].flatMap((index) => this.panels[index].sheets))
  }

  #usedLeaves() {
    const used = new Set([...this.shown].flatMap((index) => this.panels[index].leaves))
    // A set that grows while it is gone through is gone through to its end.
    for (const index of used) {
      const { uses } = this.leaves[index]
      if (uses !== undefined) used.add(uses)
    }
    return [...used]
  }

  /** A leaf that the page uses: that it has taken the edit can be seen. */
  #someLeaf() {
    const used = this.#usedLeaves()
    return used[this.pick(used.length)]
  }

  expected() {
    const texts = this.panels.map(({ title, leaves }, index) =>
      this.shown.has(index)
        ? [title, ...[...new Set(leaves)].map((leaf) => this.textOf(leaf))].join(' ')
        : '',
    )
    const used = this.#usedSheets()
    return { texts, colours: this.colours.map((colour, index) => (used.has(index) ? colour : '')) }
  }

  /**
   * Changes one thing of the site. `broken`: the page will show the overlay; `fromNothing`: delete the files first.
   *
   * @returns {{ what: string, files: Record<string, string>, broken?: boolean, fromNothing?: boolean }}
   */
  edit() {
    this.version += 1
    const { broken } = this
    if (broken) {
      this.broken = undefined
      return { what: `mend ${broken.file}`, files: { [broken.file]: broken.mend() } }
    }
    const edits = [
      this.#leafText,
      this.#leafText,
      this.#leafUses,
      this.#panelTitle,
      this.#panelLeaves,
      this.#panelSheets,
      this.#colour,
      this.#colour,
      this.#shown,
      this.#break,
      this.#several,
      this.#again,
    ]
    return edits[this.pick(edits.length)].call(this)
  }

  #leafText() {
    const index = this.#someLeaf()
    this.leaves[index].text = `text${this.version}`
    return { what: `leaf${index}.js: another text`, files: { [`leaf${index}.js`]: this.leaf(index) } }
  }

  /** A leaf uses a later one: never a loop. */
  #leafUses() {
    const index = this.#someLeaf()
    if (index === LEAVES - 1) return this.#leafText()
    const uses = index + 1 + this.pick(LEAVES - index - 1)
    const leaf = this.leaves[index]
    leaf.uses = leaf.uses === uses ? undefined : uses
    return { what: `leaf${index}.js: uses ${leaf.uses}`, files: { [`leaf${index}.js`]: this.leaf(index) } }
  }

  #panelTitle() {
    const index = this.pick(PANELS)
    this.panels[index].title = `title${this.version}`
    return { what: `panel${index}.js: another title`, files: { [`panel${index}.js`]: this.panel(index) } }
  }

  #panelLeaves() {
    const index = this.pick(PANELS)
    this.panels[index].leaves = Array.from({ length: 1 + this.pick(3) }, () => this.pick(LEAVES))
    return {
      what: `panel${index}.js: leaves ${this.panels[index].leaves}`,
      files: { [`panel${index}.js`]: this.panel(index) },
    }
  }

  #panelSheets() {
    const index = this.pick(PANELS)
    this.panels[index].sheets = Array.from({ length: this.pick(3) }, () => this.#someSheet(index))
    return {
      what: `panel${index}.js: sheets ${this.panels[index].sheets}`,
      files: { [`panel${index}.js`]: this.panel(index) },
    }
  }

  /** Vite puts a sheet back on the page that nothing imports any more when it is saved, so only used ones are. */
  #colour() {
    const used = [...this.#usedSheets()]
    if (used.length === 0) return this.#leafText()
    const index = used[this.pick(used.length)]
    this.colours[index] = `colour${this.version}`
    return { what: `sheet${index}.css: another colour`, files: { [`sheet${index}.css`]: this.sheet(index) } }
  }

  /** Nothing accepts `main.js`: the page reloads. */
  #shown() {
    const index = LASTING + this.pick(PANELS - LASTING)
    if (this.shown.has(index)) this.shown.delete(index)
    else this.shown.add(index)
    return { what: `main.js: panels ${[...this.shown]}`, files: { 'main.js': this.main() } }
  }

  /** Only a panel that is on the page can show the overlay. */
  #break() {
    const index = this.pick(LASTING)
    const file = `panel${index}.js`
    this.broken = {
      file,
      mend: () => {
        this.panels[index].title = `mended${this.version}`
        return this.panel(index)
      },
    }
    return { what: `break ${file}`, files: { [file]: BROKEN }, broken: true }
  }

  /** All that the page uses, in one go. */
  #several() {
    /** @type {Record<string, string>} */
    const files = {}
    for (const index of this.#usedLeaves()) {
      this.leaves[index].text = `several${this.version}`
      files[`leaf${index}.js`] = this.leaf(index)
    }
    for (const index of this.#usedSheets()) {
      this.colours[index] = `several${this.version}`
      files[`sheet${index}.css`] = this.sheet(index)
    }
    return { what: `several at once: ${Object.keys(files).join(', ')}`, files }
  }

  /** Deletes a leaf and writes it again, as git does. */
  #again() {
    const index = this.#someLeaf()
    this.leaves[index].text = `again${this.version}`
    const file = `leaf${index}.js`
    return {
      what: `${file}: deleted and written again`,
      files: { [file]: this.leaf(index) },
      fromNothing: true,
    }
  }
}

/**
 * Numbers from 0 to 1 that are the same for the same seed (mulberry32).
 *
 * @param {number} seed
 */
function random(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
}
