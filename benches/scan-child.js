/**
 * One cold scan: `node scan-child.js <side> <root> <entry>`, asked once over IPC.
 *
 * The library is loaded before the clock starts. It stops when the side knows the whole graph; counting the modules comes
 * after that.
 */

import path from 'node:path'
import { answer } from './conversation.js'

const [side, root, entry] = process.argv.slice(2)

/** React's classic runtime everywhere: it adds no import of its own, so that all sides see the same modules. */
const sides = {
  async ours() {
    const { createWatcher } = await import('../js/index.js')
    return async () => {
      const watcher = /** @type {import('../index.d.ts').GraphWatcher} */ (
        createWatcher({ root, entries: [entry] })
      )
      await watcher.ready
      return async () => (await watcher.graph()).modules.map(({ path }) => path)
    }
  },

  /**
   * It has no way to stop before the output is printed, so that is in it; not split, since with many dynamic imports that
   * takes longer than all the rest.
   */
  async esbuild() {
    const { build } = await import('esbuild')
    return async () => {
      const { metafile } = await build({
        absWorkingDir: root,
        entryPoints: [entry],
        bundle: true,
        write: false,
        outdir: 'out',
        metafile: true,
        format: 'esm',
        jsx: 'transform',
        loader: { '.svg': 'empty' },
        logLevel: 'silent',
      })
      return () => Object.keys(metafile.inputs).map((file) => path.join(root, file))
    }
  },

  /** Rolldown's own scan: modules are read, parsed, transformed and resolved, and nothing is printed. */
  async rolldown() {
    const { scan } = await import('rolldown/experimental')
    return async () => {
      /** @type {string[]} */
      const modules = []
      await scan(rolldownOptions(modules))
      return () => modules
    }
  },

  /** And its whole build, to memory. */
  async rolldownBuild() {
    const { rolldown } = await import('rolldown')
    return async () => {
      /** @type {string[]} */
      const modules = []
      const bundle = await rolldown(rolldownOptions(modules))
      await bundle.generate({ format: 'esm' })
      return () => modules
    }
  },

  /**
   * A dev server without a page: the entry is transformed, then what Vite finds it to import, and so on. Each request
   * begins as soon as its importer is known. Vite learns of imports in no other way: transforming is part of it.
   */
  async vite() {
    const { createServer } = await import('vite')
    return async () => {
      const { environments } = await createServer({
        root,
        configFile: false,
        logLevel: 'silent',
        server: { middlewareMode: true, ws: false, watch: null },
        optimizeDeps: { noDiscovery: true },
        oxc: { jsx: { runtime: 'classic' } },
      })
      const { client } = environments
      const seen = new Set()
      const crawl = async (/** @type {string} */ url) => {
        if (seen.has(url)) return
        seen.add(url)
        await client.transformRequest(url)
        const module = await client.moduleGraph.getModuleByUrl(url)
        await Promise.all([...(module?.importedModules ?? [])].map((one) => crawl(one.url)))
      }
      await crawl(`/${path.relative(root, entry)}`)
      return () => [...client.moduleGraph.idToModuleMap.keys()]
    }
  },
}

/**
 * @param {string[]} modules is filled when all are known
 * @returns {import('rolldown').InputOptions}
 */
const rolldownOptions = (modules) => ({
  cwd: root,
  input: entry,
  treeshake: false,
  transform: { jsx: { runtime: 'classic' } },
  // It reads no CSS.
  moduleTypes: { '.svg': 'empty', '.css': 'empty' },
  logLevel: 'silent',
  plugins: [
    {
      name: 'bench:count',
      buildEnd() {
        modules.push(...this.getModuleIds())
      },
    },
  ],
})

/** @typedef {() => string[] | Promise<string[]>} Modules */

/** @type {() => Promise<Modules>} */
let scan
/** @type {Modules} */
let modules

answer({
  async load() {
    scan = await sides[/** @type {keyof typeof sides} */ (side)]()
  },

  async scan() {
    const start = performance.now()
    modules = await scan()
    return performance.now() - start
  },

  /**
   * The modules of the project: ours resolves installed packages and does not read them, and Vite's own client belongs to
   * its graph.
   */
  async count() {
    const own = (/** @type {string} */ file) => file.startsWith(root) && !file.includes('/node_modules/')
    return (await modules()).filter(own).length
  },
})
