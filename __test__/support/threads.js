/** Threads of this process. Needs nothing of Vitest: child processes use it, too. */

import { readdirSync, readFileSync } from 'node:fs'

/** Linux: the thread has ended; who waits for it goes on before the kernel has cleared it away. */
const PF_EXITING = 0x4

/** The names of all threads that have not ended (Linux). */
export const threadNames = () =>
  readdirSync('/proc/self/task').flatMap((task) => {
    try {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'utf8')
      // `1 (name) S 1 1 1 0 -1 flags …`; a name may have a bracket in it.
      const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6])
      return flags & PF_EXITING ? [] : [stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))]
    } catch {
      // It was cleared away while we looked.
      return []
    }
  })

/** How many of them are ours: what else is there, as of Vitest or a bundler, comes and goes. */
export const ourThreads = () => threadNames().filter((name) => /^(bino|notify)/.test(name)).length
