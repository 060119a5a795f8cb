// The thread that copies the log of the store is never within SQLite's library when the process may end.
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Upkeep } from '../../../backend/storage/upkeep.ts';
import { ManualClock } from '../../support/clocks.ts';
import { eventually } from '../../support/waiting.ts';

/** In the place of SQLite: writes down what it does, and takes its time for it. */
const LIBRARY = `
const { appendFileSync } = require('node:fs');
exports.DatabaseSync = class {
  constructor(file) {
    this.trace = file + '.trace';
    appendFileSync(this.trace, 'opened ');
  }
  exec() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  close() {
    appendFileSync(this.trace, 'closed');
  }
};
`;

let folder: string;
let upkeep: Upkeep;
const file = (): string => join(folder, 'hearth.db');
const trace = (): string => (existsSync(`${file()}.trace`) ? readFileSync(`${file()}.trace`, 'utf8') : '');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-upkeep-'));
  const library = join(folder, 'library.cjs');
  writeFileSync(library, LIBRARY);
  const rows = { exec: () => undefined, pragma: () => 0, wait: () => undefined };
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  upkeep = new Upkeep(rows, { file: file(), logBytes: 2 ** 30 }, library, new ManualClock(), log);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('stop comes back when a thread that works is through', async () => {
  upkeep.look();
  await eventually('the thread works', () => trace() !== '');
  upkeep.stop();
  expect(trace()).toBe('opened closed');
});

test('a thread that has not begun when the store is left never does', async () => {
  const made = once(process, 'worker') as Promise<[Worker]>;
  upkeep.look();
  upkeep.stop();
  const [thread] = await made;
  await once(thread, 'exit');
  expect(trace()).toBe('');
});
