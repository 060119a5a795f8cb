// `hearth top` on a real terminal: it draws, follows the size of the window, and leaves the terminal as it was.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { deferred } from '../../support/waiting.ts';

const PROGRAM = resolve(import.meta.dirname, '../../../dist/hearth.mjs');
const PTY = resolve(import.meta.dirname, '../../support/on-a-terminal.py');
const hasPty = process.platform !== 'win32' && spawnSync('python3', ['--version']).error === undefined;

let hearth: Hearth;
beforeEach(async () => {
  hearth = await startHearth();
  await (await hearth.chat('before', {}, { headers: { 'X-Request-ID': 'top-1' } })).text();
});
afterEach(() => hearth.stop());

test.runIf(hasPty)('draws what goes on, follows the window, and gives the terminal back', async () => {
  const child = spawn('python3', [PTY, process.execPath, PROGRAM, 'top'], {
    env: { PATH: process.env['PATH'] ?? '', HEARTH_URL: hearth.url, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let drawn = '';
  const exited = once(child, 'exit');
  const seen = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(drawn)) {
      const [part] = (await Promise.race([once(child.stdout, 'data'), exited])) as [unknown];
      if (!(part instanceof Buffer)) throw new Error(`top ended with ${String(part)}: ${JSON.stringify(drawn)}`);
      // Escape shown as a letter, so that patterns can name it.
      drawn += part.toString().replaceAll('\u001B', '␛');
    }
  };
  await seen(/␛\[\?1049h[^]*Hearth 0\.0\.0-test healthy[^]*top-1/);
  const gate = hearth.fake.gate();
  const asked = hearth.chat('now', {}, { headers: { 'X-Request-ID': 'top-2' } });
  await seen(/running[^]*top-2/);
  drawn = '';
  child.stdin.write('size 40 10');
  const narrow = /␛\[H(.{1,39}…␛\[K[^]*?)␛\[J/;
  await seen(narrow);
  const [, picture = ''] = narrow.exec(drawn) ?? [];
  const lines = picture.split(/\r*\n/).map((line) => line.replaceAll(/␛\[[\d;]*[mK]/g, ''));
  expect(lines.length).toBeLessThanOrEqual(10);
  expect(lines.filter((line) => line.length > 40)).toEqual([]);
  child.stdin.write('q');
  await seen(/␛\[\?25h␛\[\?1049l$/);
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
  gate.release();
  await (await asked).text();
});

test('prints one picture where it is no terminal, and each event as JSON', async () => {
  const env = { HEARTH_URL: hearth.url };
  const { code, out } = await commandLine(['top'], { env });
  expect([code, out]).toEqual([0, expect.stringMatching(/^Hearth 0\.0\.0-test healthy[^]*Nothing runs[^]*top-1\n$/)]);
  const life = new AbortController();
  const first = deferred<string>();
  const ended = commandLine(['top', '--json'], { env, signal: life.signal, onWrite: first.resolve });
  expect(JSON.parse(await first.promise)).toMatchObject({ name: 'snapshot', data: { health: { status: 'healthy' } } });
  life.abort(new Error('enough'));
  await ended;
});
