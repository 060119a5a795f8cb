// The life of one caller's request: where it stands, how long each part took, how it ended; and the register of all
// that live.
import { beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../../backend/contract/errors.ts';
import { LOCAL } from '../../../../backend/core/ownership.ts';
import { Requests } from '../../../../backend/core/requests/requests.ts';
import { Ticket, type TicketOptions } from '../../../../backend/core/requests/ticket.ts';
import { watched } from '../../../support/builders.ts';
import { ManualClock, settled } from '../../../support/clocks.ts';
import { atPriority } from '../../../support/urgency.ts';

let clock: ManualClock;

beforeEach(() => {
  clock = new ManualClock();
});

const ticket = (over: Partial<TicketOptions> = {}): Ticket =>
  new Ticket(
    { id: 'r1', route: '/api/chat-queue', model: 'm', caller: 'c', owner: LOCAL, ...atPriority(), ...over },
    clock,
  );

const CANCELLED = new AppError('cancelled', 'Enough.');

describe('the times of a request', () => {
  test('what is left until it starts shrinks with time, never below 0, and only where it does', async () => {
    const one = ticket();
    one.moved({ phase: 'queued', position: 2, eta_ms: 4000, as_of: clock.elapsed() });
    await clock.advance(1500);
    expect(one.eta()).toBe(2500);
    await clock.advance(5000);
    expect(one.eta()).toBe(0);
    one.moved({ phase: 'queued', position: 1, eta_ms: 3000 });
    await clock.advance(1000);
    expect(one.eta()).toBe(3000);
  });

  test('are those from arrival to slot, first piece and end', async () => {
    const one = ticket();
    await clock.advance(100);
    one.moved({ phase: 'loading', position: 0, eta_ms: 0 });
    await clock.advance(50);
    one.moved({ phase: 'running', position: 0, eta_ms: 0 });
    await clock.advance(25);
    one.firstPiece();
    await clock.advance(10);
    one.firstPiece();
    await clock.advance(5);
    one.finish();
    await clock.advance(1000);
    expect(one.timing).toEqual({ queue_ms: 100, ttft_ms: 175, total_ms: 190 });
  });

  test('count up while it is under way', async () => {
    const one = ticket();
    await clock.advance(40);
    expect(one.timing).toEqual({ queue_ms: 40, ttft_ms: 40, total_ms: 40 });
    one.started();
    await clock.advance(10);
    expect(one.timing).toEqual({ queue_ms: 40, ttft_ms: 50, total_ms: 50 });
  });

  test('stand still at the end, also of what never came', async () => {
    const one = ticket();
    await clock.advance(40);
    one.finish(CANCELLED);
    await clock.advance(1000);
    expect(one.timing).toEqual({ queue_ms: 40, ttft_ms: 40, total_ms: 40 });
  });

  test.each([-3_600_000, 3_600_000])('are the same when the wall clock is set by %i ms meanwhile', async (ms) => {
    const born = clock.now();
    const one = ticket();
    one.moved({ phase: 'queued', position: 1, eta_ms: 3000, as_of: clock.elapsed() });
    await clock.advance(1000);
    clock.jump(ms);
    expect(one.eta()).toBe(2000);
    one.started();
    await clock.advance(200);
    one.firstPiece();
    await clock.advance(30);
    one.finish();
    expect(one.timing).toEqual({ queue_ms: 1000, ttft_ms: 1200, total_ms: 1230 });
    const { createdAt, startedAt = 0, finishedAt = 0 } = one;
    const shown = [createdAt, startedAt, finishedAt].map((moment) => Date.parse(one.shown(moment)) - born);
    expect(shown).toEqual([0, 1000, 1230]);
  });
});

describe('where a request stands', () => {
  test('in line, then running, then completed', () => {
    const one = ticket();
    expect(one.status).toBe('queued');
    one.moved({ phase: 'queued', position: 3, eta_ms: 9000 });
    expect(one).toMatchObject({ status: 'queued', startedAt: undefined, waiting: { position: 3, eta_ms: 9000 } });
    one.moved({ phase: 'loading', position: 0, eta_ms: 4000 });
    expect(one).toMatchObject({ status: 'processing', waiting: { phase: 'loading', position: 0, eta_ms: 4000 } });
    one.moved({ phase: 'running', position: 0, eta_ms: 0 });
    expect(one).toMatchObject({ status: 'processing', waiting: { phase: 'running', position: 0, eta_ms: 0 } });
    one.finish();
    expect(one.status).toBe('completed');
  });

  test('after its first piece it is no longer in line, whatever it was told last', () => {
    const one = ticket();
    one.moved({ phase: 'queued', position: 2, eta_ms: 5000 });
    one.firstPiece();
    expect(one).toMatchObject({ status: 'processing', waiting: { phase: 'running', position: 0, eta_ms: 0 } });
  });

  test('a kept answer is under way at once, and not in line', () => {
    const one = ticket();
    one.started();
    expect(one).toMatchObject({ status: 'processing', waiting: { phase: 'running', position: 0 } });
  });

  test.each([
    ['cancelled', CANCELLED, 'cancelled'],
    ['failed', new AppError('upstream_failed', 'Cut short.'), 'failed'],
    ['timed out in line', new AppError('queue_timeout', 'Too long.'), 'failed'],
  ] as const)('one that was %s says so, with its error', (_what, error, status) => {
    const one = ticket();
    one.finish(error);
    expect(one).toMatchObject({ status, error });
  });

  test('ends once: what comes later changes nothing', async () => {
    const one = ticket();
    one.finish();
    const { finishedAt } = one;
    await clock.advance(10);
    one.finish(CANCELLED);
    one.cancel('request', CANCELLED);
    expect(one).toMatchObject({ status: 'completed', error: undefined, finishedAt, cancelledBy: undefined });
    expect(one.signal.aborted).toBe(false);
  });
});

describe('cancelling', () => {
  test('aborts with the reason, and remembers who did it first', () => {
    const one = ticket();
    const { signal } = one;
    one.cancel('caller', CANCELLED);
    one.cancel('request', new AppError('cancelled', 'Later.'));
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe(CANCELLED);
    expect(one.cancelledBy).toBe('caller');
  });

  test('counts also when nobody had asked for the signal before', () => {
    const one = ticket();
    one.cancel('request', CANCELLED);
    expect(one.signal.reason).toBe(CANCELLED);
  });
});

describe('the register', () => {
  test('knows who lives, in the order of arrival', () => {
    const requests = new Requests();
    const [a, b] = [ticket({ id: 'a' }), ticket({ id: 'b' })];
    requests.add(a);
    requests.add(b);
    expect(requests.list()).toEqual([a, b]);
    expect(requests.get('b')).toBe(b);
    requests.remove(a);
    expect(requests.list()).toEqual([b]);
    expect(requests.get('a')).toBeUndefined();
  });

  test('refuses an id that is taken, and takes it again when it is free', () => {
    const requests = new Requests();
    const [first, second] = [ticket(), ticket()];
    requests.add(first);
    expect(() => requests.add(second)).toThrow(expect.objectContaining({ code: 'request_exists' }));
    requests.remove(second);
    expect(requests.get('r1')).toBe(first);
    requests.remove(first);
    requests.add(second);
    expect(requests.get('r1')).toBe(second);
  });

  test('tells when nobody lives any more', async () => {
    const requests = new Requests();
    await requests.empty();
    const [a, b] = [ticket({ id: 'a' }), ticket({ id: 'b' })];
    requests.add(a);
    requests.add(b);
    const empty = watched(requests.empty());
    requests.remove(a);
    await settled();
    expect(empty.state).toBe('pending');
    requests.remove(b);
    await settled();
    expect(empty.state).toBe('fulfilled');
  });

  describe('the share of an owner who may have two at once', () => {
    const phone = { owner: 'key 1', maxActive: 2 };
    const refused = expect.objectContaining({ code: 'client_limit' });
    const of = (id: string, over: Partial<TicketOptions> = phone): Ticket => ticket({ id, ...over });

    test('counts what lives and what is handed on, each once, until it is over', () => {
      const requests = new Requests();
      const [a, b] = [of('a'), of('b')];
      requests.add(a);
      requests.add(a);
      const handedOn = requests.handOn({ ...phone, caller: 'c' });
      expect(() => requests.add(b)).toThrow(refused);
      expect(() => requests.handOn({ ...phone, caller: 'c' })).toThrow(refused);
      handedOn.end();
      handedOn.end();
      requests.add(b);
      expect(() => requests.add(of('c'))).toThrow(refused);
      requests.remove(a);
      requests.remove(a);
      requests.add(of('c'));
      expect(() => requests.add(of('d'))).toThrow(refused);
    });

    test('counts no kept answer, nothing that only looks, and nobody else', () => {
      const requests = new Requests();
      for (const id of ['a', 'b', 'c']) {
        const hit = of(id);
        hit.source = 'hit';
        requests.add(hit);
        requests.handOn({ owner: phone.owner, caller: 'c', maxActive: undefined });
        requests.add(of(`${id} of another`, { ...phone, owner: 'key 2', maxActive: 9 }));
      }
      requests.add(of('d'));
      const one = of('e');
      requests.add(one);
      expect(() => requests.add(of('f'))).toThrow(refused);
      // It was let in as a request like others, and stays one.
      one.source = 'hit';
      requests.remove(one);
      requests.add(of('f'));
    });

    test('costs the same however many live', () => {
      const requests = new Requests();
      let looks = 0;
      for (let i = 0; i < 100; i++) {
        const other = of(`other ${i}`, { owner: 'key 2', maxActive: 999 });
        requests.add(other);
        Object.defineProperty(other, 'owner', { get: () => ((looks += 1), 'key 2') });
      }
      requests.add(of('mine'));
      requests.handOn({ ...phone, caller: 'c' });
      expect(looks).toBe(0);
    });
  });
});
