import { a, c } from './dep.js'

console.log(a, c)
