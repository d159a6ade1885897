import { a } from './a';
export const x = 1;
export { a as x };
export const b = import('./b');
