// In which order waiting requests run: urgency first, callers in turn, models in batches, and nobody overtaken for ever.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { CLASS_RANK, QUEUE_CLASSES } from '../../../../backend/contract/chat/chat-request.ts';
import { onlyLast } from '../../../../backend/core/queue/memory-view.ts';
import { planOrder, type PlanState, type Waiting } from '../../../../backend/core/queue/order.ts';

const MINUTE = 60_000;
const NOW = 100 * MINUTE;

const STATE: PlanState = {
  now: NOW,
  memory: onlyLast(undefined),
  streak: 0,
  lastServed: new Map(),
  agingMs: MINUTE,
  maxWaitMs: Infinity,
  maxBatch: 3,
  batchTimeoutMs: 2000,
};

interface Named extends Waiting {
  readonly name: string;
}

/** One in line. The name tells it apart; what is not given is the same for all. */
const waiter = (seq: number, name: string, over: Partial<Waiting> = {}): Named => ({
  name,
  seq,
  class: 'normal',
  priority: 0,
  caller: 'c',
  runner: 'A',
  since: NOW,
  passedSince: undefined,
  ...over,
});

/** A line of runners in the order of arrival: 'A B A' . */
const runners = (line: string, over: Partial<Waiting> = {}): Named[] =>
  line.split(' ').map((runner, seq) => waiter(seq, `${runner}${seq}`, { runner, ...over }));

const planned = (waiting: readonly Named[], state: Partial<PlanState> = {}): string =>
  planOrder(waiting, { ...STATE, ...state })
    .map(({ name }) => name)
    .join(' ');

/** Only the runners of the planned order. */
const plannedRunners = (waiting: readonly Named[], state: Partial<PlanState> = {}): string =>
  planOrder(waiting, { ...STATE, ...state })
    .map(({ runner }) => runner)
    .join(' ');

describe('urgency', () => {
  test('first come, first served, inside a priority', () => {
    const line = [waiter(3, 'third'), waiter(1, 'first'), waiter(2, 'second')];
    expect(planned(line)).toBe('first second third');
  });

  test('a lower number is sooner', () => {
    const line = [waiter(1, 'low', { priority: 1 }), waiter(2, 'normal'), waiter(3, 'high', { priority: -1 })];
    expect(planned(line)).toBe('high normal low');
  });

  test('it goes before the model that is loaded', () => {
    const line = [waiter(1, 'loaded', { runner: 'A' }), waiter(2, 'urgent', { runner: 'B', priority: -1 })];
    expect(planned(line, { memory: onlyLast('A') })).toBe('urgent loaded');
  });

  test('people first, then programs, then what nobody waits for, whatever their numbers', () => {
    const line = [
      waiter(1, 'background', { class: 'background', priority: -100 }),
      waiter(2, 'normal'),
      waiter(3, 'person', { class: 'interactive', priority: 100 }),
    ];
    expect(planned(line)).toBe('person normal background');
  });

  test('after a minute a request has moved up a class, and its number orders it there', () => {
    const waited = (ms: number): string =>
      planned([
        waiter(1, 'waited', { priority: 1, since: NOW - ms }),
        waiter(2, 'person', { class: 'interactive', priority: 0 }),
        waiter(3, 'late', { class: 'interactive', priority: 2 }),
      ]);
    expect(waited(MINUTE - 1)).toBe('person late waited');
    expect(waited(MINUTE)).toBe('person waited late');
    expect(waited(2 * MINUTE)).toBe('waited person late');
  });

  test('after three such times the least of all goes before everybody who comes', () => {
    const line = (ms: number): Named[] => [
      waiter(1, 'least', { class: 'background', priority: 100, since: NOW - ms }),
      waiter(2, 'top', { class: 'interactive', priority: -100 }),
    ];
    expect(planned(line(3 * MINUTE - 1))).toBe('top least');
    expect(planned(line(3 * MINUTE))).toBe('least top');
  });

  test('after half of its patience a request stands with the most urgent, and is older', () => {
    const line = (ms: number): Named[] => [
      waiter(1, 'least', { class: 'background', priority: 100, since: NOW - ms }),
      waiter(2, 'top', { class: 'interactive', priority: -100 }),
    ];
    const state = { agingMs: 100 * MINUTE, maxWaitMs: 4 * MINUTE };
    expect(planned(line(2 * MINUTE - 1), state)).toBe('top least');
    expect(planned(line(2 * MINUTE), state)).toBe('least top');
  });
});

describe('between callers', () => {
  test('one who asks a lot does not keep the others out: everybody in turn', () => {
    const line = ['x', 'x', 'x', 'y', 'z', 'y'].map((caller, seq) => waiter(seq, `${caller}${seq}`, { caller }));
    expect(planned(line)).toBe('x0 y3 z4 x1 y5 x2');
  });

  test('the caller served longest ago comes first, one never served before all', () => {
    const line = ['x', 'y', 'z'].map((caller, seq) => waiter(seq, caller, { caller }));
    const lastServed = new Map([
      ['x', 7],
      ['y', 3],
    ]);
    expect(planned(line, { lastServed })).toBe('z y x');
  });

  test('turns are taken inside one urgency only', () => {
    const line = [
      waiter(1, 'x1', { caller: 'x' }),
      waiter(2, 'x2', { caller: 'x' }),
      waiter(3, 'y', { caller: 'y', priority: 1 }),
    ];
    expect(planned(line)).toBe('x1 x2 y');
  });
});

describe('models in batches', () => {
  test('A B A B runs as A A B B', () => {
    expect(planned(runners('A B A B'))).toBe('A0 A2 B1 B3');
  });

  test('the one that is loaded goes first', () => {
    expect(plannedRunners(runners('A B A B'), { memory: onlyLast('B'), streak: 1 })).toBe('B B A A');
  });

  test('at most three in a row while another model waits', () => {
    expect(plannedRunners(runners('A A A A A A A B'))).toBe('A A A B A A A A');
    expect(plannedRunners(runners('A A A A A A A B B B B B'))).toBe('A A A B B B A A A B B A');
  });

  test('those that have run already count', () => {
    expect(plannedRunners(runners('A A A B'), { memory: onlyLast('A'), streak: 2 })).toBe('A B A A');
    expect(plannedRunners(runners('A A A B'), { memory: onlyLast('A'), streak: 3 })).toBe('B A A A');
    expect(plannedRunners(runners('A A A B'), { memory: onlyLast('A'), streak: 50 })).toBe('B A A A');
  });

  test('as many as there are when nothing else waits', () => {
    expect(plannedRunners(runners('A A A A A'), { memory: onlyLast('A'), streak: 50 })).toBe('A A A A A');
  });

  test('the row ends when somebody has been overtaken for too long', () => {
    const line = (passedSince: number): Named[] => [
      waiter(1, 'passed', { runner: 'B', passedSince }),
      ...[2, 3].map((seq) => waiter(seq, `A${seq}`)),
    ];
    const state = { memory: onlyLast('A'), streak: 1 };
    expect(planned(line(NOW - 1999), state)).toBe('A2 A3 passed');
    expect(planned(line(NOW - 2000), state)).toBe('passed A2 A3');
  });

  test('and that one is next, though others of yet another model have the better turn', () => {
    const line = [
      waiter(1, 'B1', { runner: 'B' }),
      waiter(2, 'passed', { runner: 'C', passedSince: NOW - 2000 }),
      waiter(3, 'A3'),
    ];
    expect(planned(line, { memory: onlyLast('A'), streak: 1 })).toBe('passed B1 A3');
  });

  test('without grace nobody is overtaken twice, and who was not overtaken is in no hurry', () => {
    const state = { memory: onlyLast('A'), streak: 1, batchTimeoutMs: 0 };
    expect(planned(runners('B A'), state)).toBe('A1 B0');
    expect(planned(runners('B A', { passedSince: NOW }), state)).toBe('B0 A1');
  });

  test('the oldest of the other models is next', () => {
    expect(plannedRunners(runners('C B A A A A'), { memory: onlyLast('A'), streak: 0 })).toBe('A A A C B A');
  });

  test('a batch of one in a row is plain first come, first served between models', () => {
    expect(planned(runners('A B A B'), { maxBatch: 1 })).toBe('A0 B1 A2 B3');
  });
});

const anyLine = (over: Record<string, fc.Arbitrary<unknown>> = {}): fc.Arbitrary<Named[]> =>
  fc
    .array(
      fc.record({
        class: fc.constantFrom(...QUEUE_CLASSES),
        priority: fc.integer({ min: -2, max: 2 }),
        caller: fc.constantFrom('x', 'y', 'z'),
        runner: fc.constantFrom('A', 'B', 'C'),
        age: fc.nat({ max: 5 * MINUTE }),
        passed: fc.option(fc.nat({ max: 4000 }), { nil: undefined }),
        ...over,
      }),
      { maxLength: 30 },
    )
    .map((line) =>
      line
        .toSorted((a, b) => Number(b.age) - Number(a.age))
        .map(({ age, passed, ...rest }, seq) =>
          waiter(seq, `${seq}`, {
            ...(rest as Partial<Waiting>),
            since: NOW - Number(age),
            passedSince: passed === undefined ? undefined : NOW - Number(passed),
          }),
        ),
    );

const anyState = fc.record({
  memory: fc.constantFrom('A', 'B', 'D', undefined).map(onlyLast),
  streak: fc.nat({ max: 5 }),
  maxBatch: fc.integer({ min: 1, max: 4 }),
  lastServed: fc
    .dictionary(fc.constantFrom('x', 'y'), fc.nat(), { noNullPrototype: true })
    .map((o) => new Map(Object.entries(o))),
});

describe('whatever waits', () => {
  const level = (w: Waiting): number =>
    (CLASS_RANK[w.class] - Math.floor((NOW - w.since) / MINUTE)) * 1000 + w.priority;

  test('everybody is in the order, once', () => {
    fc.assert(
      fc.property(anyLine(), anyState, (line, state) => {
        const order = planOrder(line, { ...STATE, ...state });
        expect(order.length).toBe(line.length);
        expect(new Set(order)).toEqual(new Set(line));
      }),
    );
  });

  test('the order of arrival into the plan does not matter', () => {
    fc.assert(
      fc.property(anyLine(), anyState, (line, state) => {
        expect(planned(line.toReversed(), state)).toBe(planned(line, state));
      }),
    );
  });

  test('nobody less urgent goes before somebody more urgent', () => {
    fc.assert(
      fc.property(anyLine(), anyState, (line, state) => {
        const levels = planOrder(line, { ...STATE, ...state }).map(level);
        expect(levels).toEqual(levels.toSorted((a, b) => a - b));
      }),
    );
  });

  test('for one caller, one model and one urgency, the order of arrival is kept', () => {
    fc.assert(
      fc.property(anyLine(), anyState, (line, state) => {
        const last = new Map<string, number>();
        for (const { caller, runner, class: of, priority, seq } of planOrder(line, { ...STATE, ...state })) {
          const like = `${caller} ${runner} ${of} ${priority}`;
          expect(seq).toBeGreaterThan(last.get(like) ?? -1);
          last.set(like, seq);
        }
      }),
    );
  });

  test('no more than maxBatch in a row while somebody as urgent waits for another model', () => {
    fc.assert(
      fc.property(anyLine(), anyState, (line, state) => {
        const order = planOrder(line, { ...STATE, ...state });
        let [runner] = [...state.memory.runners];
        let { streak } = state;
        for (const [i, next] of order.entries()) {
          const others = order.slice(i + 1).filter((w) => level(w) === level(next) && w.runner !== next.runner);
          streak = next.runner === runner && others.length > 0 ? streak + 1 : 1;
          runner = next.runner;
          if (others.length > 0) expect(streak).toBeLessThanOrEqual(state.maxBatch);
        }
      }),
    );
  });

  test('with one caller and priority, at most maxBatch overtake for each request that is before', () => {
    const alike = anyLine({
      caller: fc.constant('c'),
      class: fc.constant('normal'),
      priority: fc.constant(0),
      age: fc.constant(0),
      passed: fc.constant(undefined),
    });
    fc.assert(
      fc.property(alike, anyState, (line, state) => {
        const order = planOrder(line, { ...STATE, ...state });
        for (const [i, one] of order.entries()) {
          const overtook = order.slice(0, i).filter(({ seq }) => seq > one.seq).length;
          expect(overtook).toBeLessThanOrEqual(state.maxBatch * (one.seq + 1));
        }
      }),
    );
  });
});
