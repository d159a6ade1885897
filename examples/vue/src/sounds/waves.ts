import type { Tone } from '../sounds'

export default {
  colour: 'light-dark(#6a4cc0, #b49cff)',
  filter: 'lowpass',
  frequency: 620,
  q: 0.5,
  gain: 0.55,
  sway: { every: 0.12, by: 520 },
} satisfies Tone
