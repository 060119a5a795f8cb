// The line of the program in simulated days, with a memory as Ollama manages it: what must never happen does not, nobody is
// passed for ever, and people wait less than they did.
import { expect, test } from 'vitest';
import { QUEUE_CLASSES } from '../../../backend/contract/chat/chat-request.ts';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { compare } from '../../sim/comparison.ts';
import { randomDay, type Session } from '../../sim/days.ts';
import { MACHINES } from '../../sim/machines.ts';
import { replay, type Run } from '../../sim/replay-day.ts';
import { fc } from '../../support/property.ts';

const { batch } = defaultConfig();
/** So that many wait until nobody passes them, and nobody until it is refused. */
const settings = { aging_ms: 5000, max_wait_ms: 3_600_000 };
/** After this long nobody who comes goes before who waits. */
const PASSED_NO_MORE_MS = 3 * settings.aging_ms;

/** One request: when it comes, and the rest of it. */
const anyArrival = fc.record({
  at: fc.nat({ max: 120_000 }),
  use: fc.constantFrom('chat', 'coder', 'small', 'vision', 'embed'),
  caller: fc.constantFrom('x', 'y', 'z'),
  class: fc.constantFrom(...QUEUE_CLASSES),
  runMs: fc.integer({ min: 1000, max: 12_000 }),
});

const anyDay = fc.record({
  machine: fc.constantFrom(...MACHINES),
  slots: fc.integer({ min: 1, max: 3 }),
  arrivals: fc.array(anyArrival, { minLength: 20, maxLength: 40 }),
});

/** Those that came once nobody could pass this one any more, and got a slot of its lane before it. */
function passing({ job, cameAt, grantedAt }: Run, runs: readonly Run[]): Run[] {
  return runs.filter(
    (other) => other.job.lane === job.lane && other.cameAt > cameAt + PASSED_NO_MORE_MS && other.grantedAt < grantedAt,
  );
}

test('any arrivals: never too many, never two runners not in memory, nobody passed for ever', async () => {
  await fc.assert(
    fc.asyncProperty(anyDay, async ({ machine, slots, arrivals }) => {
      const sessions = arrivals.map(({ at, use, caller, class: of, runMs }): Session => {
        const lane = use === 'embed' ? 'embed' : 'chat';
        return async ({ ask, wait }) => {
          await wait(at);
          await ask({ model: machine.by[use], caller, class: of, lane, runMs });
        };
      });
      const day = { order: 'now', machine, slots, settings, sessions } as const;
      const outcome = await replay(day);
      expect(outcome).toMatchObject({ broken: [], refused: 0, requests: arrivals.length });
      for (const run of outcome.runs) {
        // Some may use a slot that it cannot use yet, since its model must be loaded and others run.
        expect(passing(run, outcome.runs).length).toBeLessThanOrEqual(batch.max_batch_size);
      }
      // The same day again is the same day.
      expect((await replay(day)).runs).toEqual(outcome.runs);
    }),
    { numRuns: 10 },
  );
});

test('a day is the same for all orders: the same requests of the same callers', async () => {
  const [machine] = MACHINES;
  if (machine === undefined) expect.unreachable();
  const asked = async (order: 'before' | 'now'): Promise<string[]> => {
    const { runs } = await replay({ order, machine, slots: 1, sessions: randomDay(7, machine.by) });
    return runs.map(({ job }) => `${job.caller} ${job.model.name} ${job.class} ${job.runMs}`).toSorted();
  };
  expect(await asked('now')).toEqual(await asked('before'));
});

test('people wait less than before, nothing is refused, and no rule is broken', async () => {
  const machines = MACHINES.filter(({ name }) => name === '16 GB');
  for (const slots of [1, 2]) {
    const rows = await compare({ days: 2, seed: 11, slots, machines });
    const mean = (order: string): number => rows.find((row) => row.order === order)?.waits.interactive.mean ?? NaN;
    expect(rows.flatMap(({ broken }) => broken)).toEqual([]);
    expect(rows.map(({ refused }) => refused)).toEqual([0, 0, 0]);
    expect(mean('now')).toBeLessThan(mean('before'));
    expect(mean('now')).toBeLessThan(mean('first come'));
  }
});
