import { copyFileSync, cpSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { addonFile, fromRoot } from '../../scripts/paths.js'
import { mainManifest, platforms } from '../../scripts/platforms.js'
import { createFolder, node, removeFolder, succeeded } from './sandbox.js'

const built = /** @type {string} */ (addonFile())
const all = platforms()
const here = all.find(({ addon }) => addon === path.basename(built))
const other = all.find(({ manifest }) => manifest.os[0] !== process.platform)
const { version } = mainManifest()

/** The package as it is installed, with the package of this platform beside it. */
function installed() {
  const root = createFolder()
  onTestFinished(() => removeFolder(root))
  const own = path.join(root, 'node_modules/bino-hmr')
  mkdirSync(own, { recursive: true })
  cpSync(fromRoot('js'), path.join(own, 'js'), {
    recursive: true,
    filter: (file) => !file.endsWith('.node'),
  })
  copyFileSync(fromRoot('package.json'), path.join(own, 'package.json'))
  return {
    root,
    own,
    built: path.join(own, 'js', here.addon),
    addon: path.join(root, 'node_modules', here.manifest.name, here.addon),
    /** @param {(typeof all)[number]} platform @param {object} [changes] */
    add(platform, changes) {
      const folder = path.join(root, 'node_modules', platform.manifest.name)
      mkdirSync(folder, { recursive: true })
      writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ ...platform.manifest, ...changes }))
      const addon = path.join(folder, platform.addon)
      copyFileSync(built, addon)
      return addon
    },
    /**
     * Loads the addon in a process of its own: what is broken here may well end it.
     *
     * @param {{ before?: string, flags?: string[] }} [options] `before`: what makes the process another platform
     */
    async load({ before = '', flags = [] } = {}) {
      writeFileSync(
        path.join(root, 'load.mjs'),
        `${before}
        const { loadAddon } = await import('bino-hmr/js/load-addon.js'.replace(/^/, './node_modules/'))
        try {
          console.log(JSON.stringify({ names: Object.keys(loadAddon()) }))
        } catch ({ code, message, cause }) {
          console.log(JSON.stringify({ code, message, cause: cause && { code: cause.code, message: cause.message } }))
        }`,
      )
      return JSON.parse(succeeded(await node([...flags, 'load.mjs'], { cwd: root })))
    },
  }
}

describe('loads', () => {
  it('what npm installed', async () => {
    const project = installed()
    project.add(here)
    expect(await project.load()).toEqual({ names: expect.arrayContaining(['Engine']) })
  })

  it('what was built beside it before what npm installed', async () => {
    const project = installed()
    writeFileSync(project.add(here), 'never read')
    copyFileSync(built, project.built)
    expect(await project.load()).toHaveProperty('names')
  })

  it('what npm installed where the build beside it is broken', async () => {
    const project = installed()
    project.add(here)
    writeFileSync(project.built, '')
    expect(await project.load()).toHaveProperty('names')
  })

  it('in workers that end in the middle of their work, one after the other', async () => {
    const project = installed()
    project.add(here)
    writeFileSync(
      path.join(project.root, 'workers.mjs'),
      `import { Worker } from 'node:worker_threads'
      const source = \`import { createEngine } from './node_modules/bino-hmr/js/native.js'
        import { parentPort } from 'node:worker_threads'
        // The engine itself keeps nothing alive.
        setInterval(() => {}, 1000)
        const nothing = { extra: [], ignore: [], alwaysIgnore: [], threads: 2 }
        createEngine({ ...nothing, roots: [process.cwd()] }, ({ type }) => parentPort.postMessage(type))\`
      await import('node:fs').then(({ writeFileSync }) => writeFileSync('worker.mjs', source))
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(new URL('worker.mjs', import.meta.url))
        const type = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
        if (type !== 'ready') throw new Error(type)
        await worker.terminate()
      }
      console.log('alive')`,
    )
    expect(await node(['workers.mjs'], { cwd: project.root })).toMatchObject({ code: 0, stdout: 'alive\n' })
  })
})

describe('says why not:', () => {
  it('the package is not installed', async () => {
    const project = installed()
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_MISSING')
    expect(message).toContain(`${process.platform} ${process.arch}`)
    expect(message).toContain(`Node ${process.versions.node}`)
    expect(message).toContain(`package   ${here.manifest.name} ${version}`)
    expect(message).toContain(`${project.built}: not there`)
    expect(message).toContain(`${here.manifest.name}: not installed (looked from ${project.own}`)
    expect(message).toContain('--omit=optional')
    expect(message).toContain(`npm install --save-optional ${here.manifest.name}@${version}`)
  })

  it('node_modules comes from another platform', async () => {
    const project = installed()
    project.add(other)
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_MISSING')
    expect(message).toContain(`Installed is ${other.manifest.name}: node_modules comes from another platform`)
  })

  it('the package is there without its file', async () => {
    const project = installed()
    project.add(here, { main: 'gone.node' })
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_MISSING')
    expect(message).toContain('gone.node: the package is there, this file of it is not')
  })

  it('the package is of another version', async () => {
    const project = installed()
    project.add(here, { version: '0.0.1' })
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(message).toContain(`is version 0.0.1, and bino-hmr is ${version}`)
    expect(message).toContain('Delete node_modules')
  })

  it('it was compiled for another system', async () => {
    const project = installed()
    // The first bytes of what macOS loads, or, on macOS, of what Linux does.
    const foreign = process.platform === 'darwin' ? '\x7fELF\x02\x01' : '\xcf\xfa\xed\xfe'
    writeFileSync(project.add(here), Buffer.concat([Buffer.from(foreign, 'latin1'), Buffer.alloc(4096)]))
    const { code, message, cause } = await project.load()
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(cause.code).toBe('ERR_DLOPEN_FAILED')
    expect(message).toContain(cause.message.replace(`${project.addon}: `, ''))
  })

  it('Node was told not to load any', async () => {
    const project = installed()
    project.add(here)
    const { code, message, cause } = await project.load({ flags: ['--no-addons'] })
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(cause.code).toBe('ERR_DLOPEN_DISABLED')
    expect(message).toContain('--allow-addons')
  })

  it('nothing is built for this platform', async () => {
    const before = "Object.defineProperty(process, 'platform', { value: 'freebsd' })"
    const { code, message } = await installed().load({ before })
    expect(code).toBe('BINO_ADDON_MISSING')
    expect(message).toContain(`freebsd ${process.arch}`)
    expect(message).toContain('none is built for this platform')
    expect(message).toContain('Build it from source')
  })

  it('a clone was not built', async () => {
    const project = installed()
    writeFileSync(path.join(project.own, 'Cargo.toml'), '')
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_MISSING')
    expect(message).toContain('run `npm run build` in it')
  })
})

describe.runIf(process.platform === 'linux')('on Linux says why not:', () => {
  /** @param {string} report what Node's report gives instead of the truth */
  const reporting = (report) => `process.report.getReport = () => (${report})`

  it.each([[0], [10], [100], [5000], [0.5], [0.99]])('the file ends after %s', async (length) => {
    const project = installed()
    const addon = project.add(here)
    truncateSync(addon, length < 1 ? Math.floor(readFileSync(addon).length * length) : length)
    const { code, message } = await project.load()
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(message).toMatch(
      /is cut short: at least \d+ bytes are missing|file too short|cannot read file data/,
    )
    expect(message).toContain('Delete node_modules')
  })

  /** @param {string} from @param {string} to as long */
  async function withoutA(from, to) {
    const project = installed()
    const addon = project.add(here)
    writeFileSync(addon, readFileSync(addon).toString('latin1').replace(from, to), 'latin1')
    return project.load()
  }

  it.runIf(here.name.endsWith('-gnu'))('the system has no such library', async () => {
    // What an addon for musl meets on glibc, and the other way round.
    const { code, message, cause } = await withoutA('libc.so.6\0', 'libq.so.6\0')
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(message).toContain('libq.so.6: cannot open shared object file')
    expect(cause.message).toContain('libq.so.6')
  })

  it.runIf(here.name.endsWith('-gnu'))('glibc is too old', async () => {
    const newest = [...readFileSync(built, 'latin1').matchAll(/GLIBC_2\.\d\d/g)].map(([name]) => name).sort()
    const { code, message } = await withoutA(`${newest.at(-1)}\0`, 'GLIBC_9.99\0')
    expect(code).toBe('BINO_ADDON_LOAD')
    expect(message).toMatch(/It needs glibc 9\.99, and this system has 2\.\d+/)
  })

  it('musl has its own package', async () => {
    const before = reporting("{ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] }")
    const project = installed()
    project.add(all.find(({ name }) => name === `linux-${process.arch}-gnu`))
    const { message } = await project.load({ before })
    expect(message).toContain(`linux ${process.arch}, musl, Node`)
    expect(message).toContain(`package   bino-hmr-linux-${process.arch}-musl ${version}`)
    expect(message).toContain(`Installed is bino-hmr-linux-${process.arch}-gnu`)
  })

  it('an unknown libc gets both tried', async () => {
    const before = reporting('{ header: {}, sharedObjects: [] }')
    const project = installed()
    const { message } = await project.load({ before })
    expect(message).toContain('unknown libc')
    expect(message.match(/not installed/g)).toHaveLength(2)
    project.add(here)
    expect(await project.load({ before })).toHaveProperty('names')
  })
})
