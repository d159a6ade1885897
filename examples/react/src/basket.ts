import { useSyncExternalStore } from 'react'
import { formatPrice } from './price'

interface Line {
  name: string
  count: number
  /** For all of them together. */
  cents: number
}

const STORAGE_KEY = 'bino-hmr-example:basket'

// Both pages show one basket, in two windows as well: what is in it is in the browser's storage.
let basket = read()
const listeners = new Set<() => void>()

function read(): Line[] {
  return JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '[]')
}

function write(next: Line[]) {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(next))
  refresh()
}

/** The browser calls it when another window has written. */
function refresh() {
  basket = read()
  for (const listener of listeners) listener()
}

export function putIntoBasket(line: Line) {
  write([...basket, line])
}

export function emptyBasket() {
  write([])
}

export function useBasket(): Line[] {
  return useSyncExternalStore(subscribe, () => basket)
}

function subscribe(listener: () => void) {
  listeners.add(listener)
  window.addEventListener('storage', refresh)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) window.removeEventListener('storage', refresh)
  }
}

export function describeBasket(lines: Line[]): string {
  const count = lines.reduce((sum, line) => sum + line.count, 0)
  const cents = lines.reduce((sum, line) => sum + line.cents, 0)
  return count === 0 ? 'Basket: empty' : `Basket: ${count} for ${formatPrice(cents)}`
}
