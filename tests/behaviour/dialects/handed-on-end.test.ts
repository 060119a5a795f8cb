// The end of an answer that is handed on: it has ended when its reader has it, for who waits for that when Hearth stops.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RelayAnswer } from '../../../backend/core/ports.ts';
import { Requests } from '../../../backend/core/requests/requests.ts';
import { PATIENCE } from '../../../backend/http/dialect/encode.ts';
import { passThrough } from '../../../backend/http/passthrough.ts';
import { config, NO_TEXTS, standingWatch } from '../../support/builders.ts';

const PIECE = Buffer.alloc(1024, 'x');

/** Pieces until no more of them goes into the connection, since nobody reads at its other end. */
async function* untilFull(res: ServerResponse): AsyncGenerator<Uint8Array, void, undefined> {
  while (res.writableLength === 0) {
    yield PIECE;
    await turn();
  }
}

test('who reads slowly is still being answered when all of it has come from Ollama', async () => {
  const requests = new Requests();
  const exchanges: { readonly res: ServerResponse; readonly over: Promise<void> }[] = [];
  const server = createServer((req, res) => {
    const answer: RelayAnswer = { status: 200, headers: {}, body: untilFull(res) };
    const relay = { forward: () => Promise.resolve(answer) };
    const machines = { relay, watch: standingWatch() };
    const version = '0.0.0-test';
    const parts = { config: () => config(), version, machines, requests, patience: PATIENCE };
    const runsNothing = { canRun: () => Promise.resolve(false), run: () => Promise.reject(new Error('it only looks')) };
    const asking = { jobs: { taken: () => false }, newId: () => 'id', handedOnRuns: runsNothing, texts: NO_TEXTS };
    exchanges.push({ res, over: passThrough({ ...parts, ...asking }, req, res) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const reader = connect((server.address() as AddressInfo).port, '127.0.0.1');
  reader.pause();
  reader.write('GET /api/blobs/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await expect.poll(() => exchanges[0]?.res.writableEnded, { timeout: 20_000 }).toBe(true);
  let empty = false;
  const emptied = requests.empty().then(() => (empty = true));
  for (let i = 0; i < 10; i++) await turn();
  expect(empty).toBe(false);

  reader.resume();
  await once(reader, 'end');
  await exchanges[0]?.over;
  await emptied;
  server.close();
});
