// The types of `createWatcher()`, as a user sees them. Compiled by `tsc`, never run.

import {
  createWatcher,
  type GraphWatcher,
  type Watcher,
  type WatcherBatch,
  type WatcherChange,
  type WatcherError,
  type WatcherGraph,
  type WatcherUpdate,
} from 'bino-hmr'

type Equal<One, Two> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Two ? 1 : 2 ? true : false
const check = <_ extends true>() => {}

// Options
createWatcher()
createWatcher({})
createWatcher({
  root: 'src',
  ignore: ['**/*.tmp'],
  gitignore: false,
  debounce: 20,
  poll: { interval: 500 },
  threads: 2,
  signal: AbortSignal.timeout(1000),
})
createWatcher({ debounce: 'adaptive', poll: false })
createWatcher({ poll: true })
// @ts-expect-error a folder, not several
createWatcher({ root: ['src'] })
// @ts-expect-error a list
createWatcher({ ignore: '**/*.tmp' })
// @ts-expect-error no such word
createWatcher({ debounce: 'fast' })
// @ts-expect-error the interval has a name
createWatcher({ poll: { every: 3 } })
// @ts-expect-error the signal, not the controller
createWatcher({ signal: new AbortController() })
// @ts-expect-error no such option
createWatcher({ persistent: true })

// What it gives
const watcher: Watcher = createWatcher()
check<Equal<typeof watcher.ready, Promise<void>>>()
check<Equal<ReturnType<typeof watcher.close>, Promise<void>>>()
check<Equal<ReturnType<typeof watcher.stats>['epoch'], number>>()
check<Equal<ReturnType<typeof watcher.hold>, void>>()
check<Equal<ReturnType<typeof watcher.release>, void>>()
check<Equal<Pick<ReturnType<typeof watcher.stats>, 'held' | 'waiting'>, { held: boolean; waiting: number }>>()
// @ts-expect-error it is read only
watcher.ready = Promise.resolve()

// Events
watcher
  .on('ready', () => {})
  .on('batch', (batch) => check<Equal<typeof batch, WatcherBatch>>())
  .once('error', (error) => check<Equal<typeof error, WatcherError>>())
  .off('close', () => {})
// @ts-expect-error a batch is no text
watcher.on('batch', (batch: string) => batch)
// @ts-expect-error ready has nothing to tell
watcher.on('ready', (stats) => stats)

// Changes
const change = {} as WatcherChange
check<Equal<typeof change.kind, 'create' | 'update' | 'delete'>>()
check<Equal<typeof change.type, 'file' | 'directory'>>()
// @ts-expect-error that is chokidar's word
if (change.kind === 'add') check<true>()

// Loops
export async function loops() {
  await using scoped = createWatcher()
  for await (const batch of scoped) {
    check<Equal<typeof batch, WatcherBatch>>()
    const { epoch, changes, rescan } = batch
    check<Equal<[typeof epoch, typeof changes, typeof rescan], [number, WatcherChange[], boolean]>>()
  }
  const { value } = await scoped[Symbol.asyncIterator]().next()
  return value
}

// With entries
const graphs = createWatcher({ entries: ['src/main.ts'] })
check<Equal<typeof graphs, GraphWatcher>>()
check<Equal<ReturnType<typeof graphs.graph>, Promise<WatcherGraph>>>()
graphs.on('update', (update) => check<Equal<typeof update, WatcherUpdate>>())
// @ts-expect-error without entries there is no graph
watcher.graph()
// @ts-expect-error a list
createWatcher({ entries: 'src/main.ts' })
export async function updates() {
  for await (const { changes, boundaries, deadEnds, affected, diagnostics } of graphs) {
    check<Equal<typeof changes, WatcherChange[]>>()
    check<Equal<(typeof boundaries)[0]['chain'], string[]>>()
    check<Equal<(typeof deadEnds)[0]['chain'], string[]>>()
    check<Equal<typeof affected, string[]>>()
    check<Equal<(typeof diagnostics)[0]['severity'], 'error' | 'warning'>>()
  }
  const plain: Watcher<WatcherBatch> = graphs
  return plain
}
