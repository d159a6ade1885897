import type { Tea } from '../teas'

export default {
  name: 'Rooibos',
  kind: 'herbal',
  taste: 'Sweet and round, without caffeine',
  degrees: 100,
  minutes: 7,
  cents: 610,
  colour: '#b5401f',
} satisfies Tea
