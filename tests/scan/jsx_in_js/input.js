import './a.js';
export const x = <a href={import.meta.url}>don't</a>;
