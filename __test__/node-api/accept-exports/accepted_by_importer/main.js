import { c } from './dep.js'

console.log(c)
import.meta.hot.accept('./dep.js', () => {})
