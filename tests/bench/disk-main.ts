// A program that works with kept answers on the disk by itself, without a gateway around it, and prints what each step took,
// as one line of JSON. Usage: disk-main.js FOLDER ENTRIES BYTES fill|read|clear
import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../backend/clock.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import { DiskAnswers } from '../../backend/storage/shelves/answer-store.ts';
import { openDatabase } from '../../backend/storage/database.ts';
import { KeptTime } from '../../backend/storage/kept-time.ts';
import { median, percentile } from './stats.ts';

const [folder = '', entriesText, bytesText, step] = process.argv.slice(2);
const [entries, bytes] = [Number(entriesText), Number(bytesText)];
/** As many as are written in one go when it is busy. */
const AT_ONCE = 10;
const READS = 2000;
const { config } = resolveConfig({ flags: { 'cache.disk_max_size_mb': '4096' } }, 'headless');
const database = openDatabase({ folder, clock: systemClock, log: pino({ level: 'silent' }) });
const answers = new DiskAnswers(database, new KeptTime(database, systemClock), () => config);
const keyOf = (number: number): string => createHash('sha256').update(String(number)).digest('hex');

/** Microseconds of processor time for one. */
async function fill(): Promise<object> {
  const record = randomBytes(bytes);
  const notes = { owner: 'local', model: 'llama3.2:latest', runMs: 1, tokens: 1, marks: [] };
  const each: number[] = [];
  for (let i = 0; i < entries; i += AT_ONCE) {
    const before = process.cpuUsage();
    for (let n = i; n < i + AT_ONCE; n++) answers.keep(keyOf(n), record, notes, 3_600_000);
    database.flush();
    const { user, system } = process.cpuUsage(before);
    each.push((user + system) / AT_ONCE);
    await turn();
  }
  return { put: median(each), bytes: answers.figures?.bytes };
}

/** Microseconds, each from the call to what it returns. */
function read(): object {
  const times = (from: number): number[] =>
    Array.from({ length: READS }, (_, i) => {
      const key = keyOf(from + ((i * 7919) % entries));
      const at = performance.now();
      answers.find(key);
      return (performance.now() - at) * 1000;
    });
  times(0);
  const found = times(0);
  return { found: median(found), slow: percentile(found, 0.99), missing: median(times(entries)) };
}

/** Milliseconds: for how long `clear` itself took, the longest turn after it, and until the file was small. */
async function clear(): Promise<object> {
  const file = (): number => statSync(join(folder, 'hearth.db')).size;
  const before = file();
  const startedAt = performance.now();
  const { removed } = answers.clear({ watcher: 'local' });
  const took = performance.now() - startedAt;
  let longest = 0;
  let last = performance.now();
  while (file() > before / 20) {
    await turn();
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }
  return { removed, took, turn: longest, total: last - startedAt };
}

const STEPS = { fill, read, clear };
const outcome = await STEPS[step as keyof typeof STEPS]();
answers.close();
database.close();
process.stdout.write(`did ${JSON.stringify(outcome)}\n`);
