import first, { second as local } from './imported.js';
export { first, local as renamed };
export { third, default as fourth } from './named.js';
export { default } from './default.js';
export * from './star.js';
export * as space from './space.js';
import * as whole from './whole.js';
export { whole };
