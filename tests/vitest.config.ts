// How the tests run: all parts in one row, three files at a time, the desktop first and small files last (support/file-order.ts).
// Apps that start and answers that are waited for leave room on two cores for a third file. A plain summary line comes at the end.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import InOrder from './support/file-order.ts';

/** Pages in front of a real gateway: they run where all that it consists of is loaded already. */
const WITH_GATEWAY = ['tests/page/foreign-origin.test.ts'];

// oxlint-disable-next-line import/no-default-export -- vitest reads its configuration from the default export
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  test: {
    reporters: ['default', fileURLToPath(new URL('support/summary.ts', import.meta.url))],
    sequence: { sequencer: InOrder },
    // What is awaited comes at once, but not where other programs keep the machine busy.
    expect: { poll: { timeout: 10_000 } },
    // Only what hangs takes so long: nothing is measured by these.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One number for all parts: where they differ, vitest runs one part after the other.
    maxWorkers: 3,
    // A promise that nobody awaits is a failure here as it would be in the process.
    dangerouslyIgnoreUnhandledErrors: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'gateway',
          include: [
            'tests/*.test.ts',
            'tests/unit/**/*.test.ts',
            'tests/behaviour/**/*.test.ts',
            'tests/clients/**/*.test.ts',
            ...WITH_GATEWAY,
          ],
          // Their modules keep no state between tests, so that a worker loads them once and not for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'page',
          include: ['tests/page/**/*.test.ts'],
          exclude: WITH_GATEWAY,
          isolate: false,
          maxConcurrency: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'desktop',
          include: ['tests/desktop/**/*.test.ts'],
          globalSetup: fileURLToPath(new URL('support/desktop/fetch-electron.ts', import.meta.url)),
          isolate: false,
          // Three files at a time start three apps, which is all that two cores can start before somebody gives up.
          maxConcurrency: 1,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
