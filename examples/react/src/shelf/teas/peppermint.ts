import type { Tea } from '../teas'

export default {
  name: 'Peppermint',
  kind: 'herbal',
  taste: 'Cool, clear, and as long as you like',
  degrees: 100,
  minutes: 8,
  cents: 520,
  colour: '#9aa83a',
} satisfies Tea
