import type { Tea } from '../teas'

export default {
  name: 'Oolong',
  kind: 'green',
  taste: 'Between green and black: orchids, butter',
  degrees: 90,
  minutes: 3,
  cents: 1450,
  colour: '#c9963a',
} satisfies Tea
