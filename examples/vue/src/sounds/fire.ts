import type { Tone } from '../sounds'

export default {
  colour: 'light-dark(#c2551b, #ff9d66)',
  filter: 'lowpass',
  frequency: 240,
  q: 0.8,
  gain: 0.9,
  sway: { every: 3.1, by: 120 },
} satisfies Tone
