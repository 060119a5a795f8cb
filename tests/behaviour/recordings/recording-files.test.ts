// `hearth cache export` and `import`: recordings as files, beside a gateway that runs and without one.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Backend } from '../../../backend/hosting.ts';
import { commandLine } from '../../support/command-line.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { startReplay } from '../../support/replaying.ts';

let folder: string;
let hearth: Hearth | undefined;
let replay: Backend | undefined;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'hearth-files-'))));
afterEach(async () => {
  await replay?.stop();
  await hearth?.stop();
  replay = hearth = undefined;
  rmSync(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

/** What a command writes to standard output. Rejects with its sentence when it fails. */
async function cache(args: readonly string[], data: string, input = ''): Promise<string> {
  const env = { CACHE__DISK_MAX_SIZE_MB: '1', HEARTH_DATA_DIR: at('elsewhere') };
  const { code, out, err } = await commandLine(['cache', ...args, '--data', at(data)], { env, cwd: folder, input });
  if (code !== 0) throw new Error(err);
  return out;
}

async function recordThree(): Promise<void> {
  hearth = await startHearth({ dataFolder: at('data'), config: { cache: { mode: 'record' } } });
  for (const word of ['c', 'a', 'b']) await (await hearth.chat(word)).text();
}

const line = (content: string, answer: string): string =>
  `${JSON.stringify({ route: 'chat', model: 'llama3.2', question: { messages: [{ role: 'user', content }] }, answer: { content: answer } })}\n`;

test('a recording goes to another folder and back, the same to the byte and in one order', async () => {
  await recordThree();
  const first = await cache(['export', '-'], 'data');
  expect(
    first
      .trim()
      .split('\n')
      .map(
        (each) => (JSON.parse(each) as { question: { messages: [{ content: string }] } }).question.messages[0].content,
      ),
  ).toEqual(['a', 'b', 'c']);
  await hearth?.stop();
  hearth = undefined;
  await cache(['export', at('one.jsonl')], 'data');
  expect(readFileSync(at('one.jsonl'), 'utf8')).toBe(first);
  await cache(['import', at('one.jsonl')], 'other');
  expect(await cache(['export', '-'], 'other')).toBe(first);
});

test('what is imported beside a gateway is answered by it at once', async () => {
  replay = await startReplay({ dataFolder: at('data') });
  const ask = async (): Promise<number> => {
    const body = JSON.stringify({ model: 'llama3.2', messages: [{ role: 'user', content: 'one' }] });
    return (await fetch(`${replay?.url}/api/chat`, { method: 'POST', body })).status;
  };
  expect(await ask()).toBe(504);
  await cache(['import', '-'], 'data', line('one', 'yes'));
  expect(await ask()).toBe(200);
  await cache(['import', '-', '--replace'], 'data', line('two', 'no'));
  expect(await ask()).toBe(504);
  await cache(['import', '-'], 'data', line('one', 'yes'));
  expect(await ask()).toBe(200);
  await cache(['clear'], 'data');
  expect(await ask()).toBe(504);
  expect(await cache(['export', '-'], 'data')).toBe('');
});

test('a file with a mistake is refused as a whole, by its name and line', async () => {
  await cache(['import', '-'], 'data', line('one', 'yes'));
  const before = await cache(['export', '-'], 'data');
  writeFileSync(
    at('wrong.jsonl'),
    `${line('two', 'no')}${line('three', 'no').replace('"route":"chat"', '"route":"talk"')}`,
  );
  await expect(cache(['import', at('wrong.jsonl')], 'data')).rejects.toThrow('wrong.jsonl: Line 2: route must be');
  await expect(cache(['import', '-'], 'data', line('large', 'x'.repeat(300_000)))).rejects.toThrow(
    'do not fit into 0.3 MB',
  );
  await expect(cache(['import', at('none.jsonl')], 'data')).rejects.toThrow('cannot be read');
  expect(await cache(['export', '-'], 'data')).toBe(before);
});

test('an export without a recording says so, and makes no store', async () => {
  await expect(cache(['export', '-'], 'data')).rejects.toThrow('there is no hearth.db');
  expect(existsSync(at('data'))).toBe(false);
});

test('a recording has a share of the disk, and says when it is full', async () => {
  hearth = await startHearth({
    dataFolder: at('data'),
    config: { cache: { mode: 'record', disk_max_size_mb: 1 } },
  });
  hearth.fake.next({ pieces: ['x'.repeat(200_000)] }, { pieces: ['y'.repeat(200_000)] });
  for (const word of ['fits', 'does not']) await (await hearth.chat(word)).text();
  expect((await cache(['export', '-'], 'data')).trim().split('\n')).toHaveLength(1);
  const { notices } = (await (await hearth.get('/health')).json()) as { notices?: string[] };
  expect(notices?.join()).toContain('The recording is full: it may take 0.3 MB');
});
