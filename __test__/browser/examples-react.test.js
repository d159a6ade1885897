import { describe, expect, it } from 'vitest'
import { openTab } from '../support/browser.js'
import { openExample } from '../support/example.js'

const CARD = 'src/shelf/TeaCard.tsx'

for (const vite of ['vite', 'vite7']) {
  describe(`the two pages of examples/react, with ${vite}`, () => {
    it('a component of the second page is updated there, and the first hears of no reload and logs nothing', async () => {
      const { shop, shelf, edit } = await openBoth(vite)
      edit(CARD, 'Take a tin', 'Take a box')
      await shelf.tab.text('li button', 'Take a box')
      await shelf.expectKept()
      await shop.expectKept()
      expect(shelf.tab.updates.map(({ path }) => path)).toEqual(['/src/shelf/TeaCard.tsx'])
      await shelf.logged(['Updated in place TeaCard.tsx'])
      await shop.logged([])
      // The page is not deaf: its own component still arrives, and is logged.
      edit('src/Counter.tsx', 'Pour a cup', 'Pour one')
      await shop.tab.text('button.primary', 'Pour one')
      await shop.expectKept()
      await shelf.expectKept()
      await shop.logged(['Updated in place Counter.tsx'])
      await shelf.logged(['Updated in place TeaCard.tsx'])
    })

    it('a style sheet of the second page changes only that', async () => {
      const { shop, shelf, edit } = await openBoth(vite)
      edit('src/shelf/Shelf.module.css', '  gap: 1rem;\n  margin: 0;\n', '  gap: 2rem;\n  margin: 0;\n')
      await shelf.tab.style('main ul', 'row-gap', '32px')
      await shelf.expectKept()
      await shop.expectKept()
      await shop.logged([])
    })

    it('a component of both pages is updated in both, and each keeps its state', async () => {
      const { both, edit } = await openBoth(vite)
      edit('src/TopBar.tsx', '<strong>bino-hmr</strong>', '<strong>tea</strong>')
      for (const page of both) {
        await page.tab.text('strong', 'tea')
        await page.expectKept()
        expect(page.tab.payloads('update')).toHaveLength(1)
        await page.logged(['Updated in place TopBar.tsx'])
      }
    })

    it('the store of both pages works as it now says, and what is in it stays', async () => {
      const { shop, shelf, both, edit } = await openBoth(vite)
      await shelf.tab.page.click('li button')
      await shelf.tab.text('[data-basket]', 'Basket: 1 for €11.80')
      await shop.tab.text('[data-basket]', 'Basket: empty')
      edit('src/basket.ts', 'Basket: empty', 'Nothing yet')
      edit('src/basket.ts', 'Basket: $', 'Bag: $')
      await shop.tab.text('[data-basket]', 'Nothing yet')
      await shelf.tab.text('[data-basket]', 'Bag: 1 for €11.80')
      for (const page of both) await page.expectKept()
      await shelf.tab.page.click('li button')
      await shelf.tab.text('[data-basket]', 'Bag: 2 for €23.60')
    })

    it('a module below components of both pages updates them all', async () => {
      const { shop, shelf, both, edit } = await openBoth(vite)
      await shelf.tab.text('li strong', '€11.80')
      edit('src/price.ts', "currency: 'EUR'", "currency: 'GBP'")
      await shelf.tab.text('li strong', '£11.80')
      await shop.tab.text('form strong', '£8.40')
      for (const page of both) await page.expectKept()
    })

    it('a new file of the glob is on the shelf, its edit too, and it goes with the file', async () => {
      const { project, shop, shelf, read } = await openBoth(vite)
      const names = (/** @type {string[]} */ wanted) =>
        shelf.tab.sees(
          (text) => [...document.querySelectorAll('li h3')].map((e) => e.textContent).join() === text,
          wanted.join(),
        )
      await names(['Sencha'])
      const matcha = read('src/shelf/teas/sencha.ts').replace("name: 'Sencha'", "name: 'Matcha'")
      project.write('src/shelf/teas/matcha.ts', matcha)
      await names(['Matcha', 'Sencha'])
      project.write('src/shelf/teas/matcha.ts', matcha.replace('Matcha', 'Gyokuro'))
      await names(['Gyokuro', 'Sencha'])
      project.remove('src/shelf/teas/matcha.ts')
      await names(['Sencha'])
      await shelf.expectKept()
      await shop.expectKept()
      await shop.logged([])
    })

    it('the entry of one page reloads all that are open, as Vite has it', async () => {
      const { shop, shelf, edit } = await openBoth(vite)
      await Promise.all([
        shop.tab.reloadsBy(() => {}),
        shelf.tab.reloadsBy(() => edit('src/shelf/main.tsx', '<StrictMode>\n', '<StrictMode>\n\n')),
      ])
      await shop.logged(['Page reloaded main.tsx'])
      await shelf.logged(['Page reloaded main.tsx'])
    })
  })
}

/**
 * Both pages of one server: the shop with two cups poured, the shelf with a word to look for.
 *
 * @param {string} vite
 */
async function openBoth(vite) {
  const { tab, ...opened } = await openExample('react', { vite })
  const shop = await pageOf(tab, async () => {
    expect(await tab.page.textContent('output')).toBe('2')
  })
  await tab.page.click('button.primary')
  await tab.page.click('button.primary')
  await tab.text('output', '2')
  const second = await openTab(opened, 'shelf.html')
  const shelf = await pageOf(second, async () => {
    expect(await second.page.inputValue('[type=search]')).toBe('grass')
  })
  await second.page.fill('[type=search]', 'grass')
  await second.text('li h3', 'Sencha')
  return { ...opened, shop, shelf, both: [shop, shelf] }
}

/**
 * @param {import('../support/browser.js').Tab} tab
 * @param {() => Promise<void>} expectState
 */
async function pageOf(tab, expectState) {
  const expectMarked = await tab.mark()
  return {
    tab,
    /** Fails if the page reloaded, or lost what was typed or counted on it. */
    expectKept: async () => {
      await expectMarked()
      await expectState()
    },
    /**
     * Waits until this is all that the panel "What just happened" says, newest first.
     *
     * @param {string[]} entries
     */
    logged: (entries) =>
      tab.sees(
        (wanted) =>
          [...document.querySelectorAll('[aria-labelledby=what-just-happened] li')]
            .map((entry) => [...entry.querySelectorAll('strong, code')].map((e) => e.textContent).join(' '))
            .join() === wanted,
        entries.join(),
      ),
  }
}
