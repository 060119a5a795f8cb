// How the window's page is built: files beside each other that load under the strict policy of the window, from the
// app's own scheme as well as from a plain web server. Nothing is inlined, there is no plugin.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

// oxlint-disable-next-line import/no-default-export -- vite reads its configuration from the default export
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    // The oldest Chromium that the app runs on is that of Electron 33.
    target: 'chrome130',
    // The window's policy allows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
