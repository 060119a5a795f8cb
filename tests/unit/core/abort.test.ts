// Listening to a signal, and leaving nothing on it.
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { onAbort, orAborted, withAny } from '../../../backend/core/abort.ts';
import { settled } from '../../support/clocks.ts';

describe('onAbort', () => {
  test('acts once, with the reason', () => {
    const caller = new AbortController();
    const reasons: unknown[] = [];
    const off = onAbort(caller.signal, (reason) => reasons.push(reason));
    expect(reasons).toEqual([]);
    caller.abort('gone');
    off();
    expect(reasons).toEqual(['gone']);
  });

  test('acts at once when the signal has aborted already', () => {
    const reasons: unknown[] = [];
    const off = onAbort(AbortSignal.abort('gone'), (reason) => reasons.push(reason));
    off();
    expect(reasons).toEqual(['gone']);
  });

  test('does nothing after it was taken off, and leaves no listener', () => {
    const caller = new AbortController();
    const reasons: unknown[] = [];
    const off = onAbort(caller.signal, (reason) => reasons.push(reason));
    off();
    off();
    expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
    caller.abort('gone');
    expect(reasons).toEqual([]);
  });
});

describe('orAborted', () => {
  test('gives the outcome and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(orAborted(Promise.reject(new Error('no')), signal)).rejects.toThrow('no');
    await settled();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('does not wait for work that nobody wants any more', async () => {
    const caller = new AbortController();
    const waiting = orAborted(new Promise(() => {}), caller.signal);
    caller.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(orAborted(new Promise(() => {}), caller.signal)).rejects.toThrow('gone');
  });
});

describe('withAny', () => {
  test('aborts the work with the reason of the first that aborts, and leaves no listener', async () => {
    const [life, caller] = [new AbortController(), new AbortController()];
    const over = withAny([life.signal, caller.signal], (signal) => orAborted(new Promise(() => undefined), signal));
    caller.abort('gone');
    await expect(over).rejects.toBe('gone');
    expect(await withAny([life.signal], ({ aborted }) => Promise.resolve(aborted))).toBe(false);
    expect(getEventListeners(life.signal, 'abort')).toHaveLength(0);
  });
});
