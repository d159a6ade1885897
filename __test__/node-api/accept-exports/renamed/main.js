import { b, a as x } from './dep.js'

console.log(x, b)
