import { expect, it } from 'vitest'
import { open, STOCK } from '../support/browser.js'
import { inOneGo } from '../support/project.js'

const COUNT = 60

const names = Array.from({ length: COUNT }, (_, index) => index)

/** @param {string} value */
const panel = (value) =>
  `window.values[new URL(import.meta.url).pathname] = '${value}'\nimport.meta.hot.accept()\n`

const FILES = {
  'index.html':
    '<!doctype html><script>window.values = {}</script><script type="module" src="/main.js"></script>\n',
  'main.js': names.map((index) => `import './panel${index}.js'\nimport './style${index}.css'\n`).join(''),
  ...Object.fromEntries(names.map((index) => [`panel${index}.js`, panel('one')])),
  ...Object.fromEntries(names.map((index) => [`style${index}.css`, `:root { --style${index}: one }\n`])),
}

it.skipIf(STOCK)('many files saved at once reach the page as one update', async () => {
  // A debounce of its own: by the adaptive rule the first save of a loop may go ahead of the rest.
  const { tab } = await saveAll({ debounce: 3000 })
  expect(tab.payloads('update')).toHaveLength(1)
  expect(new Set(tab.updates.map(({ path }) => path)).size).toBe(2 * COUNT)
})

it.skipIf(STOCK)('without a debounce they are a few updates at most, and each file is in one of them', () =>
  // A longer pause makes two bursts of one.
  inOneGo(20, async (swiftly) => {
    const { tab } = await saveAll({}, swiftly)
    expect(tab.payloads('update').length).toBeLessThanOrEqual(3)
    expect(tab.updates).toHaveLength(2 * COUNT)
  }),
)

it('a formatter that saves file after file leaves the page with the last of each', async () => {
  const { project, tab } = await open(FILES)
  const expectKept = await tab.mark()
  for (const round of ['two', 'three']) {
    for (const index of names.slice(0, 20)) {
      project.write(`panel${index}.js`, panel(round))
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  await tab.sees(
    () => Object.values(Reflect.get(window, 'values')).filter((value) => value === 'three').length === 20,
  )
  await expectKept()
})

/**
 * Saves every file of the page in one loop, and waits until the page has taken them all without a reload.
 *
 * @param {import('../../index.d.ts').BinoHmrOptions} bino
 * @param {(act: () => void) => void} [swiftly]
 */
async function saveAll(bino, swiftly = (act) => act()) {
  const opened = await open(FILES, { bino })
  const { project, tab } = opened
  const expectKept = await tab.mark()
  for (const index of names) {
    swiftly(() => {
      project.write(`panel${index}.js`, panel('two'))
      project.write(`style${index}.css`, `:root { --style${index}: two }\n`)
    })
  }
  await tab.sees((count) => {
    const style = getComputedStyle(document.documentElement)
    return (
      Object.values(Reflect.get(window, 'values')).filter((value) => value === 'two').length === count &&
      Array.from({ length: count }, (_, index) => style.getPropertyValue(`--style${index}`)).every(
        (value) => value === 'two',
      )
    )
  }, COUNT)
  await expectKept()
  return opened
}
