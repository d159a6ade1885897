export const teas = {
  sencha: { name: 'Sencha', cents: 420 },
  assam: { name: 'Assam', cents: 380 },
  rooibos: { name: 'Rooibos', cents: 350 },
}

export type Tea = keyof typeof teas

/** From this many pots on, each costs a tenth less. */
const MANY = 5

export function orderPrice(tea: Tea, pots: number): number {
  const full = teas[tea].cents * pots
  return pots >= MANY ? Math.round(full * 0.9) : full
}

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' })

export function formatPrice(cents: number): string {
  return euros.format(cents / 100)
}
