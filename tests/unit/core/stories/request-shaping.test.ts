// What Hearth changes in a request on its way up: num_ctx by policy, and keep_alive. Nothing else, and never the original.
import { describe, expect, test } from 'vitest';
import type { Config } from '../../../../backend/contract/config/config.ts';
import type { UpstreamChat } from '../../../../backend/core/ports.ts';
import { keepAliveOf, leastContext, shapeRequest, withKeepAlive } from '../../../../backend/core/stories/chat/shape.ts';
import { config } from '../../../support/builders.ts';

const ollama = (over: Partial<Config['ollama']>): Config['ollama'] => config({ ollama: over }).ollama;
const asking = (num_ctx?: number): UpstreamChat => ({
  model: 'm',
  messages: [{ role: 'user', content: 'hi' }],
  options: { temperature: 0, ...(num_ctx === undefined ? {} : { num_ctx }) },
  something_new: true,
});

describe('num_ctx', () => {
  test.each([
    ['off', 8192, undefined, undefined],
    ['off', 8192, 2048, 2048],
    ['fill', 8192, undefined, 8192],
    ['fill', 8192, 2048, 2048],
    ['max', 8192, undefined, 8192],
    ['max', 8192, 2048, 8192],
    ['max', 8192, 16_384, 16_384],
    ['force', 8192, undefined, 8192],
    ['force', 8192, 16_384, 8192],
    ['fill', 0, undefined, undefined],
    ['max', 0, 2048, 2048],
    ['force', 0, 2048, 2048],
  ] as const)('%s with %i, asked for %s: %s', (num_ctx_policy, num_ctx, asked, expected) => {
    const shaped = shapeRequest(asking(asked), ollama({ num_ctx_policy, num_ctx }));
    expect(shaped.options?.['num_ctx']).toBe(expected);
    expect(Object.hasOwn(shaped.options ?? {}, 'num_ctx')).toBe(expected !== undefined);
  });

  test.each([
    ['off', undefined, 4096],
    ['off', 2048, 2048],
    ['fill', 2048, 2048],
    ['max', 2048, 4096],
    ['force', 16_384, 4096],
  ] as const)('what is said of one model stands in for it: %s, asked for %s: %i', (num_ctx_policy, asked, expected) => {
    const models = { 'M:latest': { num_ctx: 4096 }, other: { num_ctx: 1 } };
    const shaped = shapeRequest(asking(asked), ollama({ num_ctx_policy, num_ctx: 8192, models }));
    expect(shaped.options?.['num_ctx']).toBe(expected);
  });

  test.each([
    ['off', 9102, 9102],
    ['max', 9102, 9102],
    ['force', 9102, 0],
    ['off', undefined, 0],
  ] as const)(
    '"auto" is the same question for all, and %s, asked for %s, is at least %i',
    (num_ctx_policy, asked, least) => {
      const settings = ollama({ num_ctx_policy, num_ctx: 8192, models: { m: { num_ctx: 'auto' } } });
      expect(shapeRequest(asking(asked), settings).options?.['num_ctx']).toBe('auto');
      expect(leastContext(asking(asked), settings)).toBe(least);
    },
  );

  test('leaves everything else as it was, and the original too', () => {
    const request = Object.freeze(asking(1));
    const shaped = shapeRequest(request, ollama({ num_ctx_policy: 'force', num_ctx: 2 }));
    expect(shaped).toEqual({ ...request, options: { temperature: 0, num_ctx: 2 } });
    expect(request.options).toEqual({ temperature: 0, num_ctx: 1 });
  });

  test('a request without options gets some only when the policy sets one', () => {
    const bare: UpstreamChat = { model: 'm', messages: [] };
    expect(shapeRequest(bare, ollama({ num_ctx_policy: 'off', num_ctx: 5 }))).toEqual(bare);
    expect(shapeRequest(bare, ollama({ num_ctx_policy: 'fill', num_ctx: 5 })).options).toEqual({ num_ctx: 5 });
  });
});

describe('keep_alive', () => {
  const request = (asked?: string | number): UpstreamChat => ({
    model: 'm',
    messages: [],
    ...(asked === undefined ? {} : { keep_alive: asked }),
  });

  test.each([
    [undefined, undefined],
    ['5m', 300],
    ['300', 300],
    [0, 0],
    [-1, -1],
    ['-1', -1],
  ] as const)('asked for %s: %s, as a number of seconds', (asked, expected) => {
    expect(keepAliveOf(request(asked))).toBe(expected);
  });

  test('what goes up is what was decided, or nothing', () => {
    expect(withKeepAlive(request('5m'), 300)).toEqual({ model: 'm', messages: [], keep_alive: 300 });
    expect(withKeepAlive(request(), 900)).toEqual({ model: 'm', messages: [], keep_alive: 900 });
    expect(withKeepAlive(request('5m'), undefined)).toEqual({ model: 'm', messages: [] });
  });
});
