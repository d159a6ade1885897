import './dep.js'
export const a = 1
export const b = 1
import.meta.hot.acceptExports('a')
