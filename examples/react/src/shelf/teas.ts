export interface Tea {
  name: string
  kind: 'green' | 'black' | 'herbal'
  taste: string
  degrees: number
  minutes: number
  /** For a tin of 100 g. */
  cents: number
  /** Of what is in the cup. */
  colour: string
}

// Every file in the folder is a tea: write one more, and it is on the shelf.
const files = import.meta.glob<Tea>('./teas/*.ts', { eager: true, import: 'default' })

export const teas = Object.entries(files).map(([file, tea]) => ({ file, ...tea }))
