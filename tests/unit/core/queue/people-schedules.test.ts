// Whatever comes in whatever class, tells something, ends, leaves and waits: nobody is lost or run beside what it must not
// run beside, background work waits no longer than its age allows, and a person waits for none that could have given way.
import { fc } from '../../../support/property.ts';
import { expect, test } from 'vitest';
import { QUEUE_CLASSES } from '../../../../backend/contract/chat/chat-request.ts';
import { Work } from '../../../support/line-work.ts';
import { QueueHarness } from '../../../support/queue-harness.ts';

const QUEUE = { aging_ms: 4000, settle_ms: 300, yield_ms: 2000, evict_after_s: 3, max_wait_ms: 600_000 };
const MODELS = ['A', 'B', 'C'];

const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('come' as const),
      class: fc.constantFrom(...QUEUE_CLASSES),
      runner: fc.constantFrom(...MODELS),
      caller: fc.constantFrom('x', 'y'),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constantFrom('end' as const, 'tell' as const, 'leave' as const),
      who: fc.nat({ max: 9 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 49, 251, 1800, 4000) }),
  },
);

const anyPlay = fc.record({
  slots: fc.integer({ min: 1, max: 3 }),
  reserved: fc.integer({ min: 0, max: 3 }),
  resident: fc.subarray(MODELS),
  steps: fc.array(anyStep, { maxLength: 50 }),
});

interface Known {
  readonly work: Work;
  readonly runner: string;
  readonly since: number;
}

test('any schedule of classes', async () => {
  await fc.assert(
    fc.asyncProperty(anyPlay, async ({ slots, reserved, resident, steps }) => {
      const line = new QueueHarness({ queue: { ...QUEUE, max_concurrent: slots, reserve_interactive: reserved } });
      for (const runner of resident) line.resident.add(runner);
      const all: Known[] = [];
      const running = (): Known[] => all.filter(({ work }) => work.running);
      const waiting = (): Known[] => all.filter(({ work }) => !work.running && work.outcome.state === 'pending');
      for (const step of steps) {
        const one = 'who' in step ? running()[step.who % Math.max(1, running().length)]?.work : undefined;
        if (step.do === 'come') {
          const { class: of, runner, caller } = step;
          all.push({ work: new Work(line, runner, { class: of, caller }), runner, since: line.clock.elapsed() });
        } else if (step.do === 'wait') await line.clock.advance(step.ms);
        else if (step.do === 'end') one?.end();
        else if (step.do === 'tell' && one !== undefined) one.told = true;
        else if (step.do === 'leave') one?.leave();
        await line.settle();

        const runners = [...new Set(running().map(({ runner }) => runner))];
        expect(running().length).toBeLessThanOrEqual(slots);
        expect(runners.length <= 1 || runners.every((runner) => resident.includes(runner))).toBe(true);
        const others = running().filter(({ work }) => work.class !== 'interactive').length;
        expect(others).toBeLessThanOrEqual(Math.max(1, slots - reserved));
        // Each has a place of its own.
        const places = waiting().map(({ work }) => work.word?.position ?? 0);
        expect(places.toSorted((a, b) => a - b)).toEqual(places.map((_each, i) => i + 1));
        const now = line.clock.elapsed();
        const isBehind = ({ work, since }: Known): boolean =>
          work.class === 'background' && now - since < QUEUE.aging_ms;
        // While nothing runs only background work waits, and not when it is old enough to move up.
        if (running().length === 0) expect(waiting().filter((each) => !isBehind(each))).toEqual([]);
        const [only] = running();
        const person = waiting().find(({ work }) => work.word?.position === 1 && work.class === 'interactive');
        if (slots === 1 && only !== undefined && person !== undefined && isBehind(only)) {
          // It was not asked to stop only for what it had told, or because it had run for long by then.
          expect(only.work.told || person.since - only.since >= QUEUE.yield_ms).toBe(true);
        }
      }
      // Then all runs to its end, and nobody waits for ever.
      for (let n = 0; n < 2 * all.length; n++) {
        await line.clock.advance(QUEUE.aging_ms);
        for (const { work } of running()) work.end();
        await line.settle();
      }
      expect(line.queue).toMatchObject({ running: 0, waiting: 0 });
      expect(line.clock.sleeping).toBe(0);
      for (const { work } of all) {
        const left = work.outcome.reason instanceof Error && work.outcome.reason.message === 'left';
        expect(left || work.outcome.state === 'fulfilled').toBe(true);
        expect(work.runs).toBe(work.stops + (left ? 0 : 1));
        if (work.class !== 'background') expect(work.stops).toBe(left ? 1 : 0);
      }
    }),
    {
      numRuns: 150,
      examples: [
        [
          {
            slots: 1,
            reserved: 0,
            resident: [],
            steps: [
              { do: 'come', class: 'background', runner: 'A', caller: 'x' },
              { do: 'wait', ms: 1800 },
              { do: 'come', class: 'interactive', runner: 'B', caller: 'y' },
            ],
          },
        ],
      ],
    },
  );
}, 60_000);
