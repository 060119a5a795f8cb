// The log's file as the window shows it, with real files: its last lines, those that come after, a file that is rotated, and no
// keys in any of them.
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultConfig } from '../../../../backend/contract/config/config.ts';
import { readLog, sizeOf } from '../../../../main/about/log-file.ts';
import { withoutKeys } from '../../../../main/about/without-keys.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-log-'));
  file = join(folder, 'hearth.log');
});
afterEach(() => rmSync(folder, { recursive: true }));

const line = (msg: string, more: object = {}): string =>
  `${JSON.stringify({ level: 30, time: '2026-11-27T14:05:03.000Z', msg, ...more })}\n`;
const texts = async (after?: string): Promise<string[]> => (await readLog(folder, after)).lines.map(({ text }) => text);

test('the last lines come first, then those that were written since', async () => {
  expect(await readLog(folder)).toEqual({ lines: [], next: '', again: false });
  writeFileSync(file, line('one') + line('two'));
  const { lines, next } = await readLog(folder);
  expect(lines).toEqual([
    { at: '2026-11-27T14:05:03.000Z', level: 'info', text: 'one' },
    { at: '2026-11-27T14:05:03.000Z', level: 'info', text: 'two' },
  ]);
  expect(await readLog(folder, next)).toEqual({ lines: [], next, again: false });
  // A line of which a part is written so far is shown once it is whole.
  const three = line('three');
  appendFileSync(file, line('more') + three.slice(0, 20));
  const then = await readLog(folder, next);
  expect([then.lines.map(({ text }) => text), then.again]).toEqual([['more'], false]);
  appendFileSync(file, three.slice(20));
  expect(await texts(then.next)).toEqual(['three']);
});

test('of a large file only its end is read, from the beginning of a line on', async () => {
  writeFileSync(file, line('x'.repeat(1000)).repeat(1000) + line('last'));
  const { lines } = await readLog(folder);
  expect(lines.length).toBeGreaterThan(400);
  expect(lines.length).toBeLessThan(520);
  expect([lines[0]?.text.length, lines.at(-1)?.text]).toEqual([1000, 'last']);
});

test('after a rotation the new file goes on, and who looks then sees the end of the old one', async () => {
  writeFileSync(file, line('old'));
  const { next } = await readLog(folder);
  renameSync(file, join(folder, '20261127-1405-01-hearth.log'));
  writeFileSync(file, line('new'));
  expect(await texts()).toEqual(['old', 'new']);
  const after = await readLog(folder, next);
  expect([after.again, after.lines.at(-1)?.text]).toEqual([true, 'new']);
});

test('a line says its facts and its level in a word; what is no JSON is shown as it stands', async () => {
  const err = { type: 'Error', message: 'disk full', stack: 'Error: disk full\n at x' };
  writeFileSync(file, `${line('lost', { level: 60, err, ms: 2 })}${line('fine', { level: 10 })}Segmentation fault\n`);
  const { lines } = await readLog(folder);
  expect(lines.map(({ level, text }) => `${level}: ${text}`)).toEqual([
    'error: lost (err disk full, ms 2)',
    'debug: fine',
    'info: Segmentation fault',
  ]);
  expect(lines.at(-1)?.at).toBeNull();
  expect(await sizeOf(folder)).toBeGreaterThan(100);
});

test('no line has a key in it: of the settings, of a caller, or of an address', () => {
  const config = defaultConfig();
  const ollama = { ...config.ollama, api_key: 'sk-ollama-123', headers: { 'CF-Access': 'very-secret' } };
  const clean = withoutKeys({ ...config, ollama });
  expect(clean('sent sk-ollama-123 and very-secret')).toBe('sent ******** and ********');
  expect(clean(`key hearth_${'aB3-'.repeat(11)} was revoked`)).toBe('key ******** was revoked');
  expect(clean('https://ada:pass@gpu.lan:8443/api')).toBe('https://********@gpu.lan:8443/api');
  expect(clean('Authorization: Bearer abc.def-123')).toBe('Authorization: Bearer ********');
  expect(clean('the key of phone')).toBe('the key of phone');
});
