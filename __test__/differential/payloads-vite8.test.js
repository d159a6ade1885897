import { compareWithStock } from './payloads.js'

compareWithStock('vite')
