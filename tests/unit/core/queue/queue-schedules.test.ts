// Whatever the order in which requests come, leave, finish and wait, and the queue is paused and resumed: never more
// run than may, never two runners that get in each other's way, nobody is lost, and nobody waits for ever.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';
import { atPriority } from '../../../support/urgency.ts';

const MAX_WAIT_MS = 100_000;
const MODELS = ['A', 'B', 'C'];
const CALLERS = ['x', 'y', 'z'];

type Step =
  | { readonly do: 'enter'; readonly runner: string; readonly caller: string; readonly priority: number }
  | { readonly do: 'leave' | 'finish'; readonly who: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'pause' | 'resume' | 'recheck' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('enter' as const),
      runner: fc.constantFrom(...MODELS),
      caller: fc.constantFrom(...CALLERS),
      priority: fc.constantFrom(0, 0, 0, -1, 1),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('finish' as const), who: fc.nat({ max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat({ max: 30 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 500, 3000, 70_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'recheck' as const) }) },
);

interface Request {
  readonly asker: Asker;
  readonly caller: string;
  readonly priority: number;
  readonly since: number;
  left: boolean;
  finished: boolean;
}

class Play {
  readonly line: QueueHarness;
  readonly requests: Request[] = [];
  /** Whether one was let in although the queue was full. */
  overfull = false;
  /** The milliseconds that went by, those of a pause left out: nobody's patience runs out in one. */
  elapsed = 0;

  constructor(slots: number, resident: readonly string[]) {
    this.line = new QueueHarness({ queue: { max_concurrent: slots, max_queue_size: 10, max_wait_ms: MAX_WAIT_MS } });
    for (const runner of resident) this.line.resident.add(runner);
  }

  get running(): Request[] {
    return this.requests.filter(({ asker, finished }) => asker.lease.state === 'fulfilled' && !finished);
  }

  get waiting(): Request[] {
    return this.requests.filter(({ asker }) => asker.lease.state === 'pending');
  }

  async step(step: Step): Promise<void> {
    const { queue, clock } = this.line;
    switch (step.do) {
      case 'enter':
        this.enter(step.runner, step.caller, step.priority);
        break;
      case 'finish': {
        const running = this.running;
        const request = running[step.who % Math.max(1, running.length)];
        if (request !== undefined) this.finish(request);
        break;
      }
      case 'leave': {
        const request = this.requests[step.who];
        request?.asker.leave();
        if (request !== undefined) request.left = true;
        break;
      }
      case 'wait':
        if (!queue.paused) this.elapsed += step.ms;
        await clock.advance(step.ms);
        break;
      case 'pause':
      case 'resume':
      case 'recheck':
        queue[step.do]();
        break;
    }
    await this.line.settle();
  }

  enter(runner: string, caller: string, priority: number): void {
    const { queue } = this.line;
    const { full } = queue;
    try {
      const asker = this.line.enter(runner, { caller, urgency: () => atPriority(priority) });
      this.requests.push({ asker, caller, priority, since: this.elapsed, left: false, finished: false });
      this.overfull ||= full;
    } catch (error) {
      if (!full) throw error;
    }
  }

  finish(request: Request): void {
    request.asker.release();
    request.finished = true;
  }
}

const anyPlay = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  resident: fc.subarray(MODELS),
  steps: fc.array(anyStep, { maxLength: 60 }),
});

test('any schedule of coming, leaving, finishing, waiting, pausing', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlay, async ({ slots, resident, steps }) => {
      const play = new Play(slots, resident);
      const { line, requests } = play;
      for (const step of steps) {
        await play.step(step);
        const { running, waiting } = play;
        expect(line.queue).toMatchObject({ running: running.length, waiting: waiting.length });
        expect(running.length).toBeLessThanOrEqual(slots);
        const runners = [...new Set(running.map(({ asker }) => asker.runner))];
        expect(runners.length <= 1 || runners.every((runner) => resident.includes(runner))).toBe(true);
        // Nobody waits while nothing runs.
        if (!line.queue.paused && waiting.length > 0) expect(running.length).toBeGreaterThan(0);
        // Everybody has been told a place of his own, from the first to the last, and a time.
        const told = waiting.map(({ asker }) => asker.told.at(-1) ?? { position: -1, eta_ms: -1 });
        expect(told.map(({ position }) => position).toSorted((a, b) => a - b)).toEqual(waiting.map((_one, i) => i + 1));
        expect(told.every(({ eta_ms }) => eta_ms >= 0)).toBe(true);
        expect(waiting.every(({ since }) => play.elapsed - since < MAX_WAIT_MS)).toBe(true);
        expect(play.overfull).toBe(false);
      }

      // Then everything runs to its end.
      line.queue.resume();
      await line.settle();
      for (let n = 0; n <= requests.length; n++) {
        for (const request of play.running) play.finish(request);
        await line.settle();
      }
      expect(line.queue).toMatchObject({ running: 0, waiting: 0 });
      expect(line.clock.sleeping).toBe(0);
      for (const { asker, left } of requests) {
        expect(asker.lease.state).not.toBe('pending');
        if (asker.lease.state === 'rejected' && !left)
          expect(asker.lease.reason).toMatchObject({ code: 'queue_timeout' });
      }
      // Each ran once, and the order of arrival was kept for one caller, one runner and one priority.
      expect(new Set(line.granted).size).toBe(line.granted.length);
      const last = new Map<string, number>();
      for (const name of line.granted) {
        const at = requests.findIndex(({ asker }) => asker.name === name);
        const { caller, priority, asker } = requests[at] ?? expect.unreachable(name);
        const like = `${caller} ${priority} ${asker.runner}`;
        expect(at).toBeGreaterThan(last.get(like) ?? -1);
        last.set(like, at);
      }
    }),
    {
      numRuns: 300,
      // Two waits in a pause are longer than anybody's patience, and cost nobody his place.
      examples: [
        [
          {
            slots: 1,
            resident: [],
            steps: [
              { do: 'pause' },
              { do: 'enter', runner: 'A', caller: 'x', priority: 0 },
              { do: 'wait', ms: 70_000 },
              { do: 'wait', ms: 70_000 },
            ],
          },
        ],
      ],
    },
  );
}, 120_000);

test('while others keep coming in any order, each one starts after a bounded number of others', async () => {
  const arrivals = fc.array(fc.record({ runner: fc.constantFrom(...MODELS), caller: fc.constantFrom(...CALLERS) }), {
    minLength: 80,
    maxLength: 80,
  });
  const anyStream = fc.record({
    slots: fc.integer({ min: 1, max: 3 }),
    resident: fc.subarray(MODELS),
    arrivals,
  });
  await fc.assert(
    fc.asyncProperty(anyStream, async ({ slots, resident, arrivals }) => {
      const line = new QueueHarness({ queue: { max_concurrent: slots } });
      for (const runner of resident) line.resident.add(runner);
      const askers: { asker: Asker; grantedBefore: number; ahead: number; done: boolean }[] = [];
      const coming = [...arrivals];
      // Eight wait at any time; at each turn all that runs ends and as many come.
      const come = (count: number): void => {
        for (const { runner, caller } of coming.splice(0, count)) {
          const ahead = line.queue.waiting;
          askers.push({
            asker: line.enter(runner, { caller }),
            grantedBefore: line.granted.length,
            ahead,
            done: false,
          });
        }
      };
      come(8 + slots);
      for (let turn = 0; turn < 200 && line.queue.running + line.queue.waiting > 0; turn++) {
        await line.clock.advance(300);
        for (const one of askers) {
          if (one.done || one.asker.lease.state !== 'fulfilled') continue;
          one.done = true;
          one.asker.release();
        }
        await line.settle();
        come(8 - line.queue.waiting);
        await line.settle();
      }
      for (const { asker, grantedBefore, ahead } of askers) {
        expect(asker.lease.state).toBe('fulfilled');
        const before = line.granted.indexOf(asker.name) - grantedBefore;
        // Each one ahead may bring a row of three with it, and each caller and model may have a turn before.
        expect(before).toBeLessThanOrEqual(3 * ahead + slots + MODELS.length * CALLERS.length * 3);
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
