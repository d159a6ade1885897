import type { Idea } from '../TryThis'

export const ideas: Idea[] = [
  {
    file: 'src/shelf/TeaCard.tsx',
    change: 'anything',
    effect: 'This page, and not the shop: it never loaded the file.',
  },
  {
    file: 'src/shelf/teas/',
    change: 'one more file',
    effect: 'This page: import.meta.glob finds a tea more.',
  },
  {
    file: 'src/TopBar.tsx',
    change: 'a title',
    effect: 'Both pages, and each keeps its place.',
  },
  {
    file: 'src/price.ts',
    change: 'the currency',
    effect: 'Both: it goes up to whatever shows a price.',
  },
]
