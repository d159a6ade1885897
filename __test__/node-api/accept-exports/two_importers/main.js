import './one.js'
import './two.js'
