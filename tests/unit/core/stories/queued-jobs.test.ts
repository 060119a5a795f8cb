// Requests that are accepted now and fetched later: where each stands, its result for as long as it is kept, and an
// honest answer after that.
import { Conversations } from '../../../../backend/core/conversations/conversations.ts';
import { beforeEach, describe, expect, test } from 'vitest';
import { fold, type ChatEvent, type Completion } from '../../../../backend/contract/chat/chat.ts';
import { requestViewSchema } from '../../../../backend/contract/views/queue-view.ts';
import { AppError, asAppError } from '../../../../backend/contract/errors.ts';
import type { Config } from '../../../../backend/contract/config/config.ts';
import type { Answer, ChatCall } from '../../../../backend/core/requests/call.ts';
import { Flights } from '../../../../backend/core/flight.ts';
import { followed, once } from '../../../../backend/core/stories/chat/follow.ts';
import { Jobs } from '../../../../backend/core/stories/jobs/jobs.ts';
import { planCache } from '../../../../backend/core/cache/policy.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import { openDatabase } from '../../../../backend/storage/database.ts';
import { SqlJobStore } from '../../../../backend/storage/jobs/job-store.ts';
import { Requests } from '../../../../backend/core/requests/requests.ts';
import { Ticket } from '../../../../backend/core/requests/ticket.ts';
import { completion, config, NO_LOG, watched } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { ScriptedRun } from '../../../support/scripted-run.ts';

const NEVER = new AbortController().signal;
const PLAN = planCache({
  wishes: [],
  enabled: true,
  deduplicate: true,
  byDefault: true,
  digestKnown: true,
  ttlSeconds: 1,
});

/** A gateway whose runs are played by hand. */
class FakeGateway {
  readonly runs: ScriptedRun[] = [];
  readonly closed: string[] = [];
  /** Thrown instead of taking the next request in. */
  refusal: AppError | undefined;
  /** Kept answers register when they are read, and not before, as the real ones do. */
  hits = false;
  /** Whether all requests share one run. */
  shared = false;
  readonly #flights = new Flights();
  readonly #requests: Requests;
  readonly #clock: ManualClock;

  constructor(requests: Requests, clock: ManualClock) {
    this.#requests = requests;
    this.#clock = clock;
  }

  admit(): Promise<void> {
    return Promise.resolve();
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  chat(call: ChatCall, ticket: Ticket = new Ticket(call, this.#clock)): Promise<Answer> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal);
    const requests = this.#requests;
    ticket.source = this.hits ? 'hit' : 'miss';
    ticket.cache = { plan: PLAN, key: undefined, hit: undefined, landed: { stored: false } };
    if (!this.hits) requests.add(ticket);
    const options = { signal: ticket.signal, urgency: () => ticket, finishAbandoned: () => false };
    ticket.flight = this.shared ? 'shared' : `${this.runs.length}`;
    const seat = this.#flights.join(ticket.flight, options, (context) => {
      const run = new ScriptedRun(context);
      this.runs.push(run);
      return run.lead();
    });
    if (!this.hits && !seat.led) ticket.source = 'coalesced';
    const close = once(() => {
      seat.leave();
      ticket.finish(asAppError(ticket.signal.reason ?? new AppError('cancelled', 'The caller left.')));
      requests.remove(ticket);
      this.closed.push(ticket.id);
    });
    const { hits } = this;
    const events: AsyncIterable<ChatEvent> = {
      [Symbol.asyncIterator]: () => {
        if (hits) requests.add(ticket);
        return followed(ticket, seat.events, close);
      },
    };
    return Promise.resolve({
      ticket,
      events,
      whole: () => fold(events),
      tail: (signal) => seat.tail(signal),
      close,
    });
  }
}

let clock: ManualClock;
let requests: Requests;
let gateway: FakeGateway;
let jobs: Jobs;
let logged: unknown[];

const open = (queue: Partial<Config['queue']> = {}): void => {
  const settings = config({ queue });
  jobs = new Jobs({
    gateway,
    requests,
    config: () => settings,
    conversations: new Conversations(() => settings, clock),
    clock,
    log: { ...NO_LOG, error: (fields) => logged.push(fields) },
    store: new SqlJobStore(openDatabase({ folder: undefined, clock, log: NO_LOG })),
    time: clock,
    away: () => false,
    hold: () => () => undefined,
    onChange: () => undefined,
    onEnded: () => undefined,
    queue: {
      waiting: 7,
      full: false,
      eta: () => 0,
      isLate: () => false,
      moveUp: (flight) => (flight === 'in line' ? 2 : undefined),
    },
  });
  jobs.open();
};

beforeEach(() => {
  clock = new ManualClock();
  requests = new Requests();
  gateway = new FakeGateway(requests, clock);
  logged = [];
  open();
});

const call = (id: string): ChatCall => ({
  id,
  route: '/api/chat-queue',
  model: 'm',
  caller: 'c',
  owner: LOCAL,
  class: 'normal',
  classBy: 'default',
  priority: 3,
  family: 'chat',
  request: { model: 'm', messages: [] },
  namespace: 'local',
  wishes: [],
  cacheByDefault: 'always',
  replay: 'instant',
  streamed: false,
});

const submit = (id: string, conversation?: string, body = 'a body') =>
  jobs.submit({
    call: call(id),
    ask:
      conversation === undefined
        ? undefined
        : { id: conversation, messages: [{ role: 'user', content: 'hi' }], prompt: '' },
    body,
  });
const run = (n = 0): ScriptedRun => gateway.runs[n] ?? expect.unreachable('no such run');

/** A job that has said this and ended. */
async function finished(id: string, text = 'the answer'): Promise<void> {
  const n = gateway.runs.length;
  await submit(id);
  run(n).say(text);
  run(n).end();
  await settled();
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return asAppError(error).code;
  }
  return 'nothing was thrown';
};

describe('a request that was accepted', () => {
  test('says where it stands', async () => {
    const accepted = await submit('r1');
    expect(accepted).toMatchObject({ request_id: 'r1', status: 'queued', queue_length: 7, model: 'm', priority: 3 });
    expect(accepted).not.toHaveProperty('partial');
    run().context.waiting({ phase: 'queued', position: 2, eta_ms: 4000 });
    await settled();
    expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'queued', queue_position: 2, estimated_wait_time: 4000 });
    await clock.advance(500);
    run().context.waiting({ phase: 'running', position: 0, eta_ms: 0 });
    await settled();
    const view = jobs.view('r1', LOCAL);
    expect(view).toMatchObject({ status: 'processing', queue_position: 0, estimated_wait_time: 0, partial: '' });
    expect(Date.parse(view.started_at ?? '') - Date.parse(view.created_at)).toBe(500);
    expect(view).not.toHaveProperty('finished_at');
  });

  test('shows the text so far', async () => {
    await submit('r1');
    run().say('half an ');
    run().say('answer');
    await settled();
    expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'processing', partial: 'half an answer' });
    expect(jobs.view('r1', LOCAL)).not.toHaveProperty('result');
  });

  test('shows its result when it has ended well', async () => {
    await submit('r1', 'my conversation');
    await clock.advance(100);
    run().say('the answer');
    await settled();
    await clock.advance(50);
    run().end();
    await settled();
    const view = jobs.view('r1', LOCAL);
    expect(view).toMatchObject({
      status: 'completed',
      queue_position: 0,
      result: {
        message: { role: 'assistant', content: 'the answer' },
        request_id: 'r1',
        cached: false,
        source: 'miss',
        done_reason: 'stop',
        usage: { prompt_tokens: 10, completion_tokens: 20 },
        timing: { ttft_ms: 100, total_ms: 150 },
        conversation: { id: 'my conversation', resumed: false, messages: 2 },
      },
    });
    expect(Date.parse(view.finished_at ?? '') - Date.parse(view.created_at)).toBe(150);
    expect(view).not.toHaveProperty('partial');
    expect(view).not.toHaveProperty('error');
  });

  test.each([
    ['upstream_failed', 'failed'],
    ['queue_timeout', 'expired'],
    ['cancelled', 'cancelled'],
  ] as const)('that ended with %s is %s, and says why', async (code, status) => {
    await submit('r1');
    run().say('half');
    run().fail(new AppError(code, 'So it is.'));
    await settled();
    expect(jobs.view('r1', LOCAL)).toMatchObject({ status, error: 'So it is.', code });
    expect(jobs.view('r1', LOCAL)).not.toHaveProperty('result');
    expect(logged).toEqual([]);
  });

  test('that met a bug says so in general, and the log has the cause', async () => {
    await submit('r1');
    const bug = new TypeError('undefined is not a function');
    run().fail(bug);
    await settled();
    expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'failed', code: 'internal' });
    expect(JSON.stringify(jobs.view('r1', LOCAL))).not.toContain('undefined is not');
    expect(logged).toEqual([{ request_id: 'r1', err: bug }]);
  });

  test('is always shown in the shape of the contract', async () => {
    const shapes: unknown[] = [await submit('r1')];
    run().say('x');
    await settled();
    shapes.push(jobs.view('r1', LOCAL));
    run().end();
    await settled();
    shapes.push(jobs.view('r1', LOCAL));
    for (const shape of shapes) expect(requestViewSchema.strict().safeParse(shape).error).toBeUndefined();
  });

  test('keeps running without anybody who looks, and is closed at its end', async () => {
    await finished('r1');
    expect(gateway.closed).toEqual(['r1']);
    expect(requests.list()).toEqual([]);
  });
});

describe('a request that was refused', () => {
  test('leaves nothing behind', async () => {
    gateway.refusal = new AppError('queue_full', 'Full.');
    await expect(submit('r1')).rejects.toBe(gateway.refusal);
    expect(jobs.taken('r1')).toBe(false);
    expect(codeOf(() => jobs.view('r1', LOCAL))).toBe('request_not_found');
    gateway.refusal = undefined;
    await submit('r1');
    expect(jobs.taken('r1')).toBe(true);
  });
});

test('a caller may have as many jobs that follow as in line, and a refused one keeps no place', async () => {
  open({ max_queue_size: 2 });
  gateway.shared = true;
  for (const id of ['leads', 'follows-1', 'follows-2']) await submit(id);
  await expect(submit('one-more')).rejects.toMatchObject({ code: 'queue_full' });
  expect(gateway.closed).toEqual(['one-more']);
  expect(jobs.taken('one-more')).toBe(false);
  await jobs.submit({ call: { ...call('of another'), caller: 'other' }, ask: undefined, body: '' });
  expect(gateway.runs.length).toBe(1);
  run().end();
  await settled();
  await submit('one-more');
  expect(gateway.runs.length).toBe(2);
});

describe('an id', () => {
  test('stands for one job: the same body is the same job, another body or owner is refused', async () => {
    await submit('r1');
    for (const status of ['queued', 'completed']) {
      expect(await submit('r1')).toMatchObject({ request_id: 'r1', status });
      const others = [
        submit('r1', undefined, 'another body'),
        jobs.submit({ call: { ...call('r1'), owner: 'key x' }, ask: undefined, body: 'a body' }),
        jobs.submit({ call: { ...call('r1'), anyId: true }, ask: undefined, body: 'a body' }),
      ];
      for (const other of others) await expect(other).rejects.toMatchObject({ code: 'request_exists' });
      run().end();
      await settled();
    }
    expect(gateway.runs.length).toBe(1);
  });

  test('of a living request of another route is taken too', async () => {
    requests.add(new Ticket(call('elsewhere'), clock));
    expect(jobs.taken('elsewhere')).toBe(true);
    await expect(submit('elsewhere')).rejects.toMatchObject({ code: 'request_exists' });
  });

  test('is free again when the result is gone', async () => {
    await finished('r1', 'old');
    await clock.advance(601_000);
    expect(jobs.taken('r1')).toBe(false);
    await finished('r1', 'new');
    expect(jobs.view('r1', LOCAL).result?.message.content).toBe('new');
  });

  test('sent twice at the same time is accepted once, also when the answers are kept ones', async () => {
    gateway.hits = true;
    const [first, second] = [watched(submit('r1')), watched(submit('r1'))];
    const third = watched(submit('r1', undefined, 'another body'));
    await settled();
    for (const { value } of [first, second]) expect(value).toMatchObject({ request_id: 'r1' });
    expect(third).toMatchObject({ state: 'rejected', reason: { code: 'request_exists' } });
    // It is refused before anything is asked for it.
    expect(gateway.runs.length).toBe(1);
    run().say('the answer');
    run().end();
    await settled();
    expect(jobs.view('r1', LOCAL).result?.message.content).toBe('the answer');
    expect(requests.list()).toEqual([]);
  });
});

describe('a result', () => {
  test('is kept for the configured time, and is gone after that: 410 and not 404', async () => {
    await finished('r1');
    await clock.advance(600_000);
    expect(jobs.view('r1', LOCAL).status).toBe('completed');
    await clock.advance(1);
    expect(codeOf(() => jobs.view('r1', LOCAL))).toBe('request_gone');
    expect(codeOf(() => jobs.watch('r1', LOCAL, NEVER))).toBe('request_gone');
    expect(codeOf(() => jobs.cancel('r1', LOCAL))).toBe('request_gone');
  });

  test('the clock starts when it is finished, and looking does not start it again', async () => {
    await submit('r1');
    await clock.advance(3_600_000);
    run().end();
    await settled();
    for (let n = 0; n < 6; n++) {
      await clock.advance(100_000);
      jobs.view('r1', LOCAL);
    }
    await clock.advance(1);
    expect(codeOf(() => jobs.view('r1', LOCAL))).toBe('request_gone');
  });

  test('that nobody ever asked for is not found', () => {
    for (const work of [
      () => jobs.view('x', LOCAL),
      () => jobs.watch('x', LOCAL, NEVER),
      () => jobs.cancel('x', LOCAL),
    ]) {
      expect(codeOf(work)).toBe('request_not_found');
    }
  });

  test('the oldest go when all together are too large', async () => {
    open({ retained_max_mb: 0.1 });
    for (const id of ['r1', 'r2', 'r3', 'r4']) await finished(id, 'x'.repeat(30_000));
    expect(codeOf(() => jobs.view('r1', LOCAL))).toBe('request_gone');
    expect(jobs.view('r4', LOCAL).status).toBe('completed');
  });

  test('that alone is too large is gone, and destroys no other', async () => {
    open({ retained_max_mb: 0.1 });
    await finished('small');
    await finished('large', 'x'.repeat(200_000));
    expect(codeOf(() => jobs.view('large', LOCAL))).toBe('request_gone');
    expect(jobs.view('small', LOCAL).status).toBe('completed');
  });

  const LONG = 'x'.repeat(60_000);

  test.each([
    ['thinking', { thinking: LONG }],
    ['tool calls', { tool_calls: [{ function: { name: 'f', arguments: { text: LONG } } }] }],
    ['unknown fields', { extra: { text: LONG } }],
  ])('the room counts %s as well', async (_what, piece) => {
    open({ retained_max_mb: 0.1 });
    for (const [n, id] of ['r1', 'r2'].entries()) {
      await submit(id);
      run(n).give(piece);
      run(n).end();
      await settled();
    }
    expect(codeOf(() => jobs.view('r1', LOCAL))).toBe('request_gone');
    expect(jobs.view('r2', LOCAL).status).toBe('completed');
  });
});

describe('moving up', () => {
  test('moves the run that it takes part in, wherever that stands', () => {
    const ticket = new Ticket(call('r1'), clock);
    ticket.flight = 'in line';
    requests.add(ticket);
    expect(jobs.moveUp('r1')).toBe(2);
  });

  test('makes one more urgent that waits for its turn in a conversation, and its place stays', async () => {
    await submit('r1', 'talk');
    await submit('r2', 'talk');
    expect(jobs.moveUp('r2')).toBe(1);
    expect(jobs.view('r2', LOCAL)).toMatchObject({ queue_position: 1, priority: 2 });
    run().end();
    await settled();
    expect(run(1).context.urgency().priority).toBe(2);
  });

  test('is refused for one that stands in no line, runs, or has ended', async () => {
    await submit('r1');
    expect(codeOf(() => jobs.moveUp('r1'))).toBe('not_cancellable');
    run().say('text');
    await settled();
    expect(codeOf(() => jobs.moveUp('r1'))).toBe('not_cancellable');
    run().end();
    await settled();
    expect(codeOf(() => jobs.moveUp('r1'))).toBe('not_cancellable');
    expect(codeOf(() => jobs.moveUp('nobody'))).toBe('request_not_found');
  });
});

describe('cancelling', () => {
  test('ends one that waits or runs, and its run', async () => {
    await submit('r1');
    jobs.cancel('r1', LOCAL);
    await settled();
    expect(jobs.view('r1', LOCAL)).toMatchObject({ status: 'cancelled', code: 'cancelled' });
    expect(run()).toMatchObject({ aborts: 1, closed: true });
  });

  test('works for a request of any route', () => {
    const elsewhere = new Ticket(call('elsewhere'), clock);
    requests.add(elsewhere);
    expect(jobs.view('elsewhere', LOCAL)).toMatchObject({ request_id: 'elsewhere', status: 'queued' });
    jobs.cancel('elsewhere', LOCAL);
    expect(elsewhere.signal.aborted).toBe(true);
    expect(elsewhere.cancelledBy).toBe('request');
  });

  test('one that has ended cannot be cancelled', async () => {
    await finished('r1');
    expect(codeOf(() => jobs.cancel('r1', LOCAL))).toBe('not_cancellable');
    expect(jobs.view('r1', LOCAL).status).toBe('completed');
  });
});

describe('looking on', () => {
  /** Reads to the end; what it throws is the outcome. */
  const follow = (id: string, signal: AbortSignal = NEVER): { state: string; value?: Completion; reason?: unknown } =>
    watched(fold(jobs.watch(id, LOCAL, signal).events));

  test('from the beginning to the end, whenever one comes', async () => {
    await submit('r1');
    const early = follow('r1');
    run().say('one');
    await settled();
    const late = follow('r1');
    run().say(' two');
    run().end();
    await settled();
    const after = follow('r1');
    await settled();
    for (const { value } of [early, late, after]) expect(value).toEqual(completion(['one', ' two']));
  });

  test('sees the failure, before and after it came', async () => {
    await submit('r1');
    const early = follow('r1');
    const failure = new AppError('upstream_failed', 'Cut short.');
    run().fail(failure);
    await settled();
    const late = follow('r1');
    await settled();
    for (const seen of [early, late]) expect(seen).toMatchObject({ state: 'rejected', reason: failure });
  });

  test('sees that it is cancelled', async () => {
    await submit('r1');
    const looking = follow('r1');
    await settled();
    jobs.cancel('r1', LOCAL);
    await settled();
    expect(looking).toMatchObject({ state: 'rejected', reason: { code: 'cancelled' } });
  });

  test('sees that it is cancelled, though the run goes on for others', async () => {
    gateway.shared = true;
    await submit('r1');
    await submit('r2');
    const looking = follow('r1');
    await settled();
    jobs.cancel('r1', LOCAL);
    await settled();
    expect(looking).toMatchObject({ state: 'rejected', reason: { code: 'cancelled' } });
    run().end();
    await settled();
    expect(jobs.view('r1', LOCAL).status).toBe('cancelled');
    expect(jobs.view('r2', LOCAL).status).toBe('completed');
  });

  test('stops when its own connection ends, and the request goes on', async () => {
    await submit('r1');
    const left = new AbortController();
    const looking = follow('r1', left.signal);
    await settled();
    left.abort(new Error('left'));
    await settled();
    expect(looking.state).toBe('rejected');
    expect(run().aborts).toBe(0);
    run().end();
    await settled();
    expect(jobs.view('r1', LOCAL).status).toBe('completed');
  });

  test('the figures are complete when the end is seen', async () => {
    await submit('r1');
    const { piece, events } = jobs.watch('r1', LOCAL, NEVER);
    const statuses: unknown[] = [];
    const looking = watched(
      (async () => {
        for await (const event of events)
          if (event.type === 'end') statuses.push(piece(event, false), jobs.view('r1', LOCAL).status);
      })(),
    );
    await settled();
    run().end();
    await settled();
    expect(looking.state).toBe('fulfilled');
    expect(statuses).toMatchObject([{ done: true, request_id: 'r1', source: 'miss' }, 'completed']);
  });

  test('at a request of another caller is not possible', () => {
    requests.add(new Ticket(call('elsewhere'), clock));
    expect(codeOf(() => jobs.watch('elsewhere', LOCAL, NEVER))).toBe('request_not_found');
  });
});
