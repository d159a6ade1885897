import type { Tea } from '../teas'

export default {
  name: 'Earl Grey',
  kind: 'black',
  taste: 'Bergamot first, then black tea',
  degrees: 95,
  minutes: 3,
  cents: 890,
  colour: '#b8621f',
} satisfies Tea
