// Texts on a real disk: what has gone is in no file any more, whatever stood beside it, and the watch outlives the process.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { LOCAL } from '../../../backend/core/ownership.ts';
import { CloseWatch } from '../../../backend/core/requests/close-watch.ts';
import { openDatabase, type Database } from '../../../backend/storage/database.ts';
import { DiskTexts } from '../../../backend/storage/requests/disk-texts.ts';
import { NO_LOG } from '../../support/builders.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/waiting.ts';

const DAY_MS = 86_400_000;
/** After so long a clearing that was held up is tried again (disk-texts.ts). */
const SOON_MS = 1000;
let folder: string;
let clock: ManualClock;
let database: Database;
let texts: DiskTexts;
let log: { texts_ttl_seconds: number; texts_max_mb: number };

function open(inMemory = false): void {
  const config = defaultConfig();
  database = openDatabase({ folder: inMemory ? undefined : folder, clock, log: NO_LOG });
  texts = new DiskTexts(database, clock, () => ({ ...config, log: { ...config.log, ...log } }), !inMemory);
  texts.open();
}

function close(): void {
  texts.close();
  database.close();
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-disk-texts-'));
  clock = new ManualClock();
  log = { texts_ttl_seconds: 86_400, texts_max_mb: 64 };
  open();
});
afterEach(() => {
  close();
  if (clock.sleeping > 0) throw new Error('a wait was left over');
  rmSync(folder, { recursive: true });
});

/**
 * Different for each number and size, and found nowhere else; of one length, so that no rest of one after a page's pointer, of which a
 * byte may be "<", looks like another.
 */
const marked = (n: number): string => `<${String(n).padStart(3, '0')}:TEXT>`;
const textOf = (n: number, length: number): string =>
  marked(n)
    .repeat(Math.ceil(length / 8))
    .slice(0, length + 16);

function keep(n: number, length: number, owner: string = LOCAL): void {
  texts.keep({ id: `id-${n}`, owner, what: n % 2 === 0 ? 'request' : 'answer', text: textOf(n, length) });
}

/** The numbers whose texts stand in any file of the folder. */
function onDisk(): number[] {
  const all = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'latin1'));
  const found = all.flatMap((bytes) => [...bytes.matchAll(/<(\d{3}):TEXT>/g)].map((match) => Number(match[1])));
  return [...new Set(found)].toSorted((a, b) => a - b);
}

const written = (): void => database.flush();

/** At once, unless the thread that copies the log reads it just then: then a moment later. */
async function onDiskAre(numbers: readonly number[]): Promise<void> {
  await eventually('what has gone is in no file', async () => {
    if (onDisk().length <= numbers.length) return true;
    await clock.advance(SOON_MS);
    return false;
  });
  expect(onDisk()).toEqual(numbers);
}

test('what has gone is in no file, though rows of all sizes stood beside it and others stay', async () => {
  const sizes = [1, 20, 200, 900, 3000, 4090, 5000, 9000, 40_000];
  for (let n = 0; n < 400; n++) {
    keep(n, sizes[n % sizes.length] ?? 1, n % 3 === 0 ? 'key a' : 'key b');
    if (n % 50 === 0) written();
  }
  written();
  expect(onDisk()).toHaveLength(400);
  expect(texts.clear('key a')).toBe(134);
  const left = Array.from({ length: 400 }, (_, n) => n).filter((n) => n % 3 !== 0);
  await onDiskAre(left);
  for (let n = 400; n < 500; n++) keep(n, sizes[n % sizes.length] ?? 1, 'key a');
  written();
  expect(texts.clear('key b')).toBe(266);
  await onDiskAre(Array.from({ length: 100 }, (_, i) => 400 + i));
  expect(texts.clear(LOCAL)).toBe(100);
  await onDiskAre([]);
});

test('a text is gone after its time, also where Hearth was off or the clock was set back', async () => {
  keep(0, 500);
  await clock.advance(DAY_MS / 2);
  keep(1, 500);
  await clock.advance(DAY_MS / 2 + 60_000);
  expect(onDisk()).toEqual([1]);
  close();
  await clock.advance(DAY_MS);
  open();
  expect(onDisk()).toEqual([]);
  keep(2, 500);
  written();
  clock.jump(-3_600_000);
  await clock.advance(60_000);
  expect(onDisk()).toEqual([]);
});

test('the oldest go where there are too many, and a text that is larger than all is not kept', async () => {
  log.texts_max_mb = 1;
  for (let n = 0; n < 10; n++) keep(n, 200_000);
  keep(10, 2_000_000);
  written();
  await clock.advance(60_000);
  expect(onDisk()).toEqual([5, 6, 7, 8, 9]);
  log.texts_max_mb = 0;
  texts.reconfigured();
  expect(onDisk()).toEqual([]);
});

test('the newest texts under an id are found by their owner and by this machine', () => {
  texts.keep({ id: 'a', owner: 'key a', what: 'request', text: '1' });
  texts.keep({ id: 'a', owner: 'key a', what: 'answer', text: '2' });
  expect(texts.find('a', 'key a')).toEqual({ request: '1', answer: '2' });
  expect(texts.find('a', LOCAL)).toEqual({ request: '1', answer: '2' });
  expect(texts.find('a', 'key b')).toEqual({});
  texts.keep({ id: 'a', owner: 'key a', what: 'request', text: '3' });
  expect(texts.find('a', LOCAL)).toEqual({ request: '3' });
});

test('in memory alone nothing is written', () => {
  close();
  rmSync(folder, { recursive: true });
  open(true);
  keep(0, 100);
  expect(texts.find('id-0', LOCAL).request).toContain(marked(0));
  expect(() => readdirSync(folder)).toThrow();
  folder = mkdtempSync(join(tmpdir(), 'hearth-disk-texts-'));
});

test('the watch goes on after a restart, and never longer, whatever the clock says', async () => {
  const changes: boolean[] = [];
  const watching = (): CloseWatch => {
    const watch: CloseWatch = new CloseWatch(texts, clock, () => changes.push(watch.until !== undefined));
    return watch;
  };
  const first = watching();
  first.start(10);
  const until = first.until ?? 0;
  expect(until - clock.now()).toBe(600_000);
  first.close();
  close();
  await clock.advance(240_000);
  open();
  const second = watching();
  second.open();
  expect(second.until).toBe(until);
  clock.jump(-60_000);
  expect(second.until).toBe(until);
  await clock.advance(360_000);
  expect(second.until).toBeUndefined();
  expect(changes).toEqual([true, true, false]);

  const third = watching();
  third.open();
  expect(third.until).toBeUndefined();
  third.start(10);
  third.close();
  clock.jump(-3_600_000);
  const fourth = watching();
  fourth.open();
  expect(fourth.until).toBeUndefined();
  fourth.start(10);
  fourth.start(0);
  expect(fourth.until).toBeUndefined();
  expect(texts.watch()).toBeUndefined();
});
