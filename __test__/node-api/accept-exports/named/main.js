import { a } from './dep.js'

console.log(a)
