/**
 * `bino hold`
 */

/** @type {import('./main.js').Command} */
export const hold = {
  about: 'holds updates back: pages keep what they show until bino release',
  request: 'hold',
  show: ({ root, pid, wasHeld }) =>
    `${root} (process ${pid}): updates ${wasHeld ? 'were held already' : 'are held; bino release lets them go on'}`,
}
