// Finds a Chromium for the browser tests, and gets one where there is none.
//
//   const browser = await playwright.chromium.launch(await chromiumLaunchOptions())
import { existsSync, readFileSync } from 'node:fs'
import { fromRoot } from './paths.js'
import { run } from './run-command.js'
import { Advice, step } from './terminal.js'

/**
 * Quiet and alike on every machine: no first-run pages, no calls home, and no throttling of pages in the background,
 * which would delay the timers that the tests measure.
 */
const launchArgs = [
  // Containers run as root and often without user namespaces; the pages under test are our own.
  '--no-sandbox',
  '--disable-gpu',
  // The 64 MB of /dev/shm that containers get are too few for a renderer.
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-sync',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-domain-reliability',
  '--disable-client-side-phishing-detection',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--metrics-recording-only',
  '--no-first-run',
  '--no-default-browser-check',
  '--password-store=basic',
]

/** What `chromium.launch()` of playwright-core wants. Gets a browser first where there is none. */
export async function chromiumLaunchOptions() {
  return { executablePath: await ensureChromium(), headless: true, args: launchArgs }
}

/** @returns {Promise<string>} the path of a Chromium that is there */
export async function ensureChromium() {
  const found = await findChromium()
  if (found) return found

  if (isDebian() && process.getuid?.() === 0) await step('Installing Chromium (apt-get)', installFromDebian)
  if (!(await findChromium())) await step('Downloading Chromium (playwright-core)', downloadFromPlaywright)

  const installed = await findChromium()
  if (installed) return installed
  throw new Advice(
    'The browser tests need a Chromium, and none was found or could be installed.\n' +
      '  Install one (`sudo apt-get install chromium`, `brew install --cask chromium`), or\n' +
      '  set BINO_CHROMIUM to the path of a Chromium or Chrome that you have.',
  )
}

/** @returns {Promise<string | undefined>} */
async function findChromium() {
  const chosen = process.env.BINO_CHROMIUM
  if (chosen) {
    if (existsSync(chosen)) return chosen
    throw new Advice(`BINO_CHROMIUM is ${chosen}, and there is no such file.`)
  }
  return ['/usr/bin/chromium', await playwrightPath()].find((path) => path && existsSync(path))
}

/** Where Playwright's own download is, or would be. */
async function playwrightPath() {
  const { chromium } = await import('playwright-core')
  return chromium.executablePath()
}

/** Ubuntu calls itself Debian-like, but its `chromium` package only refers to a snap. */
function isDebian() {
  return existsSync('/etc/os-release') && /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
}

// Neither way throws: `ensureChromium` looks whether a browser is there now, and says what to do if it is not.
async function installFromDebian() {
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-q'], { env })
  const { code } = await run('apt-get', ['install', '-y', '-q', 'chromium'], { env })
  return code === 0
}

async function downloadFromPlaywright() {
  const cli = fromRoot('node_modules/playwright-core/cli.js')
  const { code } = await run(process.execPath, [cli, 'install', 'chromium'])
  return code === 0
}
