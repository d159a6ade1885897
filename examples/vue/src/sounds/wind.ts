import type { Tone } from '../sounds'

export default {
  colour: 'light-dark(#0b7f78, #58d2c4)',
  filter: 'bandpass',
  frequency: 480,
  q: 1.6,
  gain: 0.9,
  sway: { every: 0.09, by: 320 },
} satisfies Tone
