// The life of one call: who may end it, when its deadlines strike, and that nothing of it stays.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { Call } from '../../../backend/upstream/deadlines.ts';
import { ManualClock, settled } from '../../support/clocks.ts';

const late = (): Error => new Error('late');

function open() {
  const clock = new ManualClock();
  const caller = new AbortController();
  const call = new Call(caller.signal, clock);
  return { clock, caller, call };
}

describe('Call', () => {
  test('the caller’s abort comes through with its reason, also one from before', () => {
    const { caller, call } = open();
    const reason = new Error('gone');
    caller.abort(reason);
    expect(call.signal.reason).toBe(reason);
    expect(new Call(AbortSignal.abort(reason), new ManualClock()).signal.reason).toBe(reason);
  });

  test('a deadline strikes after its time and not before', async () => {
    const { clock, call } = open();
    call.expect(1000, late);
    await clock.advance(999);
    expect(call.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(call.signal.reason).toEqual(late());
    expect(clock.sleeping).toBe(0);
  });

  test('each piece starts the clock anew', async () => {
    const { clock, call } = open();
    call.expect(1000, late);
    for (let i = 0; i < 10; i++) {
      await clock.advance(900);
      call.resume();
    }
    expect(call.signal.aborted).toBe(false);
    await clock.advance(999);
    expect(call.signal.aborted).toBe(false);
    await clock.advance(101);
    expect(call.signal.aborted).toBe(true);
  });

  test('a machine that slept over the end of a deadline starts it anew', async () => {
    const { clock, call } = open();
    call.expect(60_000, late);
    await clock.advance(50_000);
    clock.pass(3_600_000);
    await clock.advance(59_999);
    expect(call.signal.aborted).toBe(false);
    await clock.advance(60_000);
    expect(call.signal.reason).toEqual(late());
    call.close();
  });

  test('a later deadline replaces the earlier one', async () => {
    const { clock, call } = open();
    call.expect(1000, late);
    await clock.advance(500);
    call.expect(5000, () => new Error('later'));
    await clock.advance(4999);
    expect(call.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(call.signal.reason).toEqual(new Error('later'));
  });

  test('the consumer’s own time is not the model’s silence', async () => {
    const { clock, call } = open();
    call.expect(1000, late);
    call.hold();
    await clock.advance(100_000);
    expect(call.signal.aborted).toBe(false);
    call.resume();
    await clock.advance(900);
    expect(call.signal.aborted).toBe(false);
    await clock.advance(1100);
    expect(call.signal.aborted).toBe(true);
  });

  test('a wall clock that jumps neither kills a call nor keeps it for ever', async () => {
    for (const jump of [8 * 3_600_000, -8 * 3_600_000]) {
      const { clock, call } = open();
      call.expect(1000, late);
      await clock.advance(500);
      call.resume();
      clock.jump(jump);
      await clock.advance(500);
      expect(call.signal.aborted).toBe(false);
      await clock.advance(1000);
      expect(call.signal.aborted).toBe(true);
    }
  });

  test('close ends timer, listener and what runs, and may come twice', async () => {
    const { clock, caller, call } = open();
    call.expect(1000, late);
    call.close();
    call.close();
    await settled();
    expect(call.signal.aborted).toBe(true);
    expect(clock.sleeping).toBe(0);
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    call.expect(1000, late);
    expect(clock.sleeping).toBe(0);
  });
});
