// A program that fills the response cache by itself, without a gateway around it, and prints what the process's memory
// grew by for each entry, as one line of JSON. In a process of its own, so that nothing else is in the figure. Needs
// --expose-gc. Usage: entry-main.js ENTRIES CHARS
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../backend/clock.ts';
import { CompletionBuilder } from '../../backend/contract/chat/chat.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import { ResponseCache } from '../../backend/core/cache/cache.ts';
import { encodeRecord } from '../../backend/core/cache/record.ts';
import { prose } from './bench-requests.ts';

const [entries = 0, chars = 0] = process.argv.slice(2).map(Number);
/** How often each place is filled anew at the end. */
const ROUNDS = 3;
const text = prose(chars);

const completion = (): ReturnType<CompletionBuilder['finish']> => {
  const folder = new CompletionBuilder();
  for (let at = 0; at < text.length; at += 200) folder.add({ content: text.slice(at, at + 200), thinking: '' });
  const metrics = {
    total_duration: 1_234_567_890,
    load_duration: 12_345_678,
    prompt_eval_count: 512,
    prompt_eval_duration: 123_456_789,
    eval_count: 256,
    eval_duration: 987_654_321,
  };
  return folder.finish({ created_at: '2026-01-01T00:00:00.123456789Z', done_reason: 'stop', metrics });
};
const keyOf = (number: number): string => createHash('sha256').update(String(number)).digest('hex');

function cacheOf(mb: number): ResponseCache {
  const { config } = resolveConfig({ flags: { 'cache.max_size_mb': String(mb) } }, 'headless');
  return new ResponseCache(() => config, systemClock);
}

async function residentBytes(): Promise<number> {
  // Twice, since what the first one frees outside V8's heap is freed after it.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await sleep(100);
  }
  return process.memoryUsage.rss();
}

// What one entry counts is the cache's own affair: so that so many fit, let it say it.
const one = cacheOf(100);
one.put(keyOf(-1), completion(), { model: 'llama3.2', ttl: 3600, runMs: 1 });
const counted = one.size.bytes;

const cache = cacheOf((entries * counted) / 2 ** 20);
let number = 0;
function fill(count: number): void {
  for (let i = 0; i < count; i++) cache.put(keyOf(number++), completion(), { model: 'llama3.2', ttl: 3600, runMs: 1 });
}

// The first third makes V8's heap and the allocator as large as they get for this work; the other two are measured.
const first = Math.floor(entries / 3);
fill(first);
const before = await residentBytes();
fill(entries - first);
const full = await residentBytes();
const each = (full - before) / (entries - first);
fill(entries * ROUNDS);
const refilled = await residentBytes();

process.stdout.write(
  `entries ${JSON.stringify({
    kept: cache.size.entries,
    counted,
    own: encodeRecord(completion()).length + keyOf(-1).length,
    resident: each,
    refilled: each + (refilled - full) / entries,
  })}\n`,
);
