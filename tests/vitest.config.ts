// How the tests run: two workers, so that two cores are enough, and a plain summary line at the end.
import { defineConfig } from 'vitest/config';

// oxlint-disable-next-line import/no-default-export -- vitest reads its configuration from the default export
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['tests/**/*.test.ts'],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    reporters: ['default', new URL('support/summary.ts', import.meta.url).pathname],
    // A promise that nobody awaits is a failure here as it would be in the process.
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
