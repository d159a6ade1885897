import { a } from './middle.js'

console.log(a)
