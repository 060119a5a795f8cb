// docs/batches.md: its script works as printed.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHearth, type Hearth } from '../support/hearth.ts';

const root = resolve(import.meta.dirname, '../..');
let hearth: Hearth;
beforeAll(async () => {
  hearth = await startHearth({ config: { queue: { settle_ms: 0 } } });
});
afterAll(() => hearth.stop());

test('the script prints the answers in the order of the questions', async () => {
  const page = readFileSync(resolve(root, 'docs/batches.md'), 'utf8');
  const script = /```js\n([^]*?)```/.exec(page)?.[1] ?? '';
  const printed = await new Promise<string>((done, failed) => {
    // From standard input, so that it finds the packages of this folder.
    const child = execFile(
      process.execPath,
      ['--input-type=module', '-'],
      { cwd: root, timeout: 30_000 },
      (error, out) => (error === null ? done(out) : failed(error)),
    );
    child.stdin?.end(script.replace('http://127.0.0.1:8080', hearth.url).replace('1000', '50'));
  });
  expect(printed).toMatch(/^question-0 \S.*\nquestion-1 \S.*\nquestion-2 \S.*\n$/);
});
