import './effect.js';
import fallback from './default.js';
import { a, b as c, default as d, 'any name' as e } from './named.js';
import * as space from './namespace.js';
import both, { more } from './both.js';
import data from './data.json' with { type: 'json' };
import {} from './nothing.js';

const lazy = () => import('./lazy.js');
const quoted = import(`./template.js`);
const escaped = import('./esc\u0061ped.js');
const page = (name) => import(`./pages/${name}/index.js`);
const unknown = (name) => import(name);
const old = require('./common.cjs');
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
const elsewhere = new URL('./not-a-module.js', document.baseURI);
// import './comment.js';
const text = "import './string.js'";
