import type { Tea } from '../teas'

export default {
  name: 'Sencha',
  kind: 'green',
  taste: 'Fresh grass, a little sea',
  degrees: 75,
  minutes: 2,
  cents: 1180,
  colour: '#a9b94a',
} satisfies Tea
