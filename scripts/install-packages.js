// Brings node_modules up to date with package-lock.json. Runs before anything is installed, so it imports no package.
import { statSync } from 'node:fs'
import { fromRoot } from './paths.js'
import { npm } from './run-command.js'
import { Advice, step } from './terminal.js'

/** npm writes this file last, so an interrupted installation does not count as one. */
const receipt = fromRoot('node_modules', '.package-lock.json')

/** @param {string} file */
const modified = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

export async function installPackages() {
  checkNode()
  if (modified(receipt) > modified(fromRoot('package-lock.json'))) return
  await step(
    'Installing packages (npm ci)',
    async () => {
      const { code } = await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error'])
      if (code !== 0) {
        throw new Advice(
          `npm ci ended with exit code ${code}; its own message is above.\n` +
            '  No network, or a proxy in between? `npm ping` tells.\n' +
            '  package.json changed without its lock file? `npm install` brings them together.',
        )
      }
    },
    { quiet: true },
  )
}

/** The same as `engines` in package.json; npm only warns about that. */
function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if ((major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22) return
  throw new Advice(
    `This is Node ${process.versions.node}; Vite and bino-hmr need 20.19 or newer, or 22.12 or newer: https://nodejs.org.`,
  )
}
