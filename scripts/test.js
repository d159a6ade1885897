// `npm test`: everything CI checks, also as the very first command after `git clone`.
// A suite that fails does not stop the next one; the last line sums them all.
//
//   npm test -- --only cargo,vitest     only these suites
//   npm test -- --list                  their names
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildAddon, cargoIsMissing, generated } from './build-addon.js'
import { ensureChromium } from './chromium.js'
import { installPackages } from './install-packages.js'
import { fromRoot, root } from './paths.js'
import { findCargo, run } from './run-command.js'
import { Advice, bold, dim, elapsed, explainFailure, green, red } from './terminal.js'

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed
 * @property {string} [note] shown in the table
 */

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} about
 * @property {Array<keyof typeof preparations>} needs
 * @property {() => Promise<Result>} run
 */

/** A suite that hangs must end too, and be counted. Those of a slow and busy machine take half an hour, and do not hang. */
const SUITE_LIMIT = 60 * 60_000

/** @type {Suite[]} */
const suites = [
  { name: 'fmt', about: 'cargo fmt', needs: ['cargo'], run: () => check('cargo', ['fmt', '--check']) },
  {
    name: 'clippy',
    about: 'cargo clippy, warnings are errors',
    needs: ['cargo'],
    run: () => check('cargo', ['clippy', '--all-targets', '--', '-D', 'warnings']),
  },
  { name: 'cargo', about: 'cargo test', needs: ['cargo'], run: () => cargoTest([]) },
  {
    name: 'cargo-core',
    about: 'cargo test without the Node binding',
    needs: ['cargo'],
    run: () => cargoTest(['--no-default-features']),
  },
  {
    name: 'binding',
    about: 'the generated binding is that of these sources',
    needs: ['addon'],
    run: bindingIsCurrent,
  },
  {
    name: 'biome',
    about: 'format and lint',
    needs: ['packages'],
    run: () =>
      check(process.execPath, [
        fromRoot('node_modules/@biomejs/biome/bin/biome'),
        'check',
        '--error-on-warnings',
        '.',
      ]),
  },
  { name: 'tsc', about: 'types of js/, scripts/ and index.d.ts', needs: ['packages'], run: () => tsc('.') },
  {
    name: 'tsc-examples',
    about: 'types of the examples',
    needs: ['packages'],
    run: typesOfExamples,
  },
  {
    name: 'vitest',
    about: 'the plugin on a real Vite, in Node and in Chromium',
    needs: ['packages', 'addon', 'chromium'],
    run: vitest,
  },
]

/** What suites need, done once however many need it, and only when one of them does. */
const preparations = {
  cargo: once(async () => {
    if (!findCargo()) throw new Advice(cargoIsMissing())
  }),
  packages: once(installPackages),
  addon: once(async () => {
    await preparations.packages()
    await buildAddon({ always: true })
  }),
  chromium: once(async () => {
    await preparations.packages()
    console.log(dim(`Chromium: ${await ensureChromium()}`))
  }),
}

/** @param {() => Promise<void>} work */
function once(work) {
  /** @type {Promise<void> | undefined} */
  let running
  return () => {
    running ??= work()
    return running
  }
}

/**
 * A program whose exit code is its verdict: one check.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<Result>}
 */
async function check(command, args) {
  const { code, timedOut } = await run(command, args, { timeout: SUITE_LIMIT })
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1, note: ending(code, timedOut) }
}

/**
 * @param {string} project the folder of a tsconfig.json
 * @param {string} compiler
 */
const tsc = (project, compiler = 'typescript/bin/tsc') =>
  check(process.execPath, [fromRoot('node_modules', compiler), '-p', fromRoot(project)])

/** @returns {Promise<Result>} */
async function typesOfExamples() {
  const results = [
    await tsc('examples/react'),
    // TypeScript itself does not read Vue's files.
    await tsc('examples/vue', 'vue-tsc/bin/vue-tsc.js'),
    await tsc('examples/node-watch'),
  ]
  return {
    passed: results.filter(({ failed }) => failed === 0).length,
    failed: results.filter(({ failed }) => failed > 0).length,
    note: results.find(({ note }) => note)?.note,
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<Result>}
 */
async function cargoTest(args) {
  const { code, output, timedOut } = await run('cargo', ['test', '--no-fail-fast', ...args], {
    capture: true,
    timeout: SUITE_LIMIT,
  })
  // One such line for each test program: the library, every file in tests/, the doc tests.
  const lines = [...output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed; (\d+) ignored/gm)]
  const sum = (/** @type {number} */ group) => lines.reduce((total, line) => total + Number(line[group]), 0)
  // What this system does not permit counts as passed; a line of its own says which test and why.
  const skipped = [...output.matchAll(/^!!! SKIPPED /gm)].length
  const notes = [
    ...(sum(3) > 0 ? [`${sum(3)} ignored`] : []),
    ...(skipped > 0 ? [`${skipped} skipped by themselves`] : []),
  ]
  const note = notes.length > 0 ? notes.join(', ') : undefined
  return withVerdict({ passed: sum(1), failed: sum(2), note }, code, timedOut)
}

/** @returns {Promise<Result>} */
async function vitest() {
  const folder = mkdtempSync(join(tmpdir(), 'bino-hmr-test-'))
  try {
    const report = join(folder, 'vitest.json')
    const { code, timedOut } = await run(
      process.execPath,
      [
        fromRoot('node_modules/vitest/vitest.mjs'),
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      ],
      { timeout: SUITE_LIMIT },
    )
    if (!existsSync(report)) return { passed: 0, failed: 1, note: ending(code, timedOut) }

    const results = JSON.parse(readFileSync(report, 'utf8'))
    // A file that cannot be loaded, or whose hooks throw, has failed without a failed test to count.
    const broken = results.testResults.filter(
      (/** @type {{ status: string, assertionResults: { status: string }[] }} */ file) =>
        file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
    ).length
    const skipped = results.numPendingTests + results.numTodoTests
    const note = skipped > 0 ? `${skipped} skipped` : undefined
    return withVerdict(
      { passed: results.numPassedTests, failed: results.numFailedTests + broken, note },
      code,
      timedOut,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The build that came just before has written the generated files anew: git knows whether that changed them. */
async function bindingIsCurrent() {
  if (!git('rev-parse', '--is-inside-work-tree')) {
    return { passed: 0, failed: 0, note: 'skipped: not a git checkout' }
  }
  const result = git('ls-files', '--error-unmatch', '--', ...generated)
    ? await check('git', ['diff', '--exit-code', '--', ...generated])
    : { passed: 0, failed: 1 }
  return result.failed ? { ...result, note: `commit what the build wrote: ${generated.join(', ')}` } : result
}

/** @param {string[]} args whether git says yes to them */
const git = (...args) => spawnSync('git', args, { cwd: root, stdio: 'ignore' }).status === 0

/**
 * A test program that failed without a failed test (it did not compile, it crashed, an error outside any test) has
 * failed all the same.
 * @param {Result} counted
 * @param {number} code
 * @param {boolean} timedOut
 * @returns {Result}
 */
function withVerdict(counted, code, timedOut) {
  if (code === 0 || counted.failed > 0) return counted
  return { ...counted, failed: 1, note: ending(code, timedOut) }
}

/**
 * @param {number} code
 * @param {boolean} timedOut
 */
const ending = (code, timedOut) =>
  timedOut ? `stopped after ${SUITE_LIMIT / 60_000} minutes` : `ended with exit code ${code}, see above`

/** @param {Suite} suite */
async function runSuite(suite) {
  console.log(`\n${bold(`── ${suite.name}`)} ${dim(suite.about)}`)
  const start = Date.now()
  /** @type {Result} */
  let result
  try {
    for (const need of suite.needs) await preparations[need]()
    result = await suite.run()
  } catch (error) {
    explainFailure(error)
    result = { passed: 0, failed: 1, note: 'could not run, see above' }
  }
  return { suite, result, time: elapsed(start) }
}

/** @param {Awaited<ReturnType<typeof runSuite>>[]} rows */
function printTable(rows) {
  console.log(
    `\n${bold('suite'.padEnd(14) + 'passed'.padStart(8) + 'failed'.padStart(8) + 'time'.padStart(10))}`,
  )
  for (const { suite, result, time } of rows) {
    const line =
      suite.name.padEnd(14) +
      String(result.passed).padStart(8) +
      String(result.failed).padStart(8) +
      time.padStart(10) +
      (result.note ? `  ${result.note}` : '')
    console.log(result.failed > 0 ? red(line) : green(line))
  }
  console.log()
}

/**
 * @param {string | undefined} only names with commas between them
 * @returns {Suite[]}
 */
function selectSuites(only) {
  if (only === undefined) return suites
  return only.split(',').map((name) => {
    const suite = suites.find((candidate) => candidate.name === name.trim())
    if (!suite)
      throw new Advice(`There is no suite "${name}". There are: ${suites.map((s) => s.name).join(', ')}.`)
    return suite
  })
}

function parseOptions() {
  try {
    return parseArgs({ options: { only: { type: 'string' }, list: { type: 'boolean' } } }).values
  } catch (error) {
    throw new Advice(`${/** @type {Error} */ (error).message}\n  There are --only <suite,suite> and --list.`)
  }
}

async function main() {
  const values = parseOptions()
  if (values.list) {
    for (const suite of suites) console.log(`${suite.name.padEnd(14)}${dim(suite.about)}`)
    return
  }
  const rows = []
  for (const suite of selectSuites(values.only)) rows.push(await runSuite(suite))
  printTable(rows)

  const passed = rows.reduce((sum, row) => sum + row.result.passed, 0)
  const failed = rows.reduce((sum, row) => sum + row.result.failed, 0)
  process.exitCode = failed === 0 ? 0 : 1
  console.log(`${passed} passed, ${failed} failed`)
}

main().catch((error) => {
  explainFailure(error)
  process.exitCode = 1
})
