/** What watchers lose, as Markdown. Pure. */

import { count, table } from './markdown.js'
import { SIDE_NAMES } from './names.js'

/** @typedef {import('./truth.js').TruthRow} TruthRow */

/**
 * @param {import('./truth.js').TruthRows} truth
 * @returns {string[]}
 */
export function truthTables({ stories, cases, errors }) {
  const sides = [...new Set(stories.map(({ side }) => side))]
  const failures = sides.flatMap((side) =>
    Object.entries(errors[side] ?? {}).map(
      ([name, times]) => `${SIDE_NAMES[side]}: ${name} (${count(times)})`,
    ),
  )
  return [
    '## What watchers lose',
    'The same random operations for each, with fixed seeds (`__test__/truth`). A consumer looks at each path that it is ' +
      'told of, whatever it is told, and another believes what it is told. When a second has passed without an event, they ' +
      'are compared with the disk: how many paths both do not know, still know although they are gone, or know with other ' +
      'contents.',
    wrongOf(stories, sides, 'operations'),
    'Of all these: what was wrong, and which errors there were.',
    table(
      ['watcher', 'missed create', 'stale content', 'missed delete', 'wrong type'],
      sides.map((side) => [
        SIDE_NAMES[side],
        ...['missed create', 'stale content', 'missed delete', 'wrong type'].map((kind) =>
          shown(sum(stories.filter((row) => row.side === side).map(({ wrong }) => wrong[kind] ?? 0))),
        ),
      ]),
    ),
    ...(failures.length > 0 ? [`Errors: ${failures.join('; ')}.`] : []),
    '### Known cases',
    wrongOf(cases, sides, 'case'),
  ]
}

/**
 * @param {TruthRow[]} rows
 * @param {string[]} sides
 * @param {string} title
 */
function wrongOf(rows, sides, title) {
  const names = [...new Set(rows.map(({ what }) => what))]
  const cell = (/** @type {string} */ what, /** @type {string} */ side) => {
    const row = rows.find((other) => other.what === what && other.side === side)
    return row ? shown(sum(Object.values(row.wrong))) : '–'
  }
  return table(
    [title, 'paths', ...sides.map((side) => SIDE_NAMES[side])],
    names.map((what) => [
      what,
      count(rows.find((row) => row.what === what)?.paths),
      ...sides.map((side) => cell(what, side)),
    ]),
  )
}

/** @param {number} wrong */
const shown = (wrong) => (wrong === 0 ? 0 : `**${count(wrong)}**`)

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((one, other) => one + other, 0)
