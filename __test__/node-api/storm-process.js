/**
 * Writes, renames and deletes files below a folder as fast as it can until it is ended. Prints a line for each round.
 */

import fs from 'node:fs'

const [root] = process.argv.slice(2)
for (let round = 0; ; round++) {
  const folder = `${root}/storm-${round % 7}`
  fs.mkdirSync(folder, { recursive: true })
  for (let file = 0; file < 40; file++) {
    fs.writeFileSync(`${folder}/${file}.js`, `export default ${round}\n`)
    if (file % 5 === 0) fs.renameSync(`${folder}/${file}.js`, `${folder}/renamed.js`)
  }
  if (round % 3 === 0) fs.rmSync(folder, { recursive: true })
  // Synchronous, so that who reads it knows that the round is over.
  fs.writeSync(1, `${round}\n`)
}
