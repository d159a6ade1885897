// Compiles the Rust addon when its sources are newer than it is.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { addonFile, fromRoot } from './paths.js'
import { findCargo, npm } from './run-command.js'
import { Advice, step } from './terminal.js'

/** What the addon is made of. */
const inputs = ['Cargo.toml', 'Cargo.lock', 'build.rs', 'src']

/** What the build writes beside the addon, and git keeps. The loader is our own: `js/load-addon.js`. */
export const generated = ['js/binding.d.cts']

/** @param {string} path a file, or a folder with all that is in it */
function lastModified(path) {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (!stat) return 0
  if (!stat.isDirectory()) return stat.mtimeMs
  let last = stat.mtimeMs
  for (const name of readdirSync(path)) last = Math.max(last, lastModified(join(path, name)))
  return last
}

function isCurrent() {
  const addon = addonFile()
  if (!addon || generated.some((file) => !statSync(fromRoot(file), { throwIfNoEntry: false }))) return false
  const built = statSync(addon).mtimeMs
  return inputs.every((input) => lastModified(fromRoot(input)) < built)
}

/**
 * @param {{ always?: boolean }} [options] `always`: ask cargo even if the file dates say that nothing is to do, so that
 *   the generated files are certainly those of these sources
 */
export async function buildAddon({ always = false } = {}) {
  if (!always && isCurrent()) return
  if (!findCargo()) throw new Advice(cargoIsMissing())
  const first = addonFile() ? '' : ', a minute or two the first time'
  await step(`Building the Rust addon (cargo, release${first})`, async () => {
    const { code } = await npm(['run', 'build'])
    if (code !== 0 || !addonFile()) {
      throw new Advice(
        "The addon did not build; the compiler's own message is above.\n" +
          '  "linker `cc` not found"? Install a C toolchain: `apt-get install build-essential`, `xcode-select --install`.\n' +
          `  "requires rustc ${rustVersion()}"? \`rustup update stable\`.`,
      )
    }
  })
}

export function cargoIsMissing() {
  return (
    'bino-hmr has a part in Rust, and `cargo` was not found on this machine.\n' +
    `  Install Rust ${rustVersion()} or newer from https://rustup.rs, open a new terminal, and run the same command again.`
  )
}

function rustVersion() {
  return /^rust-version = "(.+)"/m.exec(readFileSync(fromRoot('Cargo.toml'), 'utf8'))?.[1] ?? '(stable)'
}
