// The pump asks its form for the headers once, however many pieces follow: they are made anew each time that it asks.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { pump } from '../../../../backend/http/dialect/pump.ts';

const server = createServer();
afterEach(() => void server.close());

test('headers are asked for with the first text alone', async () => {
  let asked = 0;
  server.on('request', (_, res) => {
    void pump(res, numbers(), {
      start: () => {
        asked++;
        res.writeHead(200);
      },
      write: (value) => (value === 0 ? '' : `${value} `),
      beat: () => '',
      firstBeatMs: 60_000,
      beatMs: 60_000,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await answer.text()).toBe('1 2 3 ');
  expect(asked).toBe(1);
});

async function* numbers(): AsyncGenerator<number> {
  yield* [0, 1, 2, 3];
}
