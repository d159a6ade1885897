import { x } from './main.js'
export const a = () => x
export const c = 1
import.meta.hot.acceptExports('a')
