import { describe, expect, it } from 'vitest'
import { open } from '../support/browser.js'

const RED = 'rgb(255, 0, 0)'
const BLUE = 'rgb(0, 0, 255)'
const GREEN = 'rgb(0, 128, 0)'

for (const vite of ['vite', 'vite7']) {
  describe(`styles, with ${vite}`, () => {
    it('a sheet that a module imports is swapped, and no module runs again', async () => {
      const files = {
        'main.js': "import './style.css'\nwindow.runs = (window.runs ?? 0) + 1\n",
        'style.css': 'body { color: red }\n',
      }
      const { project, tab } = await open(files, { vite })
      await tab.style('body', 'color', RED)
      const expectKept = await tab.mark()
      project.write('style.css', 'body { color: blue }\n')
      await tab.style('body', 'color', BLUE)
      project.write('style.css', 'body { color: green }\n')
      await tab.style('body', 'color', GREEN)
      await expectKept()
      expect(await tab.page.evaluate(() => Reflect.get(window, 'runs'))).toBe(1)
      expect(tab.updates.map(({ path }) => path)).toEqual(['/style.css', '/style.css'])
    })

    it('a sheet that another sheet imports updates the one that the page has', async () => {
      const files = {
        'main.js': "import './style.css'\n",
        'style.css': "@import './part.css';\n",
        'part.css': 'body { color: red }\n',
      }
      const { project, tab } = await open(files, { vite })
      await tab.style('body', 'color', RED)
      const expectKept = await tab.mark()
      project.write('part.css', 'body { color: blue }\n')
      await tab.style('body', 'color', BLUE)
      await expectKept()
      expect(tab.updates.map(({ path }) => path)).toContain('/style.css')
    })

    it('a linked sheet is swapped by a css update', async () => {
      const files = {
        'index.html':
          '<!doctype html><link rel="stylesheet" href="/style.css"><body><script type="module" src="/main.js"></script>\n',
        'main.js': 'export {}\n',
        'style.css': 'body { color: red }\n',
      }
      const { project, tab } = await open(files, { vite })
      await tab.style('body', 'color', RED)
      const expectKept = await tab.mark()
      project.write('style.css', 'body { color: blue }\n')
      await tab.style('body', 'color', BLUE)
      await expectKept()
      expect(tab.updates.map(({ type }) => type)).toContain('css-update')
    })

    it('a CSS module updates the module that uses its names', async () => {
      const files = {
        'main.js': "import './box.js'\n",
        'box.js': `import styles from './box.module.css'
const app = document.querySelector('#app')
app.className = styles.box
app.textContent = Object.keys(styles).sort().join(' ')
import.meta.hot.accept()
`,
        'box.module.css': '.box { color: red }\n',
      }
      const { project, tab } = await open(files, { vite })
      await tab.style('#app', 'color', RED)
      const expectKept = await tab.mark()
      project.write('box.module.css', '.box { color: blue }\n')
      await tab.style('#app', 'color', BLUE)
      project.write('box.module.css', '.box { color: green }\n.more { color: red }\n')
      await tab.text('#app', 'box more')
      await tab.style('#app', 'color', GREEN)
      await expectKept()
    })

    it('a sheet whose import is taken out leaves the page, and comes back with it', async () => {
      const self = "import './style.css'\nimport.meta.hot.accept()\n"
      const files = {
        'main.js': "import './self.js'\n",
        'self.js': self,
        'style.css': 'body { color: red }\n',
      }
      const { project, tab } = await open(files, { vite })
      await tab.style('body', 'color', RED)
      const expectKept = await tab.mark()
      project.write('self.js', 'import.meta.hot.accept()\n')
      await tab.style('body', 'color', 'rgb(0, 0, 0)')
      project.write('self.js', self)
      await tab.style('body', 'color', RED)
      await expectKept()
    })
  })
}

describe('styles', () => {
  it('text imported with ?inline updates the module that imports it', async () => {
    const files = {
      'main.js': "import './box.js'\n",
      'box.js':
        "import css from './box.css?inline'\ndocument.querySelector('#app').textContent = css.match(/red|blue/)[0]\nimport.meta.hot.accept()\n",
      'box.css': '.box { color: red }\n',
    }
    const { project, tab } = await open(files)
    await tab.text('#app', 'red')
    const expectKept = await tab.mark()
    project.write('box.css', '.box { color: blue }\n')
    await tab.text('#app', 'blue')
    await expectKept()
  })

  it('a sheet that cannot be compiled shows the overlay until it can be again', async () => {
    const files = {
      'main.js': "import './style.css'\n",
      'style.css': 'body { color: red }\n',
    }
    const { project, tab } = await open(files)
    await tab.style('body', 'color', RED)
    const expectKept = await tab.mark()
    project.write('style.css', 'body { color: blue }\n')
    await tab.style('body', 'color', BLUE)
    project.write('style.css', "@import './missing.css';\n")
    expect(await tab.overlay()).toContain('missing.css')
    project.write('style.css', 'body { color: green }\n')
    await tab.style('body', 'color', GREEN)
    await tab.noOverlay()
    await expectKept()
  })
})
