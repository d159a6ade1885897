/**
 * What a process has cost so far, read from outside through `/proc`: the one that is measured does nothing for it, and
 * its threads and child processes count, too. Linux only; elsewhere there are no figures.
 */

import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of `/proc/<pid>/stat` in a second, on every Linux that Node runs on. */
const TICKS = 100

/**
 * @typedef {object} Usage
 * @property {number} cpu milliseconds in user and system mode, to 10 ms
 * @property {number} memory resident, in bytes
 * @property {number} peak of the resident memory, in bytes
 * @property {number} watches that the process holds at inotify
 */

/**
 * @param {number | undefined} pid
 * @returns {Usage | undefined} nothing, too, of a process that is gone
 */
export function usageOf(pid) {
  if (process.platform !== 'linux' || pid === undefined) return undefined
  try {
    return usageOfLiving(pid)
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/**
 * @param {number} pid
 * @returns {Usage}
 */
function usageOfLiving(pid) {
  const usage = { cpu: 0, memory: 0, peak: 0, watches: watchesOf(pid) }
  for (const one of withChildren(pid)) {
    const status = readFileSync(`/proc/${one}/status`, 'utf8')
    usage.cpu += cpuOf(one)
    usage.memory += kilobytes(status, 'VmRSS')
    usage.peak += kilobytes(status, 'VmHWM')
  }
  return usage
}

/** The last is said of a process that has ended, until its parent has noticed. @param {unknown} error */
const isGone = (error) => ['ENOENT', 'ESRCH', 'EACCES'].includes(/** @type {any} */ (error).code)

/** @param {number} pid */
export function watchesOf(pid) {
  let watches = 0
  for (const descriptor of readdirSync(`/proc/${pid}/fdinfo`)) {
    try {
      const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, 'latin1')
      watches += info.match(/^inotify wd:/gm)?.length ?? 0
    } catch {
      // Closed since the folder was read.
    }
  }
  return watches
}

/**
 * @param {number} pid
 * @returns {number[]}
 */
function withChildren(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(withChildren)]
}

/** @param {number} pid */
function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name of the program comes before, in brackets, and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
}

/**
 * @param {string} status
 * @param {string} name
 */
const kilobytes = (status, name) =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024
