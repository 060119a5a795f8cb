// Whatever the order in which callers come, read, leave, and the run goes on, ends or fails: nobody is lost, nobody is
// left waiting, and the run is given up exactly when all have left.
import { fc } from '../../support/property.ts';
import { expect, test } from 'vitest';
import type { ChatEvent } from '../../../backend/contract/chat/chat.ts';
import { Flights, type Seat } from '../../../backend/core/flight.ts';
import { settled } from '../../support/clocks.ts';
import { ScriptedRun } from '../../support/scripted-run.ts';
import { atPriority } from '../../support/urgency.ts';

interface Passenger {
  readonly run: number;
  readonly seat: Seat;
  readonly finish: boolean;
  left: boolean;
  /** Events read so far, one reader at a time; 'over' is how the reading ended. */
  text: string;
  reader: AsyncIterator<ChatEvent>;
  pending: boolean;
  over: 'ended' | 'failed' | 'left' | undefined;
}

type Step =
  | { readonly do: 'join'; readonly key: string; readonly finish: boolean }
  | { readonly do: 'read' | 'leave'; readonly who: number }
  | { readonly do: 'say' | 'end' | 'fail'; readonly run: number }
  | { readonly do: 'breathe' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('join' as const), key: fc.constantFrom('a', 'b'), finish: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), who: fc.nat({ max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat({ max: 8 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('say' as const), run: fc.nat({ max: 5 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('end' as const, 'fail' as const), run: fc.nat({ max: 5 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ do: 'breathe' as const }) },
);

/** Asks for the next event; what comes is noted when it comes. */
function read(passenger: Passenger): void {
  if (passenger.pending || passenger.over !== undefined) return;
  passenger.pending = true;
  passenger.reader.next().then(
    ({ value, done }) => {
      passenger.pending = false;
      if (done === true) passenger.over = 'ended';
      else if (value.type === 'piece') passenger.text += value.piece.content;
    },
    () => {
      passenger.pending = false;
      passenger.over = passenger.left ? 'left' : 'failed';
    },
  );
}

async function play(steps: readonly Step[]): Promise<void> {
  const flights = new Flights();
  const runs: { script: ScriptedRun; said: string; outcome: 'ended' | 'failed' | undefined }[] = [];
  const byKey = new Map<string, number>();
  const passengers: Passenger[] = [];

  for (const step of steps) {
    switch (step.do) {
      case 'join': {
        const finish = step.finish;
        const options = {
          signal: new AbortController().signal,
          urgency: () => atPriority(),
          finishAbandoned: () => finish,
        };
        const seat = flights.join(step.key, options, (context) => {
          const script = new ScriptedRun(context);
          byKey.set(step.key, runs.length);
          runs.push({ script, said: '', outcome: undefined });
          return script.lead();
        });
        const run = byKey.get(step.key) ?? -1;
        const reader = seat.events[Symbol.asyncIterator]();
        passengers.push({ run, seat, finish, left: false, text: '', reader, pending: false, over: undefined });
        break;
      }
      case 'read': {
        const passenger = passengers[step.who];
        if (passenger !== undefined) read(passenger);
        break;
      }
      case 'leave': {
        const passenger = passengers[step.who];
        passenger?.seat.leave();
        if (passenger !== undefined) passenger.left = true;
        break;
      }
      case 'say':
      case 'end':
      case 'fail': {
        const run = runs[step.run];
        if (run === undefined || run.outcome !== undefined) break;
        if (step.do === 'say') {
          run.script.say('x');
          run.said += 'x';
        }
        if (step.do === 'end') run.script.end();
        if (step.do === 'fail') run.script.fail(new Error('failed'));
        if (step.do !== 'say') run.outcome = step.do === 'end' ? 'ended' : 'failed';
        break;
      }
      case 'breathe':
        await settled();
        break;
    }
    // A run is given up only when all have left; whether one may be finished is asked of the last who leaves.
    for (const [n, { script }] of runs.entries()) {
      const aboard = passengers.filter(({ run, left }) => run === n && !left);
      if (aboard.length > 0) expect(script.aborts).toBe(0);
      expect(script.aborts).toBeLessThanOrEqual(1);
    }
  }

  // Everything that still runs comes to its end.
  for (const run of runs) {
    if (run.outcome !== undefined) continue;
    run.script.end();
    run.outcome = 'ended';
  }
  await settled();
  expect(flights.size).toBe(0);
  for (const { script } of runs) expect(script.closed).toBe(true);

  // Everybody who is still there reads to the end.
  for (let n = 0; n < steps.length + 3; n++) {
    for (const passenger of passengers) read(passenger);
    await settled();
  }
  for (const passenger of passengers) {
    expect(passenger.pending).toBe(false);
    const { said, outcome } = runs[passenger.run] ?? { said: '', outcome: undefined };
    if (passenger.left) expect(passenger.over).toMatch(/left|ended|failed/);
    else {
      expect(passenger.over).toBe(outcome);
      if (outcome === 'ended') expect(passenger.text).toBe(said);
      else expect(said.startsWith(passenger.text)).toBe(true);
    }
  }
}

test('any schedule of joining, reading, leaving, going on, ending and failing', async () => {
  await fc.assert(fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), play), { numRuns: 200 });
}, 60_000);

test('all have left and nobody wants it finished: it is given up, exactly then', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), fc.nat(), async (wishes, seed) => {
      const flights = new Flights();
      const runs: ScriptedRun[] = [];
      const seats = wishes.map((finish) =>
        flights.join(
          'k',
          { signal: new AbortController().signal, urgency: () => atPriority(), finishAbandoned: () => finish },
          (context) => {
            const run = new ScriptedRun(context);
            runs.push(run);
            return run.lead();
          },
        ),
      );
      const order = seats.map((_seat, i) => i).toSorted((a, b) => ((a * 7 + seed) % 11) - ((b * 7 + seed) % 11));
      for (const [n, i] of order.entries()) {
        expect(runs[0]?.aborts).toBe(0);
        seats[i]?.leave();
        const last = n === order.length - 1;
        expect(runs[0]?.aborts).toBe(last && wishes[i] === false ? 1 : 0);
      }
      runs[0]?.end();
      await settled();
      expect(flights.size).toBe(0);
    }),
  );
});
