const lazy = import.meta.glob('./pages/*.tsx');
const eager = import.meta.glob<{ default: unknown }>(['./a/*.ts', '!**/x.ts'], {
  eager: true,
  import: 'default',
  query: '?raw',
  base: './b',
  exhaustive: true,
});
const unknown = import.meta.glob(patterns);
