import { useSyncExternalStore } from 'react'

export interface LogEntry {
  id: number
  /** ms since 1970 */
  at: number
  kind: 'update' | 'styles' | 'reload'
  /** The modules that accepted the change, or the one that nothing accepted. */
  modules: string[]
  /** ms from the message to the page until the new modules have run; a reload has none. */
  took?: number
}

const KEPT = 6
const STORAGE_KEY = 'bino-hmr-example:updates'

// In the session's storage, so that the panel can still tell of a reload after it.
let entries: LogEntry[] = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]')
const listeners = new Set<() => void>()

function setEntries(next: LogEntry[]) {
  entries = next
  sessionStorage.setItem(STORAGE_KEY, JSON.stringify(entries))
  for (const listener of listeners) listener()
}

function add(entry: Omit<LogEntry, 'id' | 'at'>) {
  const id = (entries[0]?.id ?? 0) + 1
  setEntries([{ id, at: Date.now(), ...entry }, ...entries].slice(0, KEPT))
}

export function clearUpdates() {
  setEntries([])
}

export function useUpdates(): LogEntry[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => entries,
  )
}

// The browser keeps 250 of them by itself.
performance.setResourceTimingBufferSize(10_000)

/** Vite tells every page about every update; a page that never loaded the module has nothing to do. */
function isLoaded(path: string): boolean {
  const url = new URL(path, location.href)
  return performance.getEntriesByType('resource').some(({ name }) => new URL(name).pathname === url.pathname)
}

/** `/src/price.ts?import` reads `price.ts`. */
function fileName(path: string): string {
  return path.replace(/[?#].*$/, '').replace(/^.*\//, '')
}

if (import.meta.hot) {
  // In `hot.data`, which outlives this module: when it is itself updated, the old one hears the start and the new one the end.
  const { data } = import.meta.hot
  import.meta.hot.on('vite:beforeUpdate', () => {
    data.start = performance.now()
  })
  import.meta.hot.on('vite:afterUpdate', ({ updates }) => {
    const modules = [
      ...new Set(
        updates
          .map(({ path }) => path)
          .filter(isLoaded)
          .map(fileName),
      ),
    ]
    if (modules.length === 0) return
    add({
      kind: modules.every((name) => name.endsWith('.css')) ? 'styles' : 'update',
      modules,
      took: performance.now() - data.start,
    })
  })
  import.meta.hot.on('vite:beforeFullReload', ({ triggeredBy }) => {
    add({ kind: 'reload', modules: triggeredBy ? [fileName(triggeredBy)] : [] })
  })
}
