import { a } from './pass.js'

console.log(a)
