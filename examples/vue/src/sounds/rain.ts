import type { Tone } from '../sounds'

export default {
  colour: 'light-dark(#2f6fc4, #74b0ff)',
  filter: 'highpass',
  frequency: 1400,
  q: 0.4,
  gain: 0.25,
} satisfies Tone
