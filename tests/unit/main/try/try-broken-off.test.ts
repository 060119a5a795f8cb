// What the window says where the gateway ends while it answers a question of "Try it": over a real socket.
import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { askGateway } from '../../../../main/try/ask-gateway.ts';

const QUESTION = { model: 'm', messages: [{ role: 'user', content: 'Hello' }] } as const;
const STOPPED = { code: 'shutting_down', message: 'The gateway stopped before the answer was complete.' };
let server: Server;
afterEach(() => server.close());

/** A gateway that says this much and ends. */
async function saying(head: string, body: string): Promise<() => ReturnType<typeof connect>> {
  server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(`HTTP/1.1 ${head}\r\n\r\n${body}`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return () => connect(port, '127.0.0.1');
}

test('half a refusal is told as a gateway that stopped, and a whole one in its own words', async () => {
  const refusal = JSON.stringify({ error: 'The line is full.', code: 'queue_full', retryable: true, request_id: 'r' });
  const head = `503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${refusal.length}`;
  const ask = async (body: string) => askGateway(await saying(head, body), QUESTION, new AbortController().signal);
  await expect(ask(refusal.slice(0, 20))).rejects.toMatchObject(STOPPED);
  server.close();
  await expect(ask(refusal)).rejects.toMatchObject({ code: 'queue_full', message: 'The line is full.' });
});

test('an answer that ends in the middle gives what came, and then says that it stopped', async () => {
  const line = `data: ${JSON.stringify({ content: 'Half', done: false })}\n\n`;
  const gateway = await saying('200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999', line);
  const { lines } = await askGateway(gateway, QUESTION, new AbortController().signal);
  expect((await lines.next()).value).toMatchObject({ content: 'Half' });
  await expect(lines.next()).rejects.toMatchObject(STOPPED);
});
