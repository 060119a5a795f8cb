// A program that fills the response cache by itself, without a gateway around it, removes entries in each way there is,
// and prints for how long other work had to wait, as one line of JSON. Needs --expose-gc. Usage: clear-main.js ENTRIES
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../backend/clock.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import { ResponseCache } from '../../backend/core/cache/cache.ts';

const entries = Number(process.argv[2]);
const { config } = resolveConfig({ flags: { 'cache.max_size_mb': '1024' } }, 'headless');
const MODELS = ['llama3.2', 'qwen3:4b', 'nomic-embed-text', 'gemma3'] as const;
const RECORD = Buffer.alloc(400, 'an answer');

/** Portions of tidying that are still to come. */
let open = 0;
const later = (work: () => void): void => {
  open++;
  setImmediate(() => {
    open--;
    work();
  });
};

function filled(): ResponseCache {
  const cache = new ResponseCache(() => config, systemClock, later);
  for (let i = 0; i < entries; i++) {
    const model = MODELS[i % MODELS.length] ?? '';
    cache.keep(keyOf(i), RECORD, { model, ttl: 3600, runMs: 1, tokens: 1 });
  }
  return cache;
}

function keyOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('hex');
}

interface Measured {
  readonly removed: number;
  /**
   * Milliseconds: the longest time for which nothing else could run, without what other programs took of it; and until
   * all was tidied.
   */
  readonly longest: number;
  readonly total: number;
}

async function measured(remove: (cache: ResponseCache) => { readonly removed: number }): Promise<Measured> {
  const cache = filled();
  // What is left of the filling is not to be collected meanwhile.
  globalThis.gc?.();
  for (let i = 0; i < 10; i++) await turn();
  const startedAt = performance.now();
  let last = startedAt;
  let worked = workedMs();
  let longest = 0;
  const { removed } = remove(cache);
  do {
    await turn();
    const now = performance.now();
    const workedNow = workedMs();
    // While another program has the processor this one works on nothing, so no turn is longer than the work in it.
    longest = Math.max(longest, Math.min(now - last, workedNow - worked));
    last = now;
    worked = workedNow;
  } while (open > 0);
  return { removed, longest, total: last - startedAt };
}

/** Processor time of this process, milliseconds. */
function workedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** As many turns as there are until then, in which nothing is done: for how long the machine itself holds up a program. */
function idle(until: number): void {
  if (performance.now() < until) later(() => idle(until));
}

// The first one is not counted: V8 has compiled nothing yet.
await measured((cache) => cache.clear({ model: 'llama3.2' }));
const all = {
  model: await measured((cache) => cache.clear({ model: 'llama3.2' })),
  everything: await measured((cache) => cache.clear()),
  age: await measured((cache) => cache.clear({ olderThanS: 0 })),
  prefix: await measured((cache) => cache.delete(keyOf(entries - 1).slice(0, 16))),
};
const nothing = await measured(() => {
  idle(performance.now() + all.everything.total);
  return { removed: 0 };
});
process.stdout.write(`cleared ${JSON.stringify({ ...all, nothing })}\n`);
