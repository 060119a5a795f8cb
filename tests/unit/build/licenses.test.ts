// The licence texts that go out with what is built.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { licenseOfNode } from '../../../build/licenses.ts';

let folder = '';
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-licences-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['of its archive for Windows', 'LICENSE', 'node.exe'],
  ['of its archive', 'LICENSE', 'bin/node'],
  ['of NodeSource', 'share/doc/nodejs/LICENSE', 'bin/node'],
  ['of Debian', 'share/doc/nodejs/copyright', 'bin/node'],
])('that of a Node %s is found', (_whose, text, program) => {
  for (const name of [text, program]) mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, text), 'As is.');
  expect(licenseOfNode(join(folder, program))).toBe('As is.');
});

test('that of a Node without one is missed by the places where it was looked for', () => {
  const looking = (): string => licenseOfNode(join(folder, 'bin', 'node'));
  expect(looking).toThrow(join(folder, 'share', 'doc', 'nodejs', 'copyright'));
});
