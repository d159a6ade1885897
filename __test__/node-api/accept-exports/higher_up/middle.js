import { c } from './dep.js'
export const a = c
export const b = c
import.meta.hot.acceptExports('a')
