/**
 * `bino release`
 */

/** @type {import('./main.js').Command} */
export const release = {
  about: 'lets them go on: all that has changed since goes out as one update',
  request: 'release',
  show: ({ root, pid, wasHeld, files }) => `${root} (process ${pid}): ${what(wasHeld, files)}`,
}

/**
 * @param {boolean} wasHeld
 * @param {number} files
 */
function what(wasHeld, files) {
  if (!wasHeld) return 'updates were not held'
  if (files === 0) return 'updates go on; nothing has changed'
  return `updates go on; ${files} ${files === 1 ? 'file' : 'files'} taken in as one change`
}
