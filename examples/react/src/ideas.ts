import type { Idea } from './TryThis'

export const ideas: Idea[] = [
  {
    file: 'src/Greeting.tsx',
    change: 'the heading',
    effect: 'Fast Refresh puts in the new component; everything on the page stays.',
  },
  {
    file: 'src/Counter.module.css',
    change: 'the colour of .number',
    effect: 'The number you counted keeps its value and gets its new colour.',
  },
  {
    file: 'src/price.ts',
    change: 'a price',
    effect:
      'No component here: the change goes up to OrderForm.tsx and TopBar.tsx, and your order is priced anew.',
  },
  {
    file: 'src/basket.ts',
    change: 'the word Basket',
    effect: 'A store of both pages: open the shelf in a second window, and see both updated.',
  },
  {
    file: 'src/styles.css',
    change: '--accent',
    effect: 'A plain style sheet is swapped; no JavaScript runs again.',
  },
  {
    file: 'src/main.tsx',
    change: 'anything',
    effect: 'Nothing above it can accept the change, so the page reloads.',
  },
]
