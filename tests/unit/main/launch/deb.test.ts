// A Debian package as electron-builder asks for it: built by the real dpkg-deb, and read back by it.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { makeDeb, readFpmArgs } from '../../../../main/launch/deb.ts';

const folder = mkdtempSync(join(tmpdir(), 'hearth-deb-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(at(name), text);
  chmodSync(at(name), mode);
  return at(name);
};
const ask = (...args: readonly string[]): string => execFileSync('dpkg-deb', args, { encoding: 'utf8' });

test('what is said to fpm becomes a package with its fields, files, modes and scripts', async () => {
  mkdirSync(at('app/resources'), { recursive: true });
  write('app/hearth', '#!/bin/sh\n', 0o700);
  write('app/resources/app.asar', 'x'.repeat(3000));
  const args = ['-s', 'dir', '--force', '-t', 'deb', '-d', 'libgtk-3-0', '-d', 'libnss3', '--deb-recommends', 'libx'];
  args.push('--deb-compression', 'gzip', '--architecture', 'amd64', '--name', 'hearth', '--version', '1.2.3');
  args.push('--after-install', write('install', 'echo installed\n'), '--after-remove', write('remove', 'echo gone\n'));
  args.push(
    '--description',
    'A gateway\n for Ollama,\n and a tray.',
    '--maintainer',
    'Somebody',
    '--vendor',
    'Somebody',
  );
  args.push('--url', 'none', '--license', 'MIT', '--deb-priority', 'optional', '--package', at('hearth.deb'));
  args.push(`${at('app')}/=/opt/Hearth`, `${write('launcher', '#!/bin/sh\n', 0o755)}=/usr/bin/hearth`);
  await makeDeb(readFpmArgs(args));

  expect(ask('--field', at('hearth.deb')).split('\n').toSorted()).toEqual(
    [
      '',
      ' and a tray.',
      ' for Ollama,',
      'Architecture: amd64',
      'Depends: libgtk-3-0, libnss3',
      'Description: A gateway',
      'Installed-Size: 3',
      'Maintainer: Somebody',
      'Package: hearth',
      'Priority: optional',
      'Recommends: libx',
      'Version: 1.2.3',
    ].toSorted(),
  );
  const files = ask('--contents', at('hearth.deb')).split('\n');
  const shown = files.map((line) => line.replace(/^(\S+) (\S+) .* (\S+)$/, '$1 $2 $3')).filter((line) => line !== '');
  expect(shown).toEqual([
    'drwxr-xr-x root/root ./',
    'drwxr-xr-x root/root ./opt/',
    'drwxr-xr-x root/root ./opt/Hearth/',
    '-rwxr-xr-x root/root ./opt/Hearth/hearth',
    'drwxr-xr-x root/root ./opt/Hearth/resources/',
    '-rw-r--r-- root/root ./opt/Hearth/resources/app.asar',
    'drwxr-xr-x root/root ./usr/',
    'drwxr-xr-x root/root ./usr/bin/',
    '-rwxr-xr-x root/root ./usr/bin/hearth',
  ]);
  expect(ask('--info', at('hearth.deb'), 'postinst')).toBe('echo installed\n');
  expect(ask('--info', at('hearth.deb'), 'postrm')).toBe('echo gone\n');
  expect(ask('--info', at('hearth.deb'), 'md5sums')).toMatch(/^[\da-f]{32} {2}opt\/Hearth\/hearth$/m);
});

test('what it does not know of fpm it refuses', () => {
  expect(() => readFpmArgs(['--after-upgrade', 'x'])).toThrow(
    '--after-upgrade is an option of fpm that is not known here',
  );
  expect(() => readFpmArgs(['somewhere'])).toThrow('somewhere has no place in the system');
});
