// The project in docs/examples/replay-in-ci does what it says: its tests pass with no model anywhere.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../../..');

test('the tests of the example pass with no model anywhere', async () => {
  const vitest = resolve(root, 'node_modules/vitest/vitest.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', '--reporter', 'json'], {
    cwd: resolve(root, 'docs/examples/replay-in-ci'),
    // Nothing of the run that this test is part of.
    env: {
      PATH: process.env['PATH'] ?? '',
      HEARTH: `${process.execPath} ${resolve(root, 'dist/hearth.mjs')}`,
      OLLAMA_HOST: '127.0.0.1:9',
    },
    timeout: 60_000,
  });
  expect(JSON.parse(stdout)).toMatchObject({ success: true, numPassedTests: 2, numTotalTests: 2 });
});
