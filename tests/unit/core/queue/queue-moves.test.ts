// A move by hand is one place among those who wait in the same lane: it is told, it stays while time goes by and others
// come and go, and nobody but the two changes places.
import { fc } from '../../../support/property.ts';
import { describe, expect, test } from 'vitest';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';
import { atPriority } from '../../../support/urgency.ts';

/** Those who wait, by name, in the order that they were told. */
const order = (askers: readonly Asker[]): string =>
  askers
    .filter(({ lease }) => lease.state === 'pending')
    .toSorted((a, b) => (a.told.at(-1)?.position ?? 0) - (b.told.at(-1)?.position ?? 0))
    .map(({ name }) => name)
    .join(' ');

type Wish = NonNullable<Parameters<QueueHarness['enter']>[1]>;

class Moves {
  readonly line: QueueHarness;
  readonly askers: Asker[] = [];

  readonly #runs: Asker;

  constructor(change?: ConstructorParameters<typeof QueueHarness>[0]) {
    this.line = new QueueHarness(change);
    this.#runs = this.line.enter('A', { name: 'runs', caller: 'nobody' });
  }

  come(name: string, runner = 'A', over: Wish = {}): Asker {
    const asker = this.line.enter(runner, { name, serves: (flight) => flight === name, ...over });
    this.askers.push(asker);
    return asker;
  }

  /** The place that it has been given, and the whole order then. */
  async up(name: string): Promise<string> {
    const place = this.line.queue.moveUp(name);
    await this.line.settle();
    return `${place}: ${order(this.askers)}`;
  }

  async order(): Promise<string> {
    await this.line.settle();
    return order(this.askers);
  }

  /** All run, one after the other: the order in which they did. */
  async ran(): Promise<string> {
    for (let n = 0; n <= this.askers.length; n++) {
      for (const asker of [this.#runs, ...this.askers]) asker.release();
      await this.line.settle();
    }
    return this.line.granted.filter((name) => name !== 'runs').join(' ');
  }
}

describe('a move', () => {
  test('is one place, from any place', async () => {
    const moves = new Moves();
    for (const name of ['a', 'b', 'c', 'd']) moves.come(name);
    expect(await moves.up('d')).toBe('3: a b d c');
    expect(await moves.up('d')).toBe('2: a d b c');
    expect(await moves.up('c')).toBe('3: a d c b');
    expect(await moves.up('d')).toBe('1: d a c b');
    expect(await moves.up('d')).toBe('1: d a c b');
    expect(await moves.up('a')).toBe('1: a d c b');
  });

  test('of one that does not wait moves nobody', async () => {
    const moves = new Moves();
    moves.come('a');
    expect(moves.line.queue.moveUp('runs')).toBeUndefined();
    expect(moves.line.queue.moveUp('nobody')).toBeUndefined();
    expect(await moves.order()).toBe('a');
  });

  test('goes past callers in turn, other models and higher priorities alike', async () => {
    const moves = new Moves({ batch: { max_batch_size: 100 } });
    moves.come('a', 'A', { caller: 'x', urgency: () => atPriority(-1) });
    moves.come('b', 'A', { caller: 'x' });
    moves.come('c', 'A', { caller: 'y' });
    moves.come('d', 'B', { caller: 'y' });
    expect(await moves.order()).toBe('a c b d');
    expect(await moves.up('d')).toBe('3: a c d b');
    expect(await moves.up('d')).toBe('2: a d c b');
    expect(await moves.up('d')).toBe('1: d a c b');
  });

  test('moves the rest of its model with it no further than the rules would', async () => {
    const moves = new Moves();
    moves.come('a1');
    moves.come('a2');
    moves.come('b1', 'B');
    moves.come('b2', 'B');
    expect(await moves.up('b1')).toBe('2: a1 b1 a2 b2');
  });

  test('stays while time passes and others come and go, and who is more urgent still goes first', async () => {
    const moves = new Moves();
    moves.come('a');
    moves.come('b');
    await moves.line.clock.advance(30_000);
    const c = moves.come('c', 'A', { caller: 'other' });
    expect(await moves.order()).toBe('a c b');
    moves.come('d');
    expect(await moves.up('d')).toBe('3: a c d b');
    // b has waited a minute now, d has not.
    await moves.line.clock.advance(35_000);
    moves.line.queue.recheck();
    expect(await moves.order()).toBe('a d b c');
    moves.come('e');
    moves.come('urgent', 'A', { urgency: () => ({ class: 'interactive', priority: -5 }) });
    c.leave();
    expect(await moves.order()).toBe('urgent a d b e');
  });

  test('lets nobody run beside what it must not run beside', async () => {
    const moves = new Moves({ queue: { max_concurrent: 2 } });
    const beside = moves.line.enter('A', { name: 'beside', caller: 'nobody' });
    moves.come('a');
    moves.come('b', 'B');
    expect(await moves.up('b')).toBe('1: b a');
    beside.release();
    expect(await moves.order()).toBe('b');
    expect(moves.line.granted).toEqual(['runs', 'beside', 'a']);
  });

  test('of a lane moves nobody of the other', async () => {
    const moves = new Moves();
    moves.line.enter('A', { lane: 'embed' });
    for (const [name, lane] of [
      ['a', 'chat'],
      ['e', 'embed'],
      ['b', 'chat'],
      ['f', 'embed'],
    ] as const) {
      // prettier-ignore
      moves.come(name, 'A', { lane });
    }
    expect(moves.line.queue.moveUp('f')).toBe(1);
    expect(moves.line.queue.moveUp('b')).toBe(1);
    await moves.line.settle();
    expect(moves.askers.map(({ name, told }) => `${name}${told.at(-1)?.position}`).join(' ')).toBe('a2 e2 b1 f1');
  });

  test('who leaves takes its moves along', async () => {
    const moves = new Moves();
    const [a, b, c] = [moves.come('a'), moves.come('b'), moves.come('c')];
    await moves.up('c');
    b.leave();
    expect(await moves.order()).toBe('a c');
    await moves.up('c');
    a.leave();
    moves.come('d');
    expect(await moves.order()).toBe('c d');
    c.leave();
    expect(await moves.ran()).toBe('d');
  });

  test('holds when it comes to running, with slots for two models as well', async () => {
    const moves = new Moves({ queue: { max_concurrent: 2 } });
    moves.come('a', 'B');
    moves.come('b');
    moves.come('c', 'B');
    await moves.line.settle();
    await moves.up('c');
    expect(await moves.order()).toBe('c a');
    expect(await moves.ran()).toBe('b c a');
  });
});

test('a move runs as it was told, also between two requests for another model', async () => {
  const moves = new Moves();
  moves.come('a');
  moves.come('d', 'B');
  moves.come('e', 'B');
  expect(await moves.up('d')).toBe('1: d a e');
  expect(await moves.ran()).toBe('d a e');
});

test('who is moved ahead of a moved one goes first, whatever priorities did between the moves', async () => {
  const moves = new Moves();
  const priority: Record<string, number> = { c: 0, x: 0, w: 0 };
  for (const name of ['c', 'x', 'w']) moves.come(name, 'A', { urgency: () => atPriority(priority[name] ?? 0) });
  const lift = async (name: string, to: number): Promise<string> => {
    priority[name] = to;
    moves.line.queue.recheck();
    return moves.order();
  };
  expect(await moves.up('x')).toBe('1: x c w');
  expect(await lift('x', -2)).toBe('x c w');
  expect(await lift('w', -1)).toBe('x w c');
  expect(await moves.up('c')).toBe('2: x c w');
  expect(await lift('x', 0)).toBe('x c w');
  expect(await moves.up('w')).toBe('2: x w c');
  expect(await moves.ran()).toBe('x w c');
});

test('a move swaps exactly two, whoever waits and whatever was moved before, and runs as told', async () => {
  const anyone = fc.record({
    runner: fc.constantFrom('A', 'B'),
    caller: fc.constantFrom('x', 'y', 'z'),
    priority: fc.constantFrom(0, 0, -1, 1),
    afterMs: fc.constantFrom(0, 1000, 61_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyone, { minLength: 2, maxLength: 8 }),
      fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 12 }),
      async (people, ups) => {
        const moves = new Moves({ batch: { max_batch_size: 100 } });
        for (const [i, { runner, caller, priority, afterMs }] of people.entries()) {
          moves.come(`${i}`, runner, { caller, urgency: () => atPriority(priority) });
          await moves.line.clock.advance(afterMs);
        }
        for (const up of ups) {
          moves.line.queue.recheck();
          const before = (await moves.order()).split(' ');
          const name = `${up % people.length}`;
          const at = before.indexOf(name);
          const place = moves.line.queue.moveUp(name);
          const after = (await moves.order()).split(' ');
          expect(place).toBe(Math.max(0, at - 1) + 1);
          expect(after.indexOf(name)).toBe(Math.max(0, at - 1));
          expect(after.slice(0, Math.max(0, at - 1))).toEqual(before.slice(0, Math.max(0, at - 1)));
          if (at > 0) expect(after[at]).toBe(before[at - 1]);
        }
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
