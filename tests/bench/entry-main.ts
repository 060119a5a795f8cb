// A program that fills the response cache by itself, without a gateway around it, and prints what the process's memory
// grew by, as one line of JSON. In a process of its own, so that nothing else is in the figure. Needs --expose-gc.
// Usage: entry-main.js ENTRIES CHARS TIMES: each of so many places is filled TIMES times over, the last time for good.
import { createHash } from 'node:crypto';
import { Folder } from '../../backend/contract/chat.ts';
import { resolveConfig } from '../../backend/contract/config-sources.ts';
import { ResponseCache } from '../../backend/core/cache.ts';
import { encodeRecord } from '../../backend/core/record.ts';
import { prose } from './requests.ts';

const [places = 0, chars = 0, times = 1] = process.argv.slice(2).map(Number);
const text = prose(chars);

const completion = (): ReturnType<Folder['finish']> => {
  const folder = new Folder();
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

// How much one entry counts is the cache's own secret: so that many are seen to fit, let it say it.
const flags = { 'cache.max_size_mb': '60000' };
const { config } = resolveConfig({ flags }, 'headless');
const one = new ResponseCache(() => config, Date.now);
one.put(keyOf(-1), completion(), { model: 'llama3.2', ttl: 3600, runMs: 1 });
const counted = one.size.bytes;
const own = encodeRecord(completion()).length + keyOf(-1).length;

const sized = resolveConfig(
  { flags: { 'cache.max_size_mb': String((places * counted) / 2 ** 20) } },
  'headless',
).config;
const cache = new ResponseCache(() => sized, Date.now);
globalThis.gc?.();
const before = process.memoryUsage();
for (let number = 0; number < places * times; number++) {
  cache.put(keyOf(number), completion(), { model: 'llama3.2', ttl: 3600, runMs: 1 });
}
globalThis.gc?.();
const after = process.memoryUsage();
const entries = cache.size.entries;
const per = (name: keyof typeof after): number => (after[name] - before[name]) / entries;
process.stdout.write(
  `entries ${JSON.stringify({ entries, counted, own, resident: per('rss'), heap: per('heapUsed'), external: per('external') })}\n`,
);
