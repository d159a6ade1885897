/**
 * `bino stats`
 */

/** @type {import('./main.js').Command} */
export const stats = {
  about: 'shows what is watched, and whether updates are held',
  request: 'stats',
  show: ({ root, pid, held, waiting, directories, files, watches, transactions }) =>
    [
      `${root} (process ${pid})`,
      `  updates       ${held ? `held; ${waiting} ${waiting === 1 ? 'path waits' : 'paths wait'}` : 'go out'}`,
      `  under way     ${transactions}`,
      `  files         ${files}`,
      `  directories   ${directories}`,
      `  watches       ${watches}`,
    ].join('\n'),
}
