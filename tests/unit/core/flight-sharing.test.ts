// One run for all who ask the same: each gets the whole answer or the one error, whoever comes late, reads slowly or
// leaves; and the run is given up exactly when nobody is left.
import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { ChatEvent } from '../../../backend/contract/chat/chat.ts';
import { AppError } from '../../../backend/contract/errors.ts';
import { Flights, type JoinOptions, type Seat } from '../../../backend/core/flight.ts';
import { watched } from '../../support/builders.ts';
import { settled } from '../../support/clocks.ts';
import { ScriptedRun } from '../../support/scripted-run.ts';
import { LEAST_URGENT } from '../../../backend/contract/chat/chat-request.ts';
import { atPriority } from '../../support/urgency.ts';

let flights: Flights;
let runs: ScriptedRun[];

beforeEach(() => {
  flights = new Flights();
  runs = [];
});

/** A caller with a signal of his own, who takes a seat. */
function join(key: string, over: Partial<JoinOptions> = {}): Seat & { abort(reason?: unknown): void } {
  const caller = new AbortController();
  const options = { signal: caller.signal, urgency: () => atPriority(), finishAbandoned: () => false, ...over };
  const seat = flights.join(key, options, (context) => {
    const run = new ScriptedRun(context);
    runs.push(run);
    return run.lead();
  });
  return { ...seat, abort: (reason) => caller.abort(reason) };
}

const run = (n = 0): ScriptedRun => runs[n] ?? expect.unreachable('no such run');

/** Reads in the background; `text` is what came so far, `over` how it went. */
function reading(events: AsyncIterable<ChatEvent>) {
  const seen: { text: string; ended: boolean; waits: string[] } = { text: '', ended: false, waits: [] };
  const over = watched(
    (async () => {
      for await (const event of events) {
        if (event.type === 'piece') seen.text += event.piece.content;
        if (event.type === 'waiting') seen.waits.push(`${event.waiting.phase} ${event.waiting.position}`);
        if (event.type === 'end') seen.ended = true;
      }
    })(),
  );
  return Object.assign(seen, { over });
}

describe('who asks the same at the same time', () => {
  test('fifty share one run, and one of them leads', async () => {
    const seats = Array.from({ length: 50 }, () => join('k'));
    const readers = seats.map(({ events }) => reading(events));
    run().say('one');
    run().say(' two');
    run().end();
    await settled();
    expect(runs.length).toBe(1);
    expect(seats.filter(({ led }) => led).length).toBe(1);
    for (const reader of readers)
      expect(reader).toMatchObject({ text: 'one two', ended: true, over: { state: 'fulfilled' } });
    expect(flights.size).toBe(0);
  });

  test('who asks something else has a run of his own', () => {
    expect(join('a').led).toBe(true);
    expect(join('b').led).toBe(true);
    expect(runs.length).toBe(2);
    expect(flights.size).toBe(2);
  });

  test('a late one has the beginning at once, before anything new comes', async () => {
    join('k');
    run().say('the beginning');
    await settled();
    const late = reading(join('k').events);
    await settled();
    expect(late).toMatchObject({ text: 'the beginning', over: { state: 'pending' } });
    run().say(', the rest');
    run().end();
    await settled();
    expect(late).toMatchObject({ text: 'the beginning, the rest', ended: true });
  });

  test('one who does not read delays nobody, and finds everything later', async () => {
    const slow = join('k');
    const quick = reading(join('k').events);
    for (let n = 0; n < 1000; n++) run().say('x');
    run().end();
    await settled();
    expect(quick).toMatchObject({ text: 'x'.repeat(1000), ended: true });
    expect(run().closed).toBe(true);
    const later = reading(slow.events);
    await settled();
    expect(later).toMatchObject({ text: 'x'.repeat(1000), ended: true, over: { state: 'fulfilled' } });
  });

  test('after its end the next one starts a new run', async () => {
    join('k');
    run().end();
    await settled();
    const next = join('k');
    expect(next.led).toBe(true);
    expect(runs.length).toBe(2);
  });
});

describe('where the run stands', () => {
  test('is told to everybody, also to one who comes later: the latest word alone', async () => {
    const early = reading(join('k').events);
    run().context.waiting({ phase: 'queued', position: 2, eta_ms: 10 });
    await settled();
    run().context.waiting({ phase: 'queued', position: 1, eta_ms: 5 });
    await settled();
    const late = reading(join('k').events);
    await settled();
    expect(early.waits).toEqual(['queued 2', 'queued 1']);
    expect(late.waits).toEqual(['queued 1']);
  });

  test('is not told any more once the answer has begun', async () => {
    join('k');
    run().context.waiting({ phase: 'running', position: 0, eta_ms: 0 });
    run().say('a');
    await settled();
    const late = reading(join('k').events);
    await settled();
    expect(late).toMatchObject({ waits: [], text: 'a' });
  });

  test('can be said while the run is being started', async () => {
    const { events } = flights.join(
      'k',
      { signal: new AbortController().signal, urgency: () => atPriority(), finishAbandoned: () => false },
      (context) => {
        context.waiting({ phase: 'queued', position: 7, eta_ms: 1 });
        return new ScriptedRun(context).lead();
      },
    );
    const reader = reading(events);
    await settled();
    expect(reader.waits).toEqual(['queued 7']);
  });

  test('its urgency is that of the most urgent one who takes part now', () => {
    join('k', { urgency: () => atPriority(1) });
    expect(run().context.urgency().priority).toBe(1);
    const urgent = join('k', { urgency: () => atPriority(-1) });
    expect(run().context.urgency().priority).toBe(-1);
    join('k', { urgency: () => atPriority() });
    urgent.leave();
    expect(run().context.urgency().priority).toBe(0);
    join('k', { urgency: () => ({ class: 'interactive', priority: 100 }) });
    expect(run().context.urgency()).toEqual({ class: 'interactive', priority: 100 });
  });
});

describe('leaving', () => {
  test('the leader leaves, the follower gets everything', async () => {
    const leader = join('k');
    const follower = reading(join('k').events);
    run().say('one');
    await settled();
    leader.leave();
    run().say(' two');
    run().end();
    await settled();
    expect(run().aborts).toBe(0);
    expect(follower).toMatchObject({ text: 'one two', ended: true });
  });

  test('the last one who leaves ends the run, once, in the same tick', async () => {
    const [a, b] = [join('k'), join('k')];
    a.leave();
    a.leave();
    expect(run().aborts).toBe(0);
    b.leave();
    expect(run().aborts).toBe(1);
    expect(flights.size).toBe(0);
    b.leave();
    a.leave();
    await settled();
    expect(run()).toMatchObject({ aborts: 1, closed: true });
  });

  test('who left gets the reason and nothing else', async () => {
    const [leaver, other] = [join('k'), join('k')];
    const reader = reading(leaver.events);
    run().say('one');
    await settled();
    const reason = new AppError('cancelled', 'Enough.');
    leaver.abort(reason);
    run().say(' two');
    await settled();
    expect(reader).toMatchObject({ text: 'one', over: { state: 'rejected', reason } });
    expect(run().aborts).toBe(0);
    other.leave();
    expect(run().aborts).toBe(1);
  });

  test('without a reason it is a cancellation', async () => {
    const seat = join('k');
    const reader = reading(seat.events);
    seat.leave();
    await settled();
    expect(reader.over).toMatchObject({ state: 'rejected', reason: { code: 'cancelled' } });
  });

  test('the run ends for the reason of the last one', () => {
    const reason = new Error('shut down');
    const seat = join('k');
    seat.abort(reason);
    expect(run().context.signal.reason).toBe(reason);
  });

  test('who comes after the last one left starts a new run, though the old one is not quite over', async () => {
    join('k').leave();
    const next = join('k');
    expect(next.led).toBe(true);
    const reader = reading(next.events);
    run(1).say('new');
    await settled();
    expect(run(0).closed).toBe(true);
    expect(join('k').led).toBe(false);
    run(1).end();
    await settled();
    expect(reader).toMatchObject({ text: 'new', ended: true });
  });

  test('leaves nothing behind on the signal of the one who left', async () => {
    const caller = new AbortController();
    const seat = join('k', { signal: caller.signal });
    const reader = reading(seat.events);
    await settled();
    seat.leave();
    await settled();
    expect(reader.over.state).toBe('rejected');
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  test('after the end, aborts nothing', async () => {
    const seat = join('k');
    run().end();
    await settled();
    seat.leave();
    expect(run().aborts).toBe(0);
  });

  test('who has left before he came starts nothing', () => {
    const reason = new Error('gone already');
    expect(() => join('k', { signal: AbortSignal.abort(reason) })).toThrow(reason);
    expect(runs.length).toBe(0);
    expect(flights.size).toBe(0);
    expect(join('k').led).toBe(true);
  });

  test('who has left before he came disturbs nobody who is there', () => {
    join('k');
    expect(() => join('k', { signal: AbortSignal.abort(new Error('gone already')) })).toThrow('gone already');
    expect(run().aborts).toBe(0);
  });
});

describe('a run that is finished for the cache', () => {
  test('goes on without anybody, and can be joined again', async () => {
    const asked: unknown[] = [];
    const reason = new Error('tab closed');
    const leader = join('k', { finishAbandoned: (why) => asked.push(why) > 0 });
    run().say('one');
    leader.abort(reason);
    expect(asked).toEqual([reason]);
    expect(run().aborts).toBe(0);
    const again = join('k');
    expect(again.led).toBe(false);
    const reader = reading(again.events);
    run().end();
    await settled();
    expect(reader).toMatchObject({ text: 'one', ended: true });
  });

  test('is asked for only when the last one leaves', () => {
    let asked = 0;
    const [a, b] = [0, 1].map(() => join('k', { finishAbandoned: () => ++asked < 0 }));
    a?.leave();
    expect(asked).toBe(0);
    b?.leave();
    b?.leave();
    expect(asked).toBe(1);
  });

  test('has an urgency that can be compared, and comes after everybody else', () => {
    join('k', { finishAbandoned: () => true }).leave();
    expect(run().context.urgency()).toEqual(LEAST_URGENT);
  });
});

describe('a run that fails', () => {
  test('reaches each seat, once, after what had come before', async () => {
    const seats = [join('k'), join('k'), join('k')];
    const readers = seats.map(({ events }) => reading(events));
    run().say('one');
    await settled();
    const failure = new AppError('upstream_failed', 'Cut short.');
    run().fail(failure);
    await settled();
    for (const reader of readers) {
      expect(reader).toMatchObject({ text: 'one', ended: false, over: { state: 'rejected', reason: failure } });
    }
    expect(flights.size).toBe(0);
    expect(run().aborts).toBe(0);
  });

  test('reaches one who reads only later', async () => {
    const seat = join('k');
    const failure = new Error('early');
    run().fail(failure);
    await settled();
    const reader = reading(seat.events);
    await settled();
    expect(reader.over).toMatchObject({ state: 'rejected', reason: failure });
  });

  test('at once, before there is a flight: the caller gets the error, and no flight is left', () => {
    const caller = new AbortController();
    let asked = 0;
    const full = new AppError('queue_full', 'Full.');
    const options = { signal: caller.signal, urgency: () => atPriority(), finishAbandoned: () => ++asked > 0 };
    const refuse = (): never => {
      throw full;
    };
    expect(() => flights.join('k', options, refuse)).toThrow(full);
    expect(flights.size).toBe(0);
    caller.abort();
    expect(asked).toBe(0);
    expect(join('k').led).toBe(true);
  });

  test('by stopping without an end: that is no answer for anybody', async () => {
    const readers = [join('k'), join('k')].map(({ events }) => reading(events));
    run().say('half');
    run().stop();
    await settled();
    for (const reader of readers) expect(reader).toMatchObject({ text: 'half', over: { state: 'rejected' } });
  });

  test('the next one who asks starts anew', async () => {
    join('k');
    run().fail(new Error('x'));
    await settled();
    expect(join('k').led).toBe(true);
  });
});

test('the end is told before the run is wound up, which may take long', async () => {
  const options = { signal: new AbortController().signal, urgency: () => atPriority(), finishAbandoned: () => false };
  const seat = flights.join('k', options, async (context) => {
    const script = new ScriptedRun(context);
    script.end();
    await script.lead();
    await new Promise(() => undefined);
  });
  const reader = reading(seat.events);
  await settled();
  expect(reader).toMatchObject({ ended: true, over: { state: 'fulfilled' } });
  expect(join('k').led).toBe(true);
});

describe('one who only looks on', () => {
  test('sees the answer from its beginning', async () => {
    const seat = join('k');
    run().say('one');
    await settled();
    const onlooker = reading(seat.tail(new AbortController().signal));
    run().say(' two');
    run().end();
    await settled();
    expect(onlooker).toMatchObject({ text: 'one two', ended: true, over: { state: 'fulfilled' } });
  });

  test('keeps nothing alive', () => {
    const seat = join('k');
    reading(seat.tail(new AbortController().signal));
    seat.leave();
    expect(run().aborts).toBe(1);
  });

  test('ends with the run when the last one leaves', async () => {
    const seat = join('k');
    const onlooker = reading(seat.tail(new AbortController().signal));
    const reason = new Error('left');
    seat.abort(reason);
    await settled();
    expect(onlooker.over).toMatchObject({ state: 'rejected', reason });
  });

  test('stops when its own signal aborts, and the run goes on', async () => {
    const seat = join('k');
    const looking = new AbortController();
    const onlooker = reading(seat.tail(looking.signal));
    await settled();
    const reason = new Error('looked enough');
    looking.abort(reason);
    await settled();
    expect(onlooker.over).toMatchObject({ state: 'rejected', reason });
    expect(run().aborts).toBe(0);
  });
});
