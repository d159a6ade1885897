import { useEffect, useState } from 'react'

/** How long this page has lived. It starts again at zero when the page reloads, and only then. */
export function Uptime() {
  const [seconds, setSeconds] = useState(secondsSinceLoad)

  useEffect(() => {
    const timer = setInterval(() => setSeconds(secondsSinceLoad()), 1000)
    return () => clearInterval(timer)
  }, [])

  return (
    <span className="pill" role="timer">
      page alive {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, '0')}
    </span>
  )
}

function secondsSinceLoad() {
  return Math.floor(performance.now() / 1000)
}
