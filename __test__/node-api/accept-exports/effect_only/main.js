import './dep.js'
