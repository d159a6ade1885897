import { a } from './dep.js'
export const x = 1
console.log(a)
import.meta.hot.accept()
