// What nobody waits for is done once a request is on its way, with the real undici over a real socket.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { Agent, request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';
import { unhurried } from '../../../backend/core/unhurried.ts';

test('work that nobody waits for comes after a request over an idle connection was sent', async () => {
  const server = createServer((_req, res) => res.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispatcher = new Agent();
  const events: string[] = [];
  const sent = (): void => void events.push('sent');
  subscribe('undici:client:sendHeaders', sent);
  onTestFinished(async () => {
    unsubscribe('undici:client:sendHeaders', sent);
    await dispatcher.close();
    server.close();
  });
  const ask = async (): Promise<void> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { body } = await request(url, { dispatcher });
    await body.dump();
  };
  await ask();
  // undici takes the connection for idle in the turn after the answer.
  await new Promise((turn) => setImmediate(() => setImmediate(turn)));
  const before = events.length;
  unhurried(() => events.push('work'));
  await ask();
  expect(events.slice(before)).toEqual(['sent', 'work']);
});
