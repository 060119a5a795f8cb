// The one pump for every stream: what it writes, when it says something into a silence, and how it ends.
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { pump, type PumpForm } from '../../../../backend/http/dialect/pump.ts';

let server: Server;
afterEach(() => new Promise<unknown>((closed) => server.close(closed).closeAllConnections()));

/** What a caller gets of an answer that `send` writes. */
async function asked(send: (res: ServerResponse) => Promise<void>, method = 'GET'): Promise<IncomingMessage> {
  server = createServer((_req, res) => void send(res).catch(() => res.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asking = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', method });
  asking.end();
  const [answer] = (await once(asking, 'response')) as [IncomingMessage];
  return answer;
}

function form(res: ServerResponse, more: Partial<PumpForm<string>> = {}): PumpForm<string> {
  return {
    start: () => void (res.headersSent || res.writeHead(200, { 'X-Form': 'lines' })),
    write: (value) => value,
    beat: () => '.',
    firstBeatMs: 60_000,
    beatMs: 60_000,
    ...more,
  };
}

/** Values that come when they are sent, and that know whether their reader has let go of them. */
class Source implements AsyncIterable<string> {
  #wake: () => void = () => undefined;
  readonly #values: string[] = [];
  /** Resolves when nobody reads any more. */
  readonly left: Promise<void>;
  #leave: () => void = () => undefined;

  constructor() {
    this.left = new Promise((resolve) => (this.#leave = resolve));
  }

  send(value: string): void {
    this.#values.push(value);
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    try {
      for (;;) {
        const value = this.#values.shift();
        if (value !== undefined) yield value;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.#leave();
    }
  }
}

test('writes what there is to write of each value, and ends with the last one', async () => {
  const source = new Source();
  for (const value of ['a', '', 'b', 'end', 'never']) source.send(value);
  const answer = await asked((res) => pump(res, source, form(res, { isLast: (value) => value === 'end' })));
  expect([answer.headers['x-form'], await text(answer)]).toEqual(['lines', 'abend']);
  await source.left;
});

test('ends with the values where none of them is the last', async () => {
  async function* values(): AsyncGenerator<string, void, undefined> {
    yield* ['a', 'b'];
  }
  expect(await text(await asked((res) => pump(res, values(), form(res))))).toBe('ab');
});

test('a last value may be nothing, and still ends the answer', async () => {
  const source = new Source();
  source.send('a');
  source.send('');
  const answer = await asked((res) => pump(res, source, form(res, { isLast: (value) => value === '' })));
  expect(await text(answer)).toBe('a');
});

test('sends the headers with the first sign of life, and beats until something comes', async () => {
  const source = new Source();
  let beats = 0;
  const answer = await asked((res) =>
    pump(
      res,
      source,
      form(res, {
        firstBeatMs: 1,
        beatMs: 1,
        beat: () => {
          if (++beats === 3) source.send('end');
          return beats <= 3 ? '.' : '';
        },
        isLast: (value) => value === 'end',
      }),
    ),
  );
  expect(await text(answer)).toBe('...end');
});

test('a beat of nothing sends no headers, so that a failure still gets a status of its own', async () => {
  const source = new Source();
  let silent = 0;
  const answer = await asked(async (res) => {
    await pump(
      res,
      source,
      form(res, {
        firstBeatMs: 1,
        beatMs: 1,
        beat: () => {
          if (++silent === 3) source.send(String(res.headersSent));
          return '';
        },
        isLast: () => true,
      }),
    );
  });
  expect(await text(answer)).toBe('false');
});

test('says nothing into a silence that is its reader’s own', async () => {
  const source = new Source();
  const long = 'x'.repeat(8 * 1024 * 1024);
  let beats = 0;
  let behind: Promise<unknown> = Promise.resolve();
  const answer = await asked((res) => {
    source.send(long);
    behind = new Promise<void>((resolve) => {
      const beat = (): string => {
        if (++beats === 5) resolve();
        return '.';
      };
      void pump(res, source, form(res, { firstBeatMs: 1, beatMs: 1, beat, isLast: (value) => value === 'end' }));
    });
    return Promise.resolve();
  });
  await behind;
  source.send('end');
  const all = await text(answer);
  expect(all.slice(0, all.lastIndexOf('x') + 1)).toBe(long);
});

test('HEAD gets the headers alone, and no value is asked for', async () => {
  let iterated = 0;
  const values: AsyncIterable<string> = {
    [Symbol.asyncIterator]: () => {
      iterated++;
      return { next: () => new Promise(() => undefined) };
    },
  };
  const answer = await asked((res) => pump(res, values, form(res)), 'HEAD');
  expect([answer.headers['x-form'], await text(answer), iterated]).toEqual(['lines', '', 0]);
});

test('lets go of the values when its caller has gone', async () => {
  const source = new Source();
  source.send('a');
  let gone: Promise<unknown> = Promise.resolve();
  const answer = await asked((res) => {
    gone = once(res, 'close');
    return pump(res, source, form(res));
  });
  answer.destroy();
  await gone;
  source.send('b');
  await source.left;
});

test('rejects with what the values throw, and has ended nothing', async () => {
  async function* values(): AsyncGenerator<string, void, undefined> {
    yield 'a';
    throw new Error('broke');
  }
  const answer = await asked(async (res) => {
    const failed: unknown = await pump(res, values(), form(res)).catch((error: unknown) => error);
    res.end(`|${String(failed)} ${res.writableEnded}`);
  });
  expect(await text(answer)).toBe('a|Error: broke false');
});
