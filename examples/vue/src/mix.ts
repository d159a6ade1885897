import { reactive } from 'vue'

interface Mix {
  /** By the name of the sound, 0 to 1. */
  levels: Record<string, number>
}

const start: Mix = { levels: { Rain: 0.6, Wind: 0.25, Fire: 0.4 } }

/**
 * What the faders say. A store is a module, and a new version of the module would begin with a new mix: so the mix lives
 * in `hot.data`, which the versions of a module hand on to each other.
 */
export const mix: Mix = import.meta.hot?.data.mix ?? reactive(start)

if (import.meta.hot) import.meta.hot.data.mix = mix

export function levelOf(name: string): number {
  return mix.levels[name] ?? 0
}

export function setLevel(name: string, level: number) {
  mix.levels[name] = level
}
