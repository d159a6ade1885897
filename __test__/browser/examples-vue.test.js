import { describe, expect, it } from 'vitest'
import { STOCK } from '../support/browser.js'
import { openExample } from '../support/example.js'

const CHANNEL = 'src/MixerChannel.vue'

for (const vite of ['vite', 'vite7']) {
  describe(`examples/vue, with ${vite}`, () => {
    it('an edited template is drawn anew, and keeps what was typed into the component', async () => {
      const { tab, edit, expectWords, expectLevel, expectKept } = await openMixer(vite)
      edit(CHANNEL, '{{ level }} %', '{{ level }} percent')
      await tab.text('.level', '80 percent')
      await expectWords('a word')
      await expectLevel('80')
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/src/MixerChannel.vue'])
      await tab.text('.entry strong', 'Updated in place')
      await tab.text('.entry code', 'MixerChannel.vue')
    })

    it('an edited script starts its component anew, and neither its parent nor the store', async () => {
      const { tab, edit, expectLevel, expectListening, expectKept } = await openMixer(vite)
      edit(CHANNEL, "ref('')", "ref('fresh')")
      await tab.sees(() => /** @type {any} */ (document.querySelector('.remark')).value === 'fresh')
      await expectLevel('80')
      await expectListening()
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/src/MixerChannel.vue'])
    })

    it('an edited scoped style is swapped, and nothing else', async () => {
      const { tab, edit, expectWords, expectKept } = await openMixer(vite)
      edit(CHANNEL, '  gap: 0.6rem;\n', '  gap: 1rem;\n')
      await tab.style('.channel', 'row-gap', '16px')
      await expectWords('a word')
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toEqual([
        expect.stringMatching(/^\/src\/MixerChannel\.vue\?vue&type=style&index=0&/),
      ])
      await tab.text('.entry strong', 'Styles swapped')
      await tab.text('.entry code', 'MixerChannel.vue <style>')
    })

    it('an edited CSS module gives its component the new style', async () => {
      const { tab, edit, expectWords, expectKept } = await openMixer(vite)
      edit('src/TryThis.module.css', '  gap: 0.85rem;\n', '  gap: 2rem;\n')
      await tab.style('[aria-labelledby=what-to-edit] ul', 'row-gap', '32px')
      await expectWords('a word')
      await expectKept()
    })

    it('an edited composable updates the component that uses it', async () => {
      const { tab, edit, expectLevel, expectKept } = await openMixer(vite)
      await tab.text('.mood', 'A cosy evening')
      edit('src/useMood.ts', 'A cosy evening', 'A warm evening')
      await tab.text('.mood', 'A warm evening')
      await expectLevel('80')
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/src/MixerDesk.vue'])
    })

    it('an edited store works as it now says, on the mix that was there', async () => {
      const { tab, edit, expectLevel, expectKept } = await openMixer(vite)
      edit('src/mix.ts', 'mix.levels[name] = level', 'mix.levels[name] = level / 2')
      await tab.text('.entry strong', 'Updated in place')
      await expectLevel('80')
      await tab.page.fill('[type=range]', '40')
      await expectLevel('20')
      await expectKept()
    })

    it('an edited async component is updated where it stands', async () => {
      const { tab, edit, expectWords, expectKept } = await openMixer(vite)
      await tab.sees(() => document.querySelectorAll('svg path').length === 4)
      edit('src/SoundWaves.vue', 'aria-hidden="true"', 'aria-hidden="true" class="new"')
      await tab.sees(() => document.querySelectorAll('svg.new path').length === 4)
      await expectWords('a word')
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toEqual(['/src/SoundWaves.vue'])
    })

    it('a new file of the glob is a new channel, and goes with it', async () => {
      const { project, tab, read, expectLevel, expectKept } = await openMixer(vite)
      project.write('src/sounds/storm.ts', read('src/sounds/rain.ts'))
      await tab.sees(() => [...document.querySelectorAll('.name')].some((e) => e.textContent === 'Storm'))
      expect(await tab.page.locator('.channel').count()).toBe(5)
      await expectLevel('80')
      project.remove('src/sounds/storm.ts')
      await tab.sees(() => document.querySelectorAll('.channel').length === 4)
      await expectLevel('80')
      await expectKept()
    })

    it('a composable and the template of its component, saved in one go, both show', async () => {
      const { tab, edit, expectLevel, expectKept } = await openMixer(vite, { debounce: 3000 })
      // When the plugin names the component's file last, the page would take the update for one of the template alone, and
      // go on with the old composable.
      edit('src/useMood.ts', 'A cosy evening', 'A warm evening')
      edit('src/MixerDesk.vue', '<output class="mood">', '<output class="mood new">')
      await tab.text('.mood.new', 'A warm evening')
      await expectLevel('80')
      await expectKept()
      if (!STOCK) expect(tab.payloads('update')).toHaveLength(1)
    })

    it('templates saved in one go all show', async () => {
      const { tab, edit, expectLevel, expectKept } = await openMixer(vite, { debounce: 3000 })
      edit('src/PageHeading.vue', 'keep your mix', 'keep it all')
      edit(CHANNEL, '{{ level }} %', '{{ level }} percent')
      await tab.text('h1', 'Save a file, keep it all')
      await tab.text('.level', '80 percent')
      await expectLevel('80')
      await expectKept()
      if (!STOCK) expect(tab.payloads('update')).toHaveLength(1)
    })

    it('a syntax error shows the overlay, its repair takes it away, and the page is right', async () => {
      const { tab, edit, expectWords, expectLevel, expectKept } = await openMixer(vite)
      // The first update of a page clears an overlay by a reload, in Vite as well; so let there be one before.
      edit('src/PageHeading.vue', 'keep your mix', 'keep it all')
      await tab.text('h1', 'Save a file, keep it all')
      edit(CHANNEL, '{{ level }} %</output>', '{{ level }} %</outpu')
      expect(await tab.overlay()).toContain('MixerChannel.vue')
      edit(CHANNEL, '{{ level }} %</outpu', '{{ level }} percent</output>')
      await tab.text('.level', '80 percent')
      await tab.noOverlay()
      await expectWords('a word')
      await expectLevel('80')
      await expectKept()
      edit(CHANNEL, '{{ level }} percent', '{{ level }} per cent')
      await tab.text('.level', '80 per cent')
      await expectWords('a word')
      await expectKept()
    })

    it('an edited entry reloads the page, and the log tells of it', async () => {
      const { tab, edit } = await openMixer(vite)
      await tab.reloadsBy(() => edit('src/main.ts', "mount('#app')", "mount('#app') // again"))
      await tab.text('.entry strong', 'Page reloaded')
      await tab.text('.entry code', 'main.ts')
    })
  })
}

/**
 * The page with the first channel at 80 %, a word about it, and the sound on.
 *
 * @param {string} vite
 * @param {import('../support/example.js').BinoHmrOptions} [bino]
 */
async function openMixer(vite, bino) {
  const opened = await openExample('vue', { vite, bino })
  const { tab } = opened
  await tab.page.fill('.remark', 'a word')
  await tab.page.fill('[type=range]', '80')
  await tab.page.click('[aria-pressed]')
  await tab.text('.level', '80 %')
  const expectKept = await tab.mark()
  return {
    ...opened,
    expectKept,
    /** @param {string} words */
    expectWords: async (words) => expect(await tab.page.inputValue('.remark')).toBe(words),
    /** @param {string} level */
    expectLevel: async (level) => expect(await tab.page.inputValue('[type=range]')).toBe(level),
    expectListening: async () =>
      expect(await tab.page.getAttribute('[aria-pressed]', 'aria-pressed')).toBe('true'),
  }
}
