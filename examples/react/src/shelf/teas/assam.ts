import type { Tea } from '../teas'

export default {
  name: 'Assam',
  kind: 'black',
  taste: 'Malty and strong; takes milk well',
  degrees: 95,
  minutes: 4,
  cents: 790,
  colour: '#a4451c',
} satisfies Tea
