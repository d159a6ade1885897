import { describe, expect, it } from 'vitest'
import { createProject, runScript } from './support.js'

describe('a process ends by itself', () => {
  /** @type {[string, string][]} */
  const cases = [
    ['with a watcher that nobody waits for', 'createWatcher({ root })'],
    [
      'with a listener of error and close',
      "createWatcher({ root }).on('error', () => {}).on('close', () => {})",
    ],
    ['when ready was all that it waited for', "await createWatcher({ root }).ready; console.log('end')"],
    ['when the ready event was', "createWatcher({ root }).on('ready', () => console.log('end'))"],
    [
      'when its last listener is gone',
      `const watcher = createWatcher({ root })
       watcher.once('batch', () => console.log('end'))
       watcher.on('ready', () => fs.writeFileSync(root + '/a.txt', '1'))`,
    ],
    [
      'when all listeners were removed',
      `const watcher = createWatcher({ root }).on('batch', () => {})
       await watcher.ready
       watcher.removeAllListeners()
       console.log('end')`,
    ],
    [
      'after break',
      `const watcher = createWatcher({ root })
       await watcher.ready
       fs.writeFileSync(root + '/a.txt', '1')
       for await (const _ of watcher) break
       console.log('end')`,
    ],
    [
      'after close',
      `const watcher = createWatcher({ root })
       watcher.on('batch', () => {})
       await watcher.close()
       console.log('end')`,
    ],
    [
      'while changes come that nobody takes',
      `const watcher = createWatcher({ root })
       await watcher.ready
       for (let count = 0; count < 500; count++) fs.writeFileSync(root + '/' + count, '1')
       console.log('end')`,
    ],
  ]
  it.each(cases)('%s', async (_name, script) => {
    const { root } = createProject({})
    const result = await runScript(script, { root })
    expect(result).toMatchObject({ code: 0, ended: 'by itself', stderr: '' })
    if (script.includes("'end'")) expect(result.stdout).toBe('end\n')
  })
})

describe('a process stays', () => {
  // The file is written by a timer that keeps nothing alive: a process that ends before has not stayed.
  const WRITE =
    "watcher.once('ready', () => setTimeout(() => fs.writeFileSync(root + '/a.txt', ''), 50).unref())"
  /** @type {[string, string][]} */
  const cases = [
    ['while somebody listens to batches', "watcher.on('batch', told)"],
    ['while a loop waits', 'for await (const batch of watcher) told(batch)'],
    [
      'while the second loop waits',
      'const gone = watcher[Symbol.asyncIterator](); gone.next(); gone.return(); for await (const batch of watcher) told(batch)',
    ],
  ]
  it.each(cases)('%s', async (_name, script) => {
    const { root } = createProject({})
    const result = await runScript(
      `const watcher = createWatcher({ root })
       const told = ({ changes }) => { console.log(changes[0].kind); watcher.close() }
       ${WRITE}
       ${script}`,
      { root },
    )
    expect(result).toMatchObject({ stdout: 'create\n', ended: 'by itself', code: 0 })
  })
})
