import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const control = process.env.SWITCHYARD_CONTROL_URL ?? 'http://127.0.0.1:7070';

export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  plugins: [react()],
  css: { modules: { localsConvention: 'camelCaseOnly' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: { host: '127.0.0.1', port: 7072, proxy: { '/api': { target: control, ws: true } } },
});
