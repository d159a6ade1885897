import { shallowRef, watch } from 'vue'

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

const KEPT = 5
const STORAGE_KEY = 'bino-hmr-example-vue:updates'

/** In the session's storage, so that the panel can still tell of a reload after it. */
export const updates = shallowRef<LogEntry[]>(JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]'))

// At once: the page may be about to reload.
watch(updates, (entries) => sessionStorage.setItem(STORAGE_KEY, JSON.stringify(entries)), { flush: 'sync' })

function add(entry: Omit<LogEntry, 'id' | 'at'>) {
  const id = (updates.value[0]?.id ?? 0) + 1
  updates.value = [{ id, at: Date.now(), ...entry }, ...updates.value].slice(0, KEPT)
}

/** `/src/MixerChannel.vue?vue&type=style&index=0&scoped=1a2b&lang.css` reads `MixerChannel.vue <style>`. */
function moduleName(path: string): string {
  const [file, query] = path.split('?', 2)
  const block = /\btype=(\w+)/.exec(query ?? '')?.[1]
  return file.replace(/^.*\//, '') + (block ? ` <${block}>` : '')
}

const isStyle = (name: string) => name.endsWith('.css') || name.endsWith('<style>')

if (import.meta.hot) {
  // In `hot.data`, which outlives this module: when it is itself updated, the old one hears the start and the new one the end.
  const { data } = import.meta.hot
  import.meta.hot.on('vite:beforeUpdate', () => {
    data.start = performance.now()
  })
  import.meta.hot.on('vite:afterUpdate', (payload) => {
    const modules = [...new Set(payload.updates.map(({ path }) => moduleName(path)))]
    add({
      kind: modules.every(isStyle) ? 'styles' : 'update',
      modules,
      took: performance.now() - data.start,
    })
  })
  import.meta.hot.on('vite:beforeFullReload', ({ triggeredBy }) => {
    add({ kind: 'reload', modules: triggeredBy ? [moduleName(triggeredBy)] : [] })
  })
}
