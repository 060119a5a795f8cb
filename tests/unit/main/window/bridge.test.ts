// Main's end of the wire: who may call, what a call must look like, how often the window is told.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  CHANNELS,
  COMMANDS,
  type Command,
  type Envelope,
  type Push,
} from '../../../../backend/contract/window/desktop.ts';
import { AppError } from '../../../../backend/contract/errors.ts';
import { answerCalls, Pusher, type Handlers } from '../../../../main/window/bridge.ts';
import { NO_LOG } from '../../../support/builders.ts';
import { ManualClock } from '../../../support/clocks.ts';

type Call = (event: string, command: unknown, input: unknown) => Promise<Envelope<Command>>;

function wire(over: Partial<Handlers>): { call: Call; asked: Command[] } {
  const asked: Command[] = [];
  const all = Object.keys(COMMANDS) as Command[];
  const handlers = Object.fromEntries(
    all.map((name) => [
      name,
      (input: never) => {
        asked.push(name);
        return over[name]?.(input) ?? {};
      },
    ]),
  ) as unknown as Handlers;
  let call: Call | undefined;
  const ipc = {
    handle: (channel: string, listener: (event: string, ...args: unknown[]) => unknown) => {
      expect(channel).toBe(CHANNELS.call);
      call = listener as Call;
    },
  };
  answerCalls(ipc, (event: string) => event === 'our page', handlers, NO_LOG);
  return { call: call as unknown as Call, asked };
}

describe('a call', () => {
  test('from our page is parsed and answered', async () => {
    const { call } = wire({ cancel: ({ request_id }) => ({ request_id, status: 'cancelled' }) });
    expect(await call('our page', 'cancel', { request_id: 'a' })).toEqual({
      ok: true,
      output: { request_id: 'a', status: 'cancelled' },
    });
  });

  test('from a foreign frame reaches no handler', async () => {
    const { call, asked } = wire({});
    expect(await call('a foreign frame', 'stop_gateway', {})).toMatchObject({
      ok: false,
      error: { code: 'forbidden' },
    });
    expect(asked).toEqual([]);
  });

  test.each([
    ['an unknown command', 'format_disk', {}],
    ['a name that every object has', 'constructor', {}],
    ['no name at all', undefined, {}],
    ['an input of the wrong type', 'pause', { paused: 'yes' }],
    ['an input with too much in it', 'view', { more: 1 }],
    ['no input', 'cancel', undefined],
  ])('with %s is refused before any handler', async (_what, command, input) => {
    const { call, asked } = wire({});
    expect(await call('our page', command, input)).toMatchObject({ ok: false, error: { code: 'invalid_request' } });
    expect(asked).toEqual([]);
  });

  test('that fails carries the sentence; a bug carries none of its own', async () => {
    const { call } = wire({
      cancel: () => {
        throw new AppError('request_not_found', 'No request has the id "a".');
      },
      pause: () => {
        throw new TypeError('secret path');
      },
    });
    expect(await call('our page', 'cancel', { request_id: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'request_not_found', error: 'No request has the id "a".' },
    });
    const bug = await call('our page', 'pause', { paused: true });
    expect(bug).toMatchObject({ ok: false, error: { code: 'internal' } });
    expect(JSON.stringify(bug)).not.toContain('secret');
  });
});

test('the preload script spells the channels as the contract does', () => {
  const text = readFileSync(new URL('../../../../main/preload.cts', import.meta.url), 'utf8');
  for (const channel of Object.values(CHANNELS)) expect(text).toContain(`'${channel}'`);
});

describe('pushes', () => {
  function pusher(): { pusher: Pusher; sent: Push[]; clock: ManualClock; look: (visible: boolean) => void } {
    const clock = new ManualClock();
    const sent: Push[] = [];
    let visible = true;
    let n = 0;
    const wish = () => ({ tab: 'overview' as const, n: ++n });
    const read = new Proxy({}, { get: () => wish, ownKeys: () => ['go'], getOwnPropertyDescriptor: () => ONE });
    return {
      clock,
      sent,
      look: (now) => (visible = now),
      pusher: new Pusher({ read: read as never, send: (push) => void sent.push(push), visible: () => visible, clock }),
    };
  }
  const ONE = { enumerable: true, configurable: true };

  test('come at once, then at most four times a second, the last value always', async () => {
    const { pusher: it, sent, clock } = pusher();
    for (let i = 0; i < 100; i++) it.touch('go');
    expect(sent).toHaveLength(1);
    await clock.advance(250);
    expect(sent).toHaveLength(2);
    await clock.advance(1000);
    expect(sent).toHaveLength(2);
  });

  test('stop while nobody looks, and showing brings everything', async () => {
    const { pusher: it, sent, clock, look } = pusher();
    look(false);
    it.touch('go', 'live');
    await clock.advance(1000);
    expect(sent).toEqual([]);
    look(true);
    it.shown();
    expect(sent).toEqual([{ go: { tab: 'overview', n: 1 } }]);
  });
});
