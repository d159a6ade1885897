import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ShelfPage } from './ShelfPage'
import '../styles.css'

const root = document.getElementById('root')
if (!root) throw new Error('shelf.html has no element with the id "root"')

createRoot(root).render(
  <StrictMode>
    <ShelfPage />
  </StrictMode>,
)
