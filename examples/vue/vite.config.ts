import vue from '@vitejs/plugin-vue'
import { binoHmr } from 'bino-hmr'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [vue(), binoHmr()],
})
