import * as dep from './dep.js'

console.log(dep)
