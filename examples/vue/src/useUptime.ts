import { onMounted, onUnmounted, ref } from 'vue'

/** How long this page has lived. It starts again at zero when the page reloads, and only then. */
export function useUptime() {
  const uptime = ref(sinceLoad())
  let timer: ReturnType<typeof setInterval>
  onMounted(() => {
    timer = setInterval(() => {
      uptime.value = sinceLoad()
    }, 1000)
  })
  onUnmounted(() => clearInterval(timer))
  return uptime
}

function sinceLoad() {
  const seconds = Math.floor(performance.now() / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
