// A program that puts so many into the line of the queue by itself, without requests around it, gives each its turn, and
// prints what one of them cost, as one line of JSON. Usage: queue-main.js WAITERS
import { systemClock } from '../../backend/clock.ts';
import { resolveConfig } from '../../backend/contract/config/config-sources.ts';
import { LeaseQueue } from '../../backend/core/queue/queue.ts';
import type { LeaseWish } from '../../backend/core/queue/waiter.ts';
import { atPriority } from '../support/urgency.ts';

const waiters = Number(process.argv[2]);
/** In all, so that short lines are measured as well as long ones. */
const ALL = 10_000;
const CALLERS = 4;

const { config } = resolveConfig({ flags: { 'queue.max_queue_size': String(waiters) } }, 'headless');
const queue = new LeaseQueue({
  config: () => config,
  clock: systemClock,
  loadMs: () => 0,
  resident: () => true,
  onChange: () => undefined,
});
const wish = (n: number): LeaseWish => ({
  lane: 'chat',
  runner: `model ${n % 2}`,
  model: `model ${n % 2}`,
  caller: `caller ${n % CALLERS}`,
  urgency: () => atPriority(5),
  expectedMs: () => 1000,
  onWaiting: () => undefined,
});

/** One line that comes behind one who runs, and goes in turn. Milliseconds of processor time for all of it. */
async function line(): Promise<number> {
  const signals = Array.from({ length: waiters }, () => new AbortController().signal);
  const before = cpuMs();
  const first = queue.enter(wish(0), new AbortController().signal);
  const places = signals.map((signal, n) => queue.enter(wish(n), signal));
  const served = places.map(async ({ lease }) => (await lease).release());
  (await first.lease).release();
  await Promise.all(served);
  return cpuMs() - before;
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const lines = Math.ceil(ALL / waiters);
for (let i = 0; i < lines; i++) await line();
let cost = 0;
for (let i = 0; i < lines; i++) cost += await line();
process.stdout.write(`queue ${cost / (lines * waiters)}\n`);
