import { computed } from 'vue'
import { levelOf } from './mix'
import { sounds } from './sounds'

/** What the mix feels like, in words. */
export function useMood() {
  return computed(() => {
    const sum = sounds.reduce((total, { name }) => total + levelOf(name), 0)
    if (sum === 0) return 'Silence'
    if (sum < 0.8) return 'A quiet evening'
    if (sum < 1.8) return 'A cosy evening'
    return 'A wild night'
  })
}
