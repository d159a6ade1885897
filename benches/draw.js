/**
 * Lines on two logarithmic axes as an SVG that can be read on a light and on a dark page, and without telling colours
 * apart: each line has its name at its end, and a mark of its own.
 */

import { parse, View } from 'vega'
import { compile } from 'vega-lite'

/**
 * After Okabe and Ito; dark pages need lighter ones. Ours is the only thick line.
 *
 * @type {{ light: string, dark: string, shape: string }[]}
 */
const HUES = [
  { light: '#0072b2', dark: '#56b4e9', shape: 'circle' },
  { light: '#c24e00', dark: '#ff9d5c', shape: 'square' },
  { light: '#007a5a', dark: '#3ccfa4', shape: 'triangle-up' },
  { light: '#a8447f', dark: '#ec9fcb', shape: 'diamond' },
  { light: '#8a6d00', dark: '#f0c945', shape: 'triangle-down' },
]

/** What is no rival: floors and empty processes. */
const BACKGROUND = { shape: 'stroke' }

const STYLE = `<style>
svg { color: #1f2328; --quiet: #59636e; --grid: #d1d9e0; ${HUES.map(({ light }, nth) => `--hue${nth}: ${light}`).join('; ')} }
@media (prefers-color-scheme: dark) {
  svg { color: #e6edf3; --quiet: #9198a1; --grid: #30363d; ${HUES.map(({ dark }, nth) => `--hue${nth}: ${dark}`).join('; ')} }
}
</style>`

/** What an attribute of XML cannot hold. @type {Record<string, string>} */
const ESCAPES = { '&': '&amp;', '<': '&lt;', '"': '&quot;' }

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'
const HEIGHT = 300
/** Room that the name of a line takes, from the middle of one to the next. */
const LINE_HEIGHT = 15

/**
 * @typedef {{ panel?: string, line: string, x: number, y: number, open?: boolean }} Point an open one is a lower bound
 *
 * @typedef {object} Plot
 * @property {string} title
 * @property {string[]} notes a line each: where the figures come from, and what is missing
 * @property {string} xTitle
 * @property {string} yTitle
 * @property {[number, number]} y from, to
 * @property {string} yFormat an expression of Vega for `datum.value`
 * @property {string[]} lines in the order of their colours, ours first
 * @property {string[]} [background] lines that are no rivals
 * @property {string[]} [panels] side by side, on the same axes
 * @property {Point[]} points
 */

/**
 * @param {Plot} plot
 * @returns {Promise<string>} the SVG
 */
export async function draw(plot) {
  const panels = plot.panels ?? ['']
  const specification = /** @type {import('vega-lite').TopLevelSpec} */ ({
    title: { text: plot.title, subtitle: plot.notes, anchor: 'start', frame: 'bounds' },
    hconcat: panels.map((panel, nth) => panelOf(plot, panel, nth === 0, nth === panels.length - 1)),
    spacing: 16,
    background: undefined,
    config: {
      font: FONT,
      background: /** @type {any} */ (null),
      view: { stroke: null },
      title: {
        color: 'currentColor',
        subtitleColor: 'var(--quiet)',
        fontSize: 15,
        subtitleFontSize: 11,
        offset: 12,
        subtitlePadding: 5,
      },
      axis: {
        labelColor: 'var(--quiet)',
        titleColor: 'currentColor',
        titleFontWeight: 'normal',
        domainColor: 'var(--quiet)',
        tickColor: 'var(--quiet)',
        gridColor: 'var(--grid)',
        labelFontSize: 11,
        labelPadding: 6,
        titleFontSize: 12,
        titlePadding: 8,
      },
    },
  })
  const view = new View(parse(compile(specification).spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  const label = [`${plot.title}.`, ...plot.notes].join(' ').replace(/[&<"]/g, (sign) => ESCAPES[sign])
  // As a whole it is one picture; Vega says of each line and axis what it is.
  const bare = svg.replace(/ (role|aria-[a-z]+)="[^"]*"/g, '')
  return `${bare.replace('<svg ', `<svg role="img" aria-label="${label}" `).replace('>', `>${STYLE}`)}\n`
}

/**
 * @param {Plot} plot
 * @param {string} panel
 * @param {boolean} isFirst
 * @param {boolean} isLast
 */
function panelOf(plot, panel, isFirst, isLast) {
  // What comes last lies on top.
  const rank = (/** @type {Point} */ { line }) => plot.lines.toReversed().indexOf(line)
  const points = plot.points
    .filter((point) => (point.panel ?? '') === panel)
    .sort((one, other) => rank(one) - rank(other))
  const background = plot.background ?? []
  const lines = [...plot.lines, ...background]
  const sizes = [...new Set(plot.points.map(({ x }) => x))].sort((a, b) => a - b)
  const color = {
    field: 'line',
    legend: null,
    scale: {
      domain: lines,
      range: [...plot.lines.map((_, nth) => `var(--hue${nth})`), ...background.map(() => 'var(--quiet)')],
    },
  }
  const x = {
    field: 'x',
    type: 'quantitative',
    scale: { type: 'log', domain: [sizes[0] / 1.15, sizes[sizes.length - 1] * 1.15], nice: false },
    axis: { title: plot.xTitle, values: sizes, format: '~s', grid: false, labelOverlap: false },
  }
  const y = {
    field: 'y',
    type: 'quantitative',
    scale: { type: 'log', domain: plot.y, nice: false },
    axis: {
      title: isFirst ? plot.yTitle : null,
      values: marks(plot.y),
      labels: isFirst,
      ticks: false,
      domain: false,
      labelExpr: plot.yFormat,
    },
  }
  const isOurs = `datum.line === '${plot.lines[0]}'`
  return {
    width: (plot.panels ? 560 : 460) / (plot.panels?.length ?? 1),
    height: HEIGHT,
    title:
      panel === '' ? undefined : { text: panel, fontSize: 12, anchor: 'start', frame: 'group', offset: 6 },
    layer: [
      {
        data: { values: points.filter(({ line }) => !background.includes(line)) },
        mark: { type: 'line', strokeCap: 'round' },
        encoding: { x, y, color, size: { condition: { test: isOurs, value: 3.5 }, value: 1.8 } },
      },
      {
        data: { values: points.filter(({ line }) => background.includes(line)) },
        mark: { type: 'line', strokeDash: [2, 4], strokeWidth: 1.8 },
        encoding: { x, y, color },
      },
      {
        data: { values: points },
        mark: { type: 'point', filled: true, opacity: 1 },
        encoding: {
          x,
          y,
          color,
          size: { condition: { test: isOurs, value: 75 }, value: 55 },
          shape: {
            field: 'line',
            legend: null,
            scale: {
              domain: lines,
              range: [
                ...plot.lines.map((_, nth) => HUES[nth].shape),
                ...background.map(() => BACKGROUND.shape),
              ],
            },
          },
        },
      },
      {
        data: { values: points.filter(({ open }) => open) },
        mark: { type: 'text', dy: -10, fontSize: 13, text: '↑' },
        encoding: { x, y, color },
      },
      ...(isLast ? [names(plot, points, { x, y, color }, isOurs)] : []),
    ],
  }
}

/**
 * The name of each line beside its last point, moved apart where two would cover each other.
 *
 * @param {Plot} plot
 * @param {Point[]} points
 * @param {{ x: object, y: object, color: object }} encoding
 * @param {string} isOurs
 */
function names(plot, points, { x, y, color }, isOurs) {
  const [low, high] = plot.y.map(Math.log)
  const room = (LINE_HEIGHT / HEIGHT) * (high - low)
  const ends = [...plot.lines, ...(plot.background ?? [])]
    .flatMap((line) => {
      const own = points.filter((point) => point.line === line)
      return own.length > 0 ? own.reduce((one, other) => (other.x >= one.x ? other : one)) : []
    })
    .map((point) => ({ ...point, place: Math.log(point.y) }))
    .sort((one, other) => one.place - other.place)
  // Up from the lowest, and then together down again by half of what that was too much.
  for (let pass = 0; pass < 50; pass++) {
    for (let nth = 1; nth < ends.length; nth++) {
      const missing = room - (ends[nth].place - ends[nth - 1].place)
      if (missing <= 0) continue
      ends[nth].place += missing / 2
      ends[nth - 1].place -= missing / 2
    }
  }
  const widest = Math.max(...plot.points.map((point) => point.x))
  return {
    data: { values: ends.map((end) => ({ ...end, x: widest, y: Math.exp(end.place) })) },
    mark: {
      type: 'text',
      align: 'left',
      dx: 11,
      fontSize: 12,
      fontWeight: { expr: `${isOurs} ? 'bold' : 'normal'` },
    },
    encoding: {
      x,
      y,
      color,
      text: { field: 'line' },
    },
  }
}

/**
 * Powers of ten, and on a short axis twice and five times each.
 *
 * @param {[number, number]} range
 */
function marks([from, to]) {
  const steps = Math.log10(to / from) < 2.5 ? [1, 2, 5] : [1]
  const values = []
  for (let power = Math.floor(Math.log10(from)); power <= Math.log10(to); power++)
    values.push(...steps.map((step) => step * 10 ** power))
  return values.filter((value) => value >= from && value <= to)
}
