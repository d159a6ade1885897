import dep from './dep.js'

console.log(dep)
