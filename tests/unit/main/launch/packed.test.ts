// What becomes of a run of the packager: what is finished is kept, the rest goes, and a closed network is one sentence.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepFinished, unreachable } from '../../../../main/launch/packed.ts';

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'hearth-packed-'))));
afterEach(() => rmSync(home, { recursive: true }));

test('finished packages move over those of before, work and notes stay behind', async () => {
  const [from, to] = [join(home, 'building'), join(home, 'release')];
  for (const folder of ['linux-unpacked', '__appImage-x64', '.icon-set'])
    mkdirSync(join(from, folder), { recursive: true });
  for (const name of ['hearth.tar.gz', 'latest-linux.yml', 'builder-debug.yml']) writeFileSync(join(from, name), 'new');
  mkdirSync(join(to, 'linux-unpacked', 'old'), { recursive: true });
  writeFileSync(join(to, 'hearth.tar.gz'), 'old');
  expect((await keepFinished(from, to)).toSorted()).toEqual(['hearth.tar.gz', 'latest-linux.yml', 'linux-unpacked']);
  expect(readdirSync(to).toSorted()).toEqual(['hearth.tar.gz', 'latest-linux.yml', 'linux-unpacked']);
  expect(readFileSync(join(to, 'hearth.tar.gz'), 'utf8')).toBe('new');
  expect(existsSync(join(to, 'linux-unpacked', 'old'))).toBe(false);
});

test.each([
  ['RequestError: getaddrinfo ENOTFOUND github.com\n    at ClientRequest', 'github.com'],
  ['getaddrinfo EAI_AGAIN objects.example.com', 'objects.example.com'],
  ['connect ECONNREFUSED 127.0.0.1:9', '127.0.0.1'],
])('%s is said to be the network', (output, host) => {
  expect(unreachable(`  ⨯ Cannot cleanup:\n\nError #1 ---\n${output}`)).toBe(
    `The packaging tools of electron-builder could not be fetched from ${host}, so no package was made. ` +
      'Check the network, or run npm run dist:dir: the unpacked app needs none of them.',
  );
});

test('any other failure is told as it came', () => {
  expect(unreachable('  ⨯ cannot find icon assets/icons/icon.icns')).toBeUndefined();
});
