// Files in a real database: bounded, whole or not there, freed by and by.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultConfig, type Config } from '../../../backend/contract/config/config.ts';
import type { Batch } from '../../../backend/core/offline/offline-store.ts';
import { KeptFiles } from '../../../backend/core/offline/kept-files.ts';
import { type Database, openDatabase } from '../../../backend/storage/database.ts';
import { SqlBatchStore } from '../../../backend/storage/jobs/batch-store.ts';
import { SqlFileStore } from '../../../backend/storage/jobs/file-store.ts';
import { ManualClock } from '../../support/clocks.ts';

const MB = 1024 * 1024;
let folder = '';
let database: Database;
let clock: ManualClock;
let store: SqlFileStore;
let ids = 0;

function open(path: string | undefined): void {
  clock = new ManualClock();
  database = openDatabase({ folder: path, clock, log: pino({ level: 'silent' }) });
  store = new SqlFileStore(database);
}

function kept(bounds: Partial<Config['files']> = {}): KeptFiles {
  const config = { ...defaultConfig(), files: { ...defaultConfig().files, ...bounds } };
  const newId = (): string => `id-${ids++}`;
  const place = { isDurable: () => database.isDurable, isAway: () => database.isAway };
  return new KeptFiles({ store, config: () => config, clock, time: clock, newId, ...place });
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-files-'));
  open(folder);
});
afterEach(() => {
  database.close();
  rmSync(folder, { recursive: true, force: true });
});

async function contentOf(files: KeptFiles, id: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of files.read(id)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const blockCount = (): unknown =>
  database.read((sql) => sql.get('SELECT count(*) AS count FROM file_blocks') as { count: number }).count;

test('a file comes back as it was handed in, after a restart too', async () => {
  const bytes = Buffer.alloc(3 * MB + 17, 'a line of text\n');
  const upload = kept().upload('local', 'in.jsonl');
  for (let at = 0; at < bytes.length; at += 100_001) upload.write(bytes.subarray(at, at + 100_001));
  const { id } = upload.end();
  database.close();
  open(folder);
  expect(store.get(id)).toMatchObject({ name: 'in.jsonl', bytes: bytes.length, owner: 'local' });
  expect((await contentOf(kept(), id)).equals(bytes)).toBe(true);
});

test('a block that is damaged, of another place or another file is told, and never given', async () => {
  const two = ['a', 'b'].map((letter) => {
    const upload = kept().upload('local', letter);
    upload.write(Buffer.alloc(2 * 64 * 1024, letter));
    return upload.end().id;
  });
  const [one = '', other = ''] = two;
  const set = (what: string): void =>
    database.commit((sql) => void sql.run(`UPDATE file_blocks SET ${what} WHERE file = 1 AND n = 1`));
  const whole = await contentOf(kept(), one);
  const damages = [
    "block = x'00'",
    'block = (SELECT block FROM file_blocks WHERE file = 2 AND n = 1)',
    '(block, checksum) = (SELECT block, checksum FROM file_blocks WHERE file = 2 AND n = 1)',
    '(block, checksum) = (SELECT block, checksum FROM file_blocks WHERE file = 1 AND n = 0)',
  ];
  for (const damage of damages) {
    set(damage);
    await expect(contentOf(kept(), one)).rejects.toMatchObject({ code: 'file_damaged' });
  }
  expect((await contentOf(kept(), other)).length).toBe(whole.length);
  // As an older Hearth has written it.
  set('checksum = NULL');
  expect((await contentOf(kept(), one)).equals(whole)).toBe(true);
});

test('a file that did not end is seen by nobody, and forgotten at the next start', () => {
  const upload = kept().upload('local', 'in.jsonl');
  upload.write(Buffer.alloc(MB));
  expect(store.list({}, { after: undefined, limit: 10 })).toEqual([]);
  database.close();
  open(folder);
  expect(store.totals.files).toBe(1);
  kept().resume(new Set());
  expect(store.totals).toEqual({ files: 0, bytes: 0 });
});

test('what is deleted is gone at once, and its blocks are freed a megabyte at a time', async () => {
  const files = kept();
  const upload = files.upload('local', 'in.jsonl');
  upload.write(Buffer.alloc(3 * MB));
  const { id } = upload.end();
  expect(blockCount()).toBe(48);
  files.forget(id);
  expect(store.get(id)).toBeUndefined();
  await expect(contentOf(files, id)).rejects.toThrow('is gone');
  const steps: unknown[] = [];
  for (let i = 0; i < 5; i++) {
    await clock.advance(20);
    steps.push(blockCount());
  }
  expect(steps).toEqual([32, 16, 0, 0, 0]);
  expect(store.sweep()).toBe(false);
});

test('one file and all together have bounds, and a refused one leaves nothing', () => {
  const files = kept({ max_file_mb: 2, max_total_mb: 3, max_count: 3 });
  const first = files.upload('local', 'a');
  first.write(Buffer.alloc(2 * MB));
  first.end();
  const long = files.upload('local', 'b');
  expect(() => long.write(Buffer.alloc(2 * MB + 1))).toThrow('The file is over 2 MB');
  long.drop();
  const second = files.upload('local', 'c');
  expect(() => second.write(Buffer.alloc(2 * MB))).toThrow('The kept files take 3 MB');
  second.drop();
  expect(store.totals).toEqual({ files: 1, bytes: 2 * MB });
});

test('in memory files take no more than bodies may', () => {
  database.close();
  open(undefined);
  const files = kept();
  expect(() => files.checkBytes(300 * MB)).toThrow('Nothing is written to the disk');
});

test('while the disk cannot be used none is taken in, nor said not to be there', async () => {
  const files = kept();
  const whole = files.upload('local', 'whole');
  const { id } = whole.end();
  const upload = files.upload('local', 'in.jsonl');
  upload.write(Buffer.from('line'));
  let isFull = true;
  database.later(() => {
    const wasFull = isFull;
    isFull = false;
    if (wasFull) throw Object.assign(new Error('full'), { errcode: 13 });
  }, 'offline');
  const away = /on a disk that cannot be used now/;
  expect(() => upload.end()).toThrow(away);
  expect(() => files.upload('local', 'another')).toThrow(away);
  expect(() => files.get(id, 'local')).toThrow(away);
  expect(() => files.list({}, { after: undefined, limit: 1 })).toThrow(away);
  upload.drop();
  await clock.advance(16_000);
  expect(files.get(id, 'local').name).toBe('whole');
  expect(files.upload('local', 'another').end().bytes).toBe(0);
});

test('what waits of files and batches keeps its order, and nobody else is written for it', () => {
  let others = 0;
  const block = Buffer.alloc(40 * 1024);
  const file = { owner: 'local', name: 'f', purpose: 'batch', createdAt: 0, expiresAt: 1e15, dueAt: 1e15 } as const;
  database.later(() => void others++);
  store.begin({ ...file, id: 'dropped' });
  store.delete('dropped');
  store.begin({ ...file, id: 'whole' });
  for (const n of [0, 1, 2]) store.put('whole', n, block);
  expect(store.places('whole')).toEqual([0, 1, 2]);
  store.put('whole', 3, block);
  expect(store.end('whole')?.bytes).toBe(4 * block.length);
  expect(others).toBe(0);
  database.flush();
  expect(others).toBe(1);
  expect(store.unended()).toEqual([]);
});

test('a batch is never on the disk without its files, nor as ended without its counts', () => {
  const batches = new SqlBatchStore(database);
  store.begin({
    id: 'out',
    owner: 'local',
    name: 'f',
    purpose: 'batch_output',
    createdAt: 0,
    expiresAt: 1e15,
    dueAt: 1e15,
  });
  batches.add(BATCH);
  expect(store.unended()).toEqual(['out']);
  store.put('out', 0, Buffer.from('line'));
  batches.count(BATCH.id, 'completed');
  batches.change(BATCH.id, { state: 'finalizing' });
  expect(batches.get(BATCH.id)).toMatchObject({ state: 'finalizing', completed: 1 });
  expect(store.totals.bytes).toBe(4);
});

const BATCH: Batch = {
  id: 'batch_1',
  owner: 'local',
  caller: 'local',
  endpoint: '/v1/chat/completions',
  inputFile: 'in',
  outputFile: 'out',
  errorFile: 'err',
  window: '24h',
  metadata: null,
  keepMs: 1000,
  createdAt: 0,
  expiresAt: 1e15,
  dueAt: 1e15,
  state: 'in_progress',
  since: {},
  total: 1,
  completed: 0,
  failed: 0,
  faults: [],
};
