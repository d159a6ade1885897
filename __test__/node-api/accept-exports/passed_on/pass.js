export { a } from './dep.js'
