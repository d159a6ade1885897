/** What a file in `sounds/` says: white noise through a filter, which may sway. */
export interface Tone {
  colour: string
  filter: BiquadFilterType
  /** Hz */
  frequency: number
  /** How narrow the filter is. */
  q: number
  /** How loud it is at its loudest; narrow filters leave less. */
  gain: number
  /** How often, in Hz, and how far, in Hz, the filter goes up and down. */
  sway?: { every: number; by: number }
}

/** One channel of the desk. */
export interface Sound extends Tone {
  /** That of its file. */
  name: string
}

// Every file in the folder is a channel: write one more, and it is on the desk.
const files = import.meta.glob<Tone>('./sounds/*.ts', { eager: true, import: 'default' })

export const sounds: Sound[] = Object.entries(files).map(([path, tone]) => ({ name: nameOf(path), ...tone }))

/** `./sounds/rain.ts` is called `Rain`. */
function nameOf(path: string) {
  const name = path.replace(/^.*\/|\.ts$/g, '')
  return name.charAt(0).toUpperCase() + name.slice(1)
}
