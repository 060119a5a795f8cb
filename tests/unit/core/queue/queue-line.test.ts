// The line in front of the model: bounded, visible, cancellable, never two runners in each other's way, and a slot is
// never left idle while somebody could use it.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { etaOf } from '../../../../backend/contract/chat/chat.ts';
import type { AppError } from '../../../../backend/contract/errors.ts';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';
import { atPriority } from '../../../support/urgency.ts';

const thrown = (work: () => unknown): AppError => {
  try {
    work();
  } catch (error) {
    return error as AppError;
  }
  return expect.unreachable('it threw nothing');
};

/** The last word about the place in line, as "position eta". */
const place = ({ told }: Asker): string => {
  const last = told.at(-1);
  return last === undefined ? 'untold' : `${last.position} ${last.eta_ms}`;
};

describe('a free slot', () => {
  test('is given at once, with no word about waiting', async () => {
    const line = new QueueHarness();
    const asker = line.enter('A');
    expect(line.queue.running).toBe(1);
    await line.settle();
    expect(asker).toMatchObject({ lease: { state: 'fulfilled' }, told: [] });
    expect(line.clock.sleeping).toBe(0);
    expect(getEventListeners(asker.signal, 'abort')).toEqual([]);
  });

  test('goes to the next one when it is given back, in the same tick', async () => {
    const line = new QueueHarness();
    const [first, second] = [line.enter('A'), line.enter('A')];
    await line.settle();
    expect(second.lease.state).toBe('pending');
    first.release();
    expect(line.queue).toMatchObject({ running: 1, waiting: 0 });
    await line.settle();
    expect(second.lease.state).toBe('fulfilled');
  });

  test('is one slot, however often it is given back', async () => {
    const line = new QueueHarness();
    const [first, second, third] = [line.enter('A'), line.enter('A'), line.enter('A')];
    await line.settle();
    first.release();
    first.release();
    await line.settle();
    first.release();
    await line.settle();
    expect(second.lease.state).toBe('fulfilled');
    expect(third.lease.state).toBe('pending');
    expect(line.queue).toMatchObject({ running: 1, waiting: 1 });
  });

  test('there are as many as configured, also when that changes', async () => {
    const line = new QueueHarness({ queue: { max_concurrent: 2 } });
    const askers = Array.from({ length: 6 }, () => line.enter('A'));
    expect(line.queue.running).toBe(2);
    line.configure({ queue: { max_concurrent: 4 } });
    expect(line.queue.running).toBe(4);
    line.configure({ queue: { max_concurrent: 1 } });
    expect(line.queue.running).toBe(4);
    await line.settle();
    for (const asker of askers.slice(0, 3)) asker.release();
    expect(line.queue).toMatchObject({ running: 1, waiting: 2 });
    askers[3]?.release();
    expect(line.queue).toMatchObject({ running: 1, waiting: 1 });
  });
});

describe('the bound', () => {
  test('who comes when all places are taken is refused at once, and told when to come back', () => {
    const line = new QueueHarness({ queue: { max_queue_size: 2 } });
    for (let n = 0; n < 3; n++) line.enter('A');
    expect(line.queue.full).toBe(true);
    const refused = thrown(() => line.enter('A'));
    expect(refused).toMatchObject({ code: 'queue_full', retryAfterMs: 1000 });
    expect(refused.message).toContain('1 s');
    expect(line.queue).toMatchObject({ running: 1, waiting: 2 });
  });

  test('a place that gets free can be taken again', () => {
    const line = new QueueHarness({ queue: { max_queue_size: 1 } });
    line.enter('A');
    const waiting = line.enter('A');
    expect(() => line.enter('A')).toThrow('full');
    waiting.leave();
    expect(line.queue.full).toBe(false);
    line.enter('A');
    expect(line.queue.waiting).toBe(1);
  });

  test('with several slots the time to come back counts them all', () => {
    const line = new QueueHarness({ queue: { max_queue_size: 1, max_concurrent: 2 } });
    for (let n = 0; n < 3; n++) line.enter('A');
    expect(thrown(() => line.enter('A'))).toMatchObject({ code: 'queue_full', retryAfterMs: 1000 });
  });

  test('nobody who is refused costs anything', () => {
    const line = new QueueHarness({ queue: { max_queue_size: 1 } });
    line.enter('A');
    line.enter('A');
    const before = line.clock.sleeping;
    const { signal } = new AbortController();
    expect(() => line.enter('A', { signal })).toThrow('full');
    expect(line.clock.sleeping).toBe(before);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('position and time', () => {
  test('are told before anything else happens', () => {
    const line = new QueueHarness();
    line.enter('A');
    const as_of = line.clock.elapsed();
    expect(line.enter('A').told).toEqual([{ phase: 'queued', position: 1, eta_ms: 1000, as_of }]);
    expect(line.enter('A').told).toEqual([{ phase: 'queued', position: 2, eta_ms: 2000, as_of }]);
  });

  test('are told anew when somebody ahead starts or leaves', async () => {
    const line = new QueueHarness();
    const [first, second, third, fourth] = [line.enter('A'), line.enter('A'), line.enter('A'), line.enter('A')];
    await line.settle();
    expect([second, third, fourth].map(place)).toEqual(['1 1000', '2 2000', '3 3000']);
    third.leave();
    await line.settle();
    expect([second, fourth].map(place)).toEqual(['1 1000', '2 2000']);
    first.release();
    await line.settle();
    expect(place(fourth)).toBe('1 1000');
  });

  test('count down what runs, and are never negative when it takes longer than expected', async () => {
    const line = new QueueHarness();
    const runs = line.enter('A');
    await line.settle();
    runs.begin();
    await line.clock.advance(400);
    expect(place(line.enter('A'))).toBe('1 600');
    await line.clock.advance(5000);
    // Late by 4400 ms, so as long again (queue-late.test.ts).
    expect(place(line.enter('A'))).toBe('2 5400');
    expect(line.queue.eta()).toBe(6400);
  });

  test('include the load of a model that is not in memory', () => {
    const line = new QueueHarness();
    line.loadMs.set('A', 300).set('B', 500);
    line.enter('A');
    expect(place(line.enter('B'))).toBe('1 1800');
    line.resident.add('B');
    const other = new QueueHarness();
    other.loadMs.set('B', 500);
    other.resident.add('B');
    other.enter('A');
    expect(place(other.enter('B'))).toBe('1 1000');
  });

  test('include what is left of a load under way, and after it the whole run', async () => {
    const line = new QueueHarness();
    line.loadMs.set('A', 5000);
    const runs = line.enter('A');
    await line.settle();
    expect(line.queue.eta()).toBe(6000);
    await line.clock.advance(2000);
    expect(line.queue.eta()).toBe(4000);
    // It takes longer than it did before: nothing of the run is over yet.
    await line.clock.advance(9000);
    expect(line.queue.eta()).toBe(1000);
    const behind = line.enter('A');
    await line.clock.advance(3000);
    runs.begin();
    await line.settle();
    // The same again, three seconds later.
    expect(behind.told.map(({ eta_ms }) => eta_ms)).toEqual([1000, 1000]);
    await line.clock.advance(400);
    expect(line.queue.eta()).toBe(1600);
  });

  test('are told anew when they are off by more than a second, and not because time goes by', async () => {
    const line = new QueueHarness();
    let ms = 60_000;
    const runs = line.enter('A', { expectedMs: () => ms });
    await line.settle();
    runs.begin();
    const asker = line.enter('A');
    await line.clock.advance(20_000);
    line.queue.recheck();
    await line.settle();
    expect(asker.told.length).toBe(1);
    ms = 80_000;
    line.queue.recheck();
    await line.settle();
    // As much as at first, and yet another word: by now it should be less.
    expect(asker.told.map(({ eta_ms }) => eta_ms)).toEqual([60_000, 60_000]);
  });

  test('follow the priority of those who wait', async () => {
    const line = new QueueHarness();
    line.enter('A');
    const normal = line.enter('A');
    let wish = 5;
    const lifted = line.enter('A', { urgency: () => atPriority(wish) });
    expect([normal, lifted].map(place)).toEqual(['1 1000', '2 2000']);
    wish = -1;
    line.queue.recheck();
    await line.settle();
    expect([normal, lifted].map(place)).toEqual(['2 2000', '1 1000']);
  });

  test('in a line of some length are told anew once in a while, and then as they are', async () => {
    const line = new QueueHarness();
    const runs = line.enter('A');
    const askers = Array.from({ length: 40 }, () => line.enter('A'));
    await line.settle();
    expect(askers.map(place)).toEqual(askers.map((_asker, i) => `${i + 1} ${(i + 1) * 1000}`));
    const words = (): number => askers.reduce((sum, { told }) => sum + told.length, 0);
    for (const asker of askers.slice(0, 20)) {
      asker.leave();
      line.enter('A').leave();
      await line.settle();
    }
    const stay = askers.slice(20);
    // One timer for the patience of each, and one for the next look.
    expect(line.clock.sleeping).toBe(stay.length + 1);
    await line.clock.advance(100);
    expect(stay.map(place)).toEqual(stay.map((_asker, i) => `${i + 1} ${(i + 1) * 1000}`));
    expect(words()).toBeLessThan(40 + 20 * 20);
    await line.clock.advance(1000);
    runs.release();
    await line.settle();
    expect(stay.slice(1).map(place)).toEqual(stay.slice(1).map((_asker, i) => `${i + 1} ${(i + 1) * 1000}`));
  });

  test('are not repeated while they are the same', async () => {
    const line = new QueueHarness();
    line.enter('A');
    const asker = line.enter('A');
    for (let n = 0; n < 5; n++) line.queue.recheck();
    await line.settle();
    expect(asker.told.length).toBe(1);
  });

  test('after a change to fewer slots, wait until as many have ended', async () => {
    const line = new QueueHarness({ queue: { max_concurrent: 3 } });
    for (const ms of [500, 3000, 1000]) line.enter('A', { expectedMs: () => ms });
    line.configure({ queue: { max_concurrent: 2 } });
    expect(line.queue.eta()).toBe(1000);
    line.configure({ queue: { max_concurrent: 1 } });
    expect(line.queue.eta()).toBe(3000);
  });

  test('of who would come now: at once when a slot is free', () => {
    const line = new QueueHarness();
    expect(line.queue.eta()).toBe(0);
    line.enter('A');
    expect(line.queue.eta()).toBe(1000);
  });

  test('the world is told of every change', () => {
    const line = new QueueHarness();
    const steps = [
      () => line.enter('A'),
      () => line.queue.pause(),
      () => line.queue.resume(),
      () => line.queue.drain(),
    ];
    for (const step of steps) {
      const before = line.changes;
      step();
      expect(line.changes).toBeGreaterThan(before);
    }
  });
});

describe('leaving the line', () => {
  test('is done in the same tick, and never runs', async () => {
    const line = new QueueHarness();
    const [first, second, third] = [line.enter('A'), line.enter('A'), line.enter('A')];
    const reason = new Error('closed the tab');
    second.leave(reason);
    expect(line.queue.waiting).toBe(1);
    await line.settle();
    expect(second.lease).toMatchObject({ state: 'rejected', reason });
    first.release();
    await line.settle();
    expect(third.lease.state).toBe('fulfilled');
    expect(line.granted).toEqual([first.name, third.name]);
  });

  test('leaves no timer and no listener behind', async () => {
    const line = new QueueHarness();
    const [first, second] = [line.enter('A'), line.enter('A')];
    expect(line.clock.sleeping).toBe(1);
    second.leave();
    await line.settle();
    expect(line.clock.sleeping).toBe(0);
    first.leave();
    await line.settle();
    expect(first.lease.state).toBe('fulfilled');
    expect(line.queue.running).toBe(1);
  });

  test('who has left before he came is not let in', () => {
    const line = new QueueHarness();
    const reason = new Error('gone');
    expect(() => line.enter('A', { signal: AbortSignal.abort(reason) })).toThrow(reason);
    expect(line.queue).toMatchObject({ running: 0, waiting: 0 });
  });

  test('who waits too long is refused, told when to come back, and makes room', async () => {
    const line = new QueueHarness({ queue: { max_wait_ms: 90_000 } });
    const runs = line.enter('A', { expectedMs: () => 600_000 });
    const waits = line.enter('A');
    await line.settle();
    runs.begin();
    await line.clock.advance(89_999);
    expect(waits.lease.state).toBe('pending');
    await line.clock.advance(1);
    expect(waits.lease).toMatchObject({ state: 'rejected', reason: { code: 'queue_timeout', retryAfterMs: 510_000 } });
    expect((waits.lease.reason as AppError).message).toContain('1 min 30 s');
    expect(line.queue).toMatchObject({ running: 1, waiting: 0 });
    expect(runs.lease.state).toBe('fulfilled');
  });

  test('the clock of a wait ends with the wait: who runs is never timed out', async () => {
    const line = new QueueHarness({ queue: { max_wait_ms: 1000 } });
    const asker = line.enter('A');
    await line.clock.advance(60_000);
    expect(asker.lease.state).toBe('fulfilled');
    expect(line.queue.running).toBe(1);
  });
});

describe('callers', () => {
  test('take turns over time: who was just served waits for the others', async () => {
    const line = new QueueHarness();
    const askers = ['x', 'x', 'x', 'y'].map((caller, n) => line.enter('A', { caller, name: `${caller}${n}` }));
    for (let n = 0; n < 4; n++) {
      await line.settle();
      for (const asker of askers) asker.release();
    }
    expect(line.granted).toEqual(['x0', 'y3', 'x1', 'x2']);
  });

  test('without end do not fill memory: who was served long ago counts as new', async () => {
    const line = new QueueHarness();
    const served = async (caller: string): Promise<void> => {
      const asker = line.enter('A', { caller });
      await Promise.resolve();
      await Promise.resolve();
      asker.release();
    };
    await served('early');
    for (let n = 0; n < 2000; n++) await served(`caller ${n}`);
    const runs = line.enter('A');
    const again = line.enter('A', { caller: 'early' });
    line.enter('A', { caller: 'never before' });
    await line.settle();
    runs.release();
    await line.settle();
    expect(again.lease.state).toBe('fulfilled');
  });
});

describe('a pause', () => {
  test('nobody comes nearer by waiting, and everybody is told so', async () => {
    const line = new QueueHarness();
    line.enter('A');
    const asker = line.enter('A');
    const last = (): number => etaOf(asker.told.at(-1) ?? expect.unreachable('untold'), line.clock.elapsed());
    line.queue.pause();
    await line.settle();
    await line.clock.advance(5000);
    expect(last()).toBe(1000);
    line.queue.resume();
    await line.settle();
    await line.clock.advance(300);
    expect(last()).toBe(700);
  });

  test('nobody is refused for it, however long it is; after it the rest of the wait runs', async () => {
    const line = new QueueHarness({ queue: { max_wait_ms: 1000 } });
    line.enter('A');
    const before = line.enter('A');
    await line.clock.advance(600);
    line.queue.pause();
    const meanwhile = line.enter('A');
    await line.clock.advance(3_600_000);
    line.queue.resume();
    await line.clock.advance(399);
    expect([before, meanwhile].map(({ lease }) => lease.state)).toEqual(['pending', 'pending']);
    await line.clock.advance(1);
    expect([before, meanwhile].map(({ lease }) => lease.state)).toEqual(['rejected', 'pending']);
    await line.clock.advance(600);
    expect(meanwhile.lease).toMatchObject({ state: 'rejected', reason: { code: 'queue_timeout' } });
    expect(line.clock.sleeping).toBe(0);
  });

  test('lets running ones finish, keeps new ones waiting, and loses nobody', async () => {
    const line = new QueueHarness();
    const [first, second] = [line.enter('A'), line.enter('A')];
    await line.settle();
    line.queue.pause();
    expect(line.queue.paused).toBe(true);
    first.release();
    const third = line.enter('A');
    await line.settle();
    expect(line.queue).toMatchObject({ running: 0, waiting: 2 });
    expect([second, third].map(({ lease }) => lease.state)).toEqual(['pending', 'pending']);
    expect(place(third)).toContain('2 ');
    line.queue.resume();
    expect(line.queue).toMatchObject({ running: 1, waiting: 1, paused: false });
    await line.settle();
    second.release();
    await line.settle();
    expect(third.lease.state).toBe('fulfilled');
  });
});

describe('draining', () => {
  test('refuses those who wait and those who come, and leaves running ones their slot', async () => {
    const line = new QueueHarness();
    const [runs, ...waiting] = [line.enter('A'), line.enter('A'), line.enter('A')];
    await line.settle();
    line.queue.drain();
    expect(line.queue).toMatchObject({ running: 1, waiting: 0 });
    await line.settle();
    for (const { lease } of waiting)
      expect(lease).toMatchObject({ state: 'rejected', reason: { code: 'shutting_down' } });
    expect(thrown(() => line.enter('A'))).toMatchObject({ code: 'shutting_down' });
    expect(line.clock.sleeping).toBe(0);
    runs.release();
    expect(line.queue.running).toBe(0);
  });

  test('gives no slot to one who could have one as soon as those before it are refused', async () => {
    const line = new QueueHarness({ queue: { max_concurrent: 2 }, batch: { max_batch_size: 1 } });
    const [, other, third] = [line.enter('A'), line.enter('B'), line.enter('A')];
    await line.settle();
    expect(line.queue).toMatchObject({ running: 1, waiting: 2 });
    line.queue.drain();
    await line.settle();
    expect(line.queue).toMatchObject({ running: 1, waiting: 0 });
    for (const { lease } of [other, third]) expect(lease).toMatchObject({ reason: { code: 'shutting_down' } });
  });
});

describe('different runners', () => {
  const two = { queue: { max_concurrent: 2 } };

  test('never run beside each other, since Ollama can lock up', async () => {
    const line = new QueueHarness(two);
    const [a, b] = [line.enter('A'), line.enter('B')];
    await line.settle();
    expect(b.lease.state).toBe('pending');
    a.release();
    await line.settle();
    expect(b.lease.state).toBe('fulfilled');
  });

  test('run beside each other when both are in memory', async () => {
    const line = new QueueHarness(two);
    line.resident.add('A').add('B');
    line.enter('A');
    line.enter('B');
    expect(line.queue.running).toBe(2);
  });

  test('one of them in memory is not enough', () => {
    for (const one of ['A', 'B']) {
      const line = new QueueHarness(two);
      line.resident.add(one);
      line.enter('A');
      line.enter('B');
      expect(line.queue.running).toBe(1);
    }
  });

  test('as soon as both are in memory the free slot is used', () => {
    const line = new QueueHarness(two);
    line.enter('A');
    line.enter('B');
    line.resident.add('A').add('B');
    line.queue.recheck();
    expect(line.queue.running).toBe(2);
  });

  test('the free slot meanwhile goes to who can use it, though another one is more urgent', async () => {
    const line = new QueueHarness(two);
    line.enter('A');
    const b = line.enter('B', { urgency: () => atPriority(-1) });
    const a = line.enter('A');
    await line.settle();
    expect(a.lease.state).toBe('fulfilled');
    expect(b.lease.state).toBe('pending');
  });

  test('but not for longer than the time of grace', async () => {
    const line = new QueueHarness(two);
    line.enter('A');
    line.enter('B', { urgency: () => atPriority(-1) });
    line.enter('A').release();
    const second = line.enter('A');
    await line.clock.advance(2000);
    second.release();
    const late = line.enter('A');
    await line.settle();
    expect(late.lease.state).toBe('pending');
  });

  /**
   * A new request every `everyMs`, each running for 250 ms, until the one that waits has its lease. Gives how many of
   * them started meanwhile.
   */
  async function stream(line: QueueHarness, names: readonly string[], until: Asker, everyMs: number): Promise<number> {
    const running = new Map<Asker, number>();
    const waiting = new Set<Asker>();
    let starts = 0;
    for (let n = 0; until.lease.state === 'pending' && n < 2000; n++) {
      if (!line.queue.full) waiting.add(line.enter(names[n % names.length] ?? 'A', { caller: `caller ${n}` }));
      await line.clock.advance(everyMs);
      for (const asker of waiting) {
        if (asker.lease.state === 'pending') continue;
        waiting.delete(asker);
        running.set(asker, line.clock.elapsed() + 250);
        starts++;
      }
      for (const [asker, ends] of running) {
        if (ends > line.clock.elapsed()) continue;
        running.delete(asker);
        asker.release();
      }
      await line.settle();
    }
    return starts;
  }

  test.each([1, 2, 3])(
    'a stream of the loaded model overtakes another one only a few times (%i slots)',
    async (slots) => {
      const line = new QueueHarness({ queue: { max_concurrent: slots } });
      const before = line.enter('A');
      const b = line.enter('B', { caller: 'served before' });
      const starting = stream(line, ['A'], b, 100);
      await line.clock.advance(0);
      before.release();
      expect(await starting).toBeLessThanOrEqual(3 + slots);
      expect(b.lease.state).toBe('fulfilled');
    },
  );

  test('two models in memory do not keep a third one out for long', async () => {
    const line = new QueueHarness(two);
    line.resident.add('A').add('B');
    const before = line.enter('A', { caller: 'served before' });
    const c = line.enter('C', { caller: 'served before' });
    const since = line.clock.elapsed();
    const starting = stream(line, ['A', 'B'], c, 100);
    await line.clock.advance(0);
    before.release();
    await starting;
    expect(c.lease.state).toBe('fulfilled');
    expect(line.clock.elapsed() - since).toBeLessThanOrEqual(4000);
  });

  test('nor a more urgent third one that came after all the others', async () => {
    const line = new QueueHarness(two);
    line.resident.add('A').add('B');
    const running = [line.enter('A'), line.enter('B')];
    const backlog = Array.from({ length: 60 }, (_, n) =>
      line.enter(n % 2 === 0 ? 'A' : 'B', { caller: `caller ${n}` }),
    );
    const urgent = line.enter('C', { urgency: () => atPriority(-1) });
    const all = [...running, ...backlog];
    const done = new Set<unknown>();
    let starts = 0;
    while (urgent.lease.state === 'pending' && starts < 100) {
      await line.clock.advance(500);
      const next = all.find(({ lease }) => lease.state === 'fulfilled' && !done.has(lease));
      if (next === undefined) break;
      done.add(next.lease);
      next.release();
      starts++;
    }
    await line.settle();
    expect(urgent.lease.state).toBe('fulfilled');
    expect(starts).toBeLessThanOrEqual(10);
  });

  test('no more than a row of them use the slots that a more urgent third one waits for', async () => {
    const line = new QueueHarness(two);
    line.resident.add('A').add('B');
    const all = [line.enter('A'), line.enter('B')];
    const urgent = line.enter('C', { urgency: () => atPriority(-1), name: 'C' });
    for (let n = 0; n < 10; n++) all.push(line.enter('A', { caller: `caller ${n}` }));
    for (const one of all) {
      await line.settle();
      if (one.lease.state === 'fulfilled') one.release();
    }
    await line.settle();
    expect(urgent.lease.state).toBe('fulfilled');
    expect(line.granted.indexOf('C') - 2).toBeLessThanOrEqual(3);
  });

  test('being overtaken by the same model is no reason to switch', async () => {
    const line = new QueueHarness({ batch: { batch_timeout_ms: 1000 } });
    // y's A overtakes x's second A, since they take turns; then B overtakes nobody.
    const askers = [
      line.enter('A', { caller: 'x', name: 'A x' }),
      line.enter('A', { caller: 'x', name: 'A x again' }),
      line.enter('A', { caller: 'y', name: 'A y' }),
    ];
    await line.settle();
    askers[0]?.release();
    await line.settle();
    askers.push(line.enter('B', { caller: 'z', urgency: () => atPriority(-1), name: 'B z' }));
    askers.push(line.enter('B', { caller: 'z', name: 'B z again' }));
    await line.clock.advance(1500);
    askers[2]?.release();
    await line.settle();
    askers[3]?.release();
    await line.settle();
    expect(line.granted).toEqual(['A x', 'A y', 'B z', 'B z again']);
  });

  test('A B A B runs as A A B B, and the counts say so', async () => {
    const line = new QueueHarness();
    const askers = ['A', 'B', 'A', 'B'].map((runner) => line.enter(runner));
    for (let n = 0; n < 4; n++) {
      await line.settle();
      for (const asker of askers) asker.release();
    }
    expect(line.granted).toEqual(['A0', 'A2', 'B1', 'B3']);
    expect(line.queue.batches).toEqual({ leases: 4, batches: 2, model_switches: 1, model_switches_avoided: 2 });
    line.queue.resetCounts();
    expect(line.queue.batches.leases).toBe(0);
  });

  test('an idle request of another model is not delayed to fill a batch', async () => {
    const line = new QueueHarness();
    const first = line.enter('A');
    await line.settle();
    first.release();
    line.enter('B');
    expect(line.queue.running).toBe(1);
  });
});

describe('whether anybody waits for a runner', () => {
  test('is known, and the end of it is told', async () => {
    const line = new QueueHarness();
    const [, second, third] = [line.enter('A'), line.enter('A'), line.enter('A')];
    expect(line.queue.wants('A')).toBe(true);
    expect(line.queue.wants('B')).toBe(false);
    let unwanted = false;
    void line.queue.unwanted('A', new AbortController().signal).then(() => (unwanted = true));
    second.leave();
    await line.settle();
    expect(unwanted).toBe(false);
    third.leave();
    await line.settle();
    expect(unwanted).toBe(true);
    expect(line.queue.wants('A')).toBe(false);
  });

  test('the question is answered at once when nobody does, and can be withdrawn', async () => {
    const line = new QueueHarness();
    await line.queue.unwanted('A', new AbortController().signal);
    line.enter('A');
    line.enter('A');
    const asking = new AbortController();
    const answer = line.queue.unwanted('A', asking.signal);
    asking.abort();
    await answer;
    await line.queue.unwanted('A', asking.signal);
  });

  test('the answer leaves nothing behind', async () => {
    const line = new QueueHarness();
    line.enter('A');
    const waits = line.enter('A');
    const asking = new AbortController();
    const answer = line.queue.unwanted('A', asking.signal);
    expect(getEventListeners(asking.signal, 'abort').length).toBe(1);
    waits.leave();
    await answer;
    expect(getEventListeners(asking.signal, 'abort')).toEqual([]);
  });
});
