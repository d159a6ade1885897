// How the scripts talk: colours only where a person reads them, and steps with their elapsed time.
const coloured = process.stdout.isTTY && !process.env.NO_COLOR

/** @param {number} code */
const paint = (code) => (/** @type {string} */ text) => (coloured ? `\x1b[${code}m${text}\x1b[0m` : text)

export const bold = paint(1)
export const dim = paint(2)
export const red = paint(31)
export const green = paint(32)
export const cyan = paint(36)

/** @param {number} since a `Date.now()` */
export const elapsed = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`

/**
 * Runs one step of a longer job, and says so before, while it takes long, and after.
 * @param {string} title
 * @param {() => Promise<boolean | void>} work false, as a throw, means that it failed
 * @param {{ quiet?: boolean }} [options] `quiet`: the work prints nothing itself, so a line every five seconds shows life
 */
export async function step(title, work, { quiet = false } = {}) {
  const start = Date.now()
  console.log(`${cyan('→')} ${title}`)
  const pulse = quiet && setInterval(() => console.log(dim(`  … still at it, ${elapsed(start)}`)), 5000)
  let done = false
  try {
    done = (await work()) !== false
  } finally {
    if (pulse) clearInterval(pulse)
    console.log(`${done ? green('✓') : red('✗')} ${title} ${dim(elapsed(start))}`)
  }
}

/** A failure whose message tells the reader what to do next: shown without a stack. */
export class Advice extends Error {}

/** @param {unknown} error */
export function explainFailure(error) {
  if (error instanceof Advice) console.error(`\n${red('✗')} ${error.message}\n`)
  else console.error(error)
}
