// What becomes of a fleet's jobs when its Valkey is another one all of a sudden: the address leads to the new primary, while the
// connections that are there lead to the old one, or to nowhere.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { startNode } from '../../support/fleet-nodes.ts';
import type { Hearth } from '../../support/hearth.ts';
import { startValkey, type Valkey } from '../../support/valkey.ts';
import { eventually } from '../../support/waiting.ts';

const afterwards: (() => unknown)[] = [];
afterEach(async () => {
  for (const work of afterwards.splice(0).toReversed()) await work();
});

/** An address of Valkey that moves, as one with a name or behind a proxy does. */
async function address(to: Valkey): Promise<{
  readonly url: string;
  /** New connections go there; those that are there stay. */
  leadTo(valkey: Valkey): void;
  /** Nothing comes through any more on those that are there, and nobody is told. */
  silence(): void;
}> {
  let { port } = to;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [far, near] as const]) {
      one.on('error', () => undefined);
      one.once('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards.push(() => {
    server.close();
    for (const [near] of pairs) near.destroy();
  });
  return {
    url: `valkey://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (valkey) => void ({ port } = valkey),
    silence() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
      }
    },
  };
}

async function valkeys(): Promise<readonly [Valkey, Valkey]> {
  const first = await startValkey({ appendonly: 'yes' });
  afterwards.push(() => first.stop());
  const second = await startValkey({ appendonly: 'yes', replicaof: `127.0.0.1 ${first.port}` });
  afterwards.push(() => second.stop());
  return [first, second];
}

async function gateway(url: string, cluster: object = {}): Promise<Hearth> {
  const hearth = await startNode({ url }, { cluster: { timeout_ms: 1000, ...cluster } });
  afterwards.push(() => hearth.stop());
  return hearth;
}

const handIn = async ({ post }: Hearth, id: string): Promise<number> =>
  (await post('/api/chat-queue', { messages: [{ role: 'user', content: id }], requestId: id })).status;
const accepted = (hearth: Hearth, id: string): Promise<unknown> =>
  eventually(`${id} is accepted`, async () => (await handIn(hearth, id)) === 202);
const completed = ({ get }: Hearth, id: string): Promise<unknown> =>
  eventually(`${id} has its answer`, async () =>
    (await (await get(`/api/chat-queue?requestId=${id}`)).text()).includes('"completed"'),
  );
const news = async ({ get }: Hearth): Promise<readonly string[]> => {
  const { notices = [] } = (await (await get('/health')).json()) as { notices?: string[] };
  return notices.filter((each) => each.includes('Valkey at'));
};

test('connections that lead to nowhere are given up, and jobs are run and told of over new ones', async () => {
  const way = await address((await valkeys())[0]);
  const one = await gateway(way.url);
  const gate = one.fake.gate();
  await accepted(one, 'before');
  await one.fake.until(({ active }) => active === 1);
  way.silence();
  gate.release();
  await accepted(one, 'after');
  for (const id of ['before', 'after']) await completed(one, id);
});

test('after a failover the jobs of before and new ones run by the new primary', async () => {
  const [first, second] = await valkeys();
  const way = await address(first);
  const one = await gateway(way.url, { job_replicas: 1 });
  const gate = one.fake.gate();
  await accepted(one, 'before');
  await one.fake.until(({ active }) => active === 1);
  way.leadTo(second);
  // The old primary stays, and so do the connections to it.
  const [old, next] = [first, second].map(({ port }) => new Redis(port, '127.0.0.1')) as [Redis, Redis];
  await next.call('REPLICAOF', 'NO', 'ONE');
  await old.call('REPLICAOF', '127.0.0.1', second.port);
  gate.release();
  await accepted(one, 'after');
  for (const id of ['before', 'after']) await completed(one, id);
  expect(one.fake.chats().length).toBe(2);
  expect(await next.keys('hearth:*:jobs:job:*')).toHaveLength(2);
  await eventually('it says nothing of Valkey any more', async () => (await news(one)).length === 0);
  for (const client of [old, next]) client.disconnect();
});
