import { a } from './a';
import('./lazy');
export const b = 1;

function broken( {
  const = 2;
