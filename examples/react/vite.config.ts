import react from '@vitejs/plugin-react'
import { binoHmr } from 'bino-hmr'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react(), binoHmr()],
  // The dev server finds the pages by itself.
  build: { rolldownOptions: { input: ['index.html', 'shelf.html'] } },
})
