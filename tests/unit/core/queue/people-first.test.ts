// People first: background work lets its own caller come first, spares the model that a person talks with, and gives its
// slot back while it has told nothing. Nobody else waits for that, and it waits for nobody too long.
import { describe, expect, test } from 'vitest';
import { Work, type WorkOptions } from '../../../support/line-work.ts';
import { QueueHarness } from '../../../support/queue-harness.ts';

class Line {
  readonly harness: QueueHarness;

  constructor(queue: NonNullable<ConstructorParameters<typeof QueueHarness>[0]>['queue'] = {}) {
    this.harness = new QueueHarness({ queue });
  }

  async come(of: NonNullable<WorkOptions['class']>, runner = 'A', more: WorkOptions = {}): Promise<Work> {
    const work = new Work(this.harness, runner, { class: of, ...more });
    await this.harness.settle();
    return work;
  }

  wait(ms: number): Promise<void> {
    return this.harness.clock.advance(ms);
  }

  async end(work: Work): Promise<void> {
    work.end();
    await this.harness.settle();
  }

  get batches(): unknown {
    return this.harness.queue.batches;
  }
}

/** Background work that has a slot already. */
async function running(queue: ConstructorParameters<typeof Line>[0] = {}, more: WorkOptions = {}) {
  const line = new Line({ settle_ms: 0, ...queue });
  const title = await line.come('background', 'A', { caller: 'app', ...more });
  expect(title.running).toBe(true);
  return { line, title };
}

describe('a quiet moment', () => {
  test('is waited for by background work alone, and told', async () => {
    const line = new Line();
    const title = await line.come('background');
    expect(title.word).toEqual({ phase: 'queued', position: 1, eta_ms: 300, as_of: 0, waits_for: 'settling' });
    await line.wait(299);
    expect(title.running).toBe(false);
    await line.wait(1);
    expect(title.running).toBe(true);
    await line.end(title);
    for (const of of ['normal', 'interactive'] as const) {
      const one = await line.come(of);
      expect(one.running).toBe(true);
      await line.end(one);
    }
    expect(line.harness.clock.sleeping).toBe(0);
  });

  test('lets the chat go first that comes 49 ms after its title', async () => {
    const line = new Line();
    const title = await line.come('background', 'A', { caller: 'app' });
    await line.wait(49);
    const chat = await line.come('interactive', 'A', { caller: 'app' });
    expect([title.running, chat.running]).toEqual([false, true]);
    await line.wait(100);
    await line.end(chat);
    // 300 ms after the chat came.
    await line.wait(199);
    expect(title.running).toBe(false);
    await line.wait(1);
    expect(title).toMatchObject({ running: true, runs: 1 });
  });

  test('is about its own caller alone, and over when the work is old enough to move up', async () => {
    const line = new Line({ aging_ms: 1000 });
    const title = await line.come('background', 'A', { caller: 'app' });
    await line.wait(250);
    await line.end(await line.come('normal', 'A', { caller: 'other' }));
    const tags = await line.come('background', 'A', { caller: 'app' });
    await line.wait(50);
    expect([title.running, tags.running]).toEqual([true, false]);
    await line.end(title);
    await line.wait(249);
    expect(tags.running).toBe(false);
    await line.wait(1);
    await line.end(tags);
    const busy = await line.come('background', 'A', { caller: 'app' });
    for (let n = 0; n < 4; n++) {
      await line.wait(225);
      await line.end(await line.come('normal', 'A', { caller: 'app' }));
    }
    expect(busy.running).toBe(false);
    await line.wait(100);
    expect(busy.running).toBe(true);
  });

  test('that lasts longer than the run before it lets others pass, and they are told so', async () => {
    const line = new Line({ settle_ms: 10_000 });
    const tags = await line.come('background', 'A', { caller: 'other' });
    await line.wait(9500);
    const chat = await line.come('normal', 'A', { caller: 'app', expectedMs: () => 2000 });
    const title = await line.come('background', 'A', { caller: 'app' });
    await line.wait(500);
    expect([tags.word?.position, title.word?.position]).toEqual([1, 2]);
    await line.wait(1000);
    await line.end(chat);
    expect([tags.running, title.running]).toEqual([true, false]);
  });

  test.each(['x', 'c'])(
    'is not for work that was moved up past %s, or that a person has come to share',
    async (caller) => {
      const line = new Line({ settle_ms: 10_000 });
      const [first, second] = [
        await line.come('background', 'A', { caller }),
        await line.come('background', 'A', { serves: () => true }),
      ];
      expect(line.harness.queue.moveUp('second')).toBe(1);
      await line.harness.settle();
      expect([first.running, second.running]).toEqual([false, true]);
      await line.end(second);
      first.class = 'interactive';
      line.harness.queue.recheck();
      await line.harness.settle();
      expect(first.running).toBe(true);
    },
  );
});

describe('a run of background work that has told nothing', () => {
  test('gives way to a person, has its old place, and is one run in the end', async () => {
    const { line, title } = await running();
    const [later, other] = [await line.come('background', 'A', { caller: 'app' }), await line.come('normal', 'A')];
    await line.wait(1999);
    const person = await line.come('interactive', 'A', { caller: 'person' });
    expect(person.running).toBe(true);
    expect(title).toMatchObject({ running: false, stops: 1, word: { position: 2, waits_for: 'people', eta_ms: 2000 } });
    expect(later.word).toMatchObject({ position: 3 });
    await line.end(person);
    await line.end(other);
    expect([title.running, later.running]).toEqual([true, false]);
    await line.end(title);
    await line.end(later);
    expect(title).toMatchObject({ outcome: { state: 'fulfilled' }, runs: 2, stops: 1 });
    expect(line.batches).toMatchObject({ leases: 4, batches: 1 });
    expect(line.harness.clock.sleeping).toBe(0);
  });

  test.each<[string, object, WorkOptions, (title: Work, line: Line) => unknown]>([
    ['has told a piece', {}, {}, (title) => (title.told = true)],
    ['has run for queue.yield_ms', {}, {}, (_title, line) => line.wait(2000)],
    ['may not, since queue.yield_ms is 0', { yield_ms: 0 }, {}, () => undefined],
    ['loads, and queue.yield_ms is 0', { yield_ms: 0 }, { loads: true }, () => undefined],
    ['moved up by its age', { aging_ms: 1000 }, {}, (_title, line) => line.wait(1000)],
    ['is shared by a person', {}, {}, (title) => (title.class = 'interactive')],
    ['cannot be made anew', {}, { mayBeginAgain: () => false }, () => undefined],
  ])('goes on when it %s', async (_why, queue, more, act) => {
    const { line, title } = await running(queue, more);
    await act(title, line);
    const person = await line.come('interactive');
    expect([title.running, title.stops, person.running]).toEqual([true, 0, false]);
    await line.end(title);
    expect(person.running).toBe(true);
  });

  test('goes on when no person comes', async () => {
    const { line, title } = await running();
    const normal = await line.come('normal');
    expect([title.running, normal.running]).toEqual([true, false]);
  });

  test('gives way while its model loads, and again when that stands ready', async () => {
    const { line, title } = await running({}, { loads: true });
    await line.wait(10_000);
    const person = await line.come('interactive', 'B');
    expect([title.stops, person.running]).toEqual([1, true]);
    await line.end(person);
    expect(title).toMatchObject({ running: true, runs: 2 });
    title.begin();
    await line.wait(1999);
    const second = await line.come('interactive', 'A');
    expect([title.stops, second.running]).toEqual([2, true]);
  });

  test('runs again at once when the person has left meanwhile, and is gone with its own caller', async () => {
    const { line, title } = await running();
    const person = new Work(line.harness, 'A', { class: 'interactive' });
    person.leave();
    await line.harness.settle();
    expect(title).toMatchObject({ running: true, runs: 2, outcome: { state: 'pending' } });
    const another = new Work(line.harness, 'A', { class: 'interactive' });
    title.leave();
    await line.harness.settle();
    expect(title.outcome).toMatchObject({ state: 'rejected', reason: { message: 'left' } });
    expect(another.running).toBe(true);
  });

  test('is the youngest of several, and none where that would not help', async () => {
    const { line, title: old } = await running({ max_concurrent: 2 });
    await line.wait(100);
    const young = await line.come('background', 'A');
    const person = new Work(line.harness, 'A', { class: 'interactive' });
    // Whatever comes before it has stopped, no second one does.
    const normal = new Work(line.harness, 'A', { class: 'normal' });
    await line.harness.settle();
    expect([person.running, normal.running]).toEqual([true, false]);
    expect([old.running, young.running]).toEqual([true, false]);
    // Another model needs both slots empty, and a person's answer is in one.
    expect((await line.come('interactive', 'B')).running).toBe(false);
    expect(old.running).toBe(true);
  });

  test('is every one that keeps the model of a person from being loaded', async () => {
    const { line, title } = await running({ max_concurrent: 3 });
    const embeds = await line.come('background', 'A', { lane: 'embed' });
    const person = await line.come('interactive', 'B');
    expect([title.running, embeds.running, person.running]).toEqual([false, false, true]);
    await line.end(person);
    expect([title.running, embeds.running]).toEqual([true, true]);
  });
});

test('background work does not take a slot beside what a person waits for', async () => {
  const line = new Line({ max_concurrent: 2, settle_ms: 0 });
  const first = await line.come('normal', 'A');
  const person = await line.come('interactive', 'B');
  const [title, normal] = [await line.come('background', 'A'), await line.come('normal', 'A')];
  expect([title.running, normal.running, person.running]).toEqual([false, true, false]);
  await line.end(first);
  await line.end(normal);
  expect([title.running, person.running]).toEqual([false, true]);
});

describe("a person's model", () => {
  const talked = async (queue = {}) => {
    const line = new Line({ settle_ms: 0, evict_after_s: 30, ...queue });
    line.harness.resident.add('A');
    await line.end(await line.come('interactive', 'A'));
    return line;
  };

  test('is not evicted by background work before it was idle for queue.evict_after_s', async () => {
    const line = await talked();
    const report = await line.come('background', 'B', { caller: 'report' });
    expect(report.word).toMatchObject({ position: 1, eta_ms: 30_000, waits_for: 'people' });
    await line.wait(20_000);
    const talk = await line.come('interactive', 'A');
    await line.wait(5000);
    await line.end(talk);
    await line.wait(29_999);
    expect(report.running).toBe(false);
    await line.wait(1);
    expect(report.running).toBe(true);
  });

  test('keeps nobody else waiting: not who needs no load, no other class, no work that moved up', async () => {
    const line = await talked();
    const report = await line.come('background', 'B');
    const title = await line.come('background', 'A');
    expect(title.running).toBe(true);
    expect(report.word).toMatchObject({ position: 1, waits_for: 'people' });
    await line.end(title);
    const normal = await line.come('normal', 'B');
    expect(normal.running).toBe(true);
    await line.end(normal);
    for (const _each of [1, 2, 3]) {
      await line.wait(19_999);
      await line.end(await line.come('interactive', 'A'));
    }
    expect(report.running).toBe(false);
    await line.wait(3);
    expect(report.running).toBe(true);
  });

  test('is waited for no more once it has left memory', async () => {
    const line = await talked();
    const report = await line.come('background', 'B');
    line.harness.resident.delete('A');
    line.harness.queue.recheck();
    await line.harness.settle();
    expect(report.running).toBe(true);
  });
});

describe('queue.reserve_interactive', () => {
  test('keeps slots for people, and tells the others when theirs gets free', async () => {
    const line = new Line({ max_concurrent: 3, reserve_interactive: 2 });
    const first = await line.come('normal');
    const second = await line.come('normal');
    expect([first.running, second.running]).toEqual([true, false]);
    expect(second.word).toMatchObject({ position: 1, eta_ms: 1000 });
    const people = [await line.come('interactive'), await line.come('interactive'), await line.come('interactive')];
    expect(people.map((person) => person.running)).toEqual([true, true, false]);
    await line.end(first);
    expect([second.running, people[2]?.running]).toEqual([false, true]);
  });

  test('leaves one slot to all, and embeds theirs', async () => {
    const line = new Line({ max_concurrent: 2, reserve_interactive: 5 });
    expect((await line.come('normal')).running).toBe(true);
    expect((await line.come('normal')).running).toBe(false);
    const embeds = [
      await line.come('normal', 'A', { lane: 'embed' }),
      await line.come('normal', 'A', { lane: 'embed' }),
    ];
    expect(embeds.every((one) => one.running)).toBe(true);
  });
});
