// `npm pack` in `npm/<platform>` runs this first: brings the addon that was built for that platform into the folder, and
// writes down what it is linked from.
// A build for another platform does not do; what is not there is an error, not an empty package.
import { copyFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromRoot } from './paths.js'
import { platforms, readJson } from './platforms.js'
import { Advice, explainFailure } from './terminal.js'
import { NOTICES, thirdPartyNotices } from './third-party.js'

try {
  const { main } = readJson('package.json')
  const addon = fromRoot('js', main)
  if (!existsSync(addon)) {
    throw new Advice(`There is no js/${main}: run \`npm run build\` on that platform first.`)
  }
  copyFileSync(addon, join(process.cwd(), main))
  const { target } = platforms().find((platform) => platform.addon === main) ?? {}
  writeFileSync(NOTICES, thirdPartyNotices(/** @type {string} */ (target)))
} catch (error) {
  explainFailure(error)
  process.exitCode = 1
}
