/** What the sides of a comparison are called in tables and plots. */

/** @type {Record<string, string>} */
export const SIDE_NAMES = {
  stock: 'stock Vite',
  ours: 'bino-hmr',
  linear: 'linear walk in JS',
  floor: 'floor: read and parse',
  rolldown: 'Rolldown, scan only',
  rolldownBuild: 'Rolldown, build',
  esbuild: 'esbuild, build',
  vite: 'Vite dev server',
  notify: 'floor: notify, no Node',
  parcel: '@parcel/watcher',
  chokidar3: 'chokidar 3.6',
  chokidar6: 'chokidar 6',
  node: 'fs.watch, recursive',
  nothing: 'Node that watches nothing',
}

/** @type {Record<string, string>} */
export const SHAPE_NAMES = {
  uiKit: 'UI kit',
  acceptingLayers: 'accepting layers',
  clusters: 'import cycles',
  chain: 'one chain',
  cycle: 'one cycle',
  hub: 'hub',
  flatHub: 'flat hub',
}
