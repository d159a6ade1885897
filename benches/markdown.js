/** Cells and tables of Markdown. Pure. */

/** @param {number} times */
export const factor = (times) => `${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString('en')} ×`

/** @param {string} text */
export const bold = (text) => (text === '' ? '' : `**${text}**`)

/** @param {number | undefined} value */
export function ms(value) {
  if (value === undefined || Number.isNaN(value)) return '–'
  return value >= 1000 ? Math.round(value).toLocaleString('en') : value.toFixed(value < 10 ? 2 : 1)
}

/**
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
export function table(head, rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** @param {number | undefined} bytes */
export const megabytes = (bytes) => (bytes === undefined ? '–' : (bytes / 1e6).toFixed(0))

/** @param {number | undefined} value */
export const count = (value) => (value === undefined ? '–' : value.toLocaleString('en'))
