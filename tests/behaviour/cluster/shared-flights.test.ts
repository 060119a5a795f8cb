// Runs that gateways of a fleet share: one of them runs the model, the others have what it tells from its beginning; when it is
// gone another one runs it, as long as nothing was sent.
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../backend/clock.ts';
import { FlightFollower } from '../../../backend/cluster/flight-follower.ts';
import { Link } from '../../../backend/cluster/link.ts';
import type { ChatEvent } from '../../../backend/contract/chat/chat.ts';
import { startCli } from '../../support/built-cli.ts';
import { startNode, type FleetOptions } from '../../support/fleet-nodes.ts';
import { startFakeOllama } from '../../support/fake-ollama/fake-ollama.ts';
import type { Hearth } from '../../support/hearth.ts';
import { shippedWith, startNginx } from '../../support/shipped-nginx.ts';
import { freePort, startValkey, type Valkey } from '../../support/valkey.ts';
import { deferred, eventually, reading, type Reading } from '../../support/waiting.ts';

let valkey: Valkey;
let client: Redis;
let one: Hearth;
let two: Hearth;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  valkey = await startValkey();
  ends.push(() => valkey.stop());
  client = new Redis(valkey.port, '127.0.0.1', { retryStrategy: () => null });
  client.on('error', () => undefined);
  ends.push(() => client.disconnect());
  one = await node();
  two = await node();
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function node(options: FleetOptions = {}): Promise<Hearth> {
  const hearth = await startNode(valkey, options);
  ends.push(() => hearth.stop());
  return hearth;
}

interface Told {
  readonly message: { readonly content: string };
  readonly source: string;
}
const told = async (answer: Promise<Response> | Response): Promise<Told> => (await (await answer).json()) as Told;
const streamed = async (hearth: Hearth, content: string, signal?: AbortSignal): Promise<Reading> =>
  reading(await hearth.chat(content, { stream: true }, signal === undefined ? {} : { signal }));
const runs = (): number => one.fake.chats().length + two.fake.chats().length;
const running = (hearth: Hearth): Promise<void> => hearth.fake.until(({ active }) => active === 1, 20_000);
/** Those that follow elsewhere. */
const followed = (count = 1): Promise<unknown> =>
  eventually('a follower', async () => {
    const [name] = await client.keys('*:followers');
    return name === undefined ? count === 0 : (await client.hlen(name)) === count;
  });
/** As when the gateway that leads was held up for longer than its lead lasts. */
async function loseLead(): Promise<void> {
  const [name = ''] = await client.keys('*:lead');
  expect(await client.del(name)).toBe(1);
}

test('the same question on three gateways at the same time is one run, and three whole answers', async () => {
  const three = await node();
  const gate = one.fake.gate();
  const first = one.chat('same');
  await running(one);
  const others = [two.chat('same'), three.chat('same')];
  await followed(2);
  gate.release();
  const answers = await Promise.all([first, ...others].map(told));
  expect(answers.map(({ source }) => source)).toEqual(['miss', 'coalesced', 'coalesced']);
  expect(new Set(answers.map(({ message }) => message.content)).size).toBe(1);
  expect([one, two, three].map(({ fake }) => fake.chats().length)).toEqual([1, 0, 0]);
  expect((await told(three.chat('same'))).source).toBe('hit');
});

test('a late follower on another gateway has the beginning at once, then the rest', async () => {
  const { promise: until, resolve: release } = deferred();
  one.fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until } });
  const leader = await streamed(one, 'late');
  await leader.until((text) => text.includes('begin'));
  const late = await streamed(two, 'late');
  await late.until((text) => text.includes('begin'));
  release();
  expect(await late.rest()).toContain('"end"');
  await leader.rest();
  expect(runs()).toBe(1);
});

test('a follower is told where the run stands in the line of the other gateway', async () => {
  const gate = one.fake.gate();
  const before = one.chat('before');
  await running(one);
  const first = one.chat('same');
  await eventually('it waits', () => one.backend.control.live().queue.waiting.length === 1);
  const follower = two.chat('same');
  await eventually('it is told', () => two.backend.control.live().queue.waiting[0]?.queue_position === 1);
  gate.release();
  await Promise.all([before, first, follower].map(told));
  expect(two.fake.chats()).toHaveLength(0);
});

test('a failure of the question is that of all, and one of the gateway is not', async () => {
  one.fake.next({ pieces: ['a '], failAfter: { pieces: 1, error: 'the model broke' } });
  const gate = one.fake.gate();
  const first = streamed(one, 'fails');
  await running(one);
  const follower = streamed(two, 'fails');
  await followed();
  gate.release();
  for (const answer of [first, follower]) expect(await (await answer).rest()).toContain('the model broke');
  expect(runs()).toBe(1);
});

test('one that lost its lead before its first piece is replaced, and what it gives is not kept', async () => {
  one.fake.next({ pieces: ['of one'] });
  two.fake.next({ pieces: ['of two'] });
  const gate = one.fake.gate();
  const first = one.chat('x');
  await running(one);
  const follower = two.chat('x');
  await followed();
  await loseLead();
  expect((await told(follower)).message.content).toBe('of two');
  gate.release();
  expect((await told(first)).message.content).toBe('of one');
  for (const hearth of [one, two]) {
    expect(await told(hearth.chat('x'))).toMatchObject({ source: 'hit', message: { content: 'of two' } });
  }
});

test('one that lost its lead after its first piece leaves its followers with an error', async () => {
  const { promise: until, resolve: release } = deferred();
  one.fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until } });
  const leader = await streamed(one, 'x');
  const follower = await streamed(two, 'x');
  await follower.until((text) => text.includes('begin'));
  await loseLead();
  expect(await follower.rest()).toContain('leader_lost');
  release();
  expect(await leader.rest()).toContain('"end"');
  expect(two.fake.chats()).toHaveLength(0);
});

test('one that is killed is replaced as soon as its lead has run out', async () => {
  const fake = await startFakeOllama();
  ends.push(() => fake.stop());
  const env = { PORT: '0', OLLAMA_API_URL: fake.url, OLLAMA_MODEL: 'llama3.2', CLUSTER__URL: valkey.url };
  const third = startCli({ env });
  ends.push(() => third.child.kill('SIGKILL'));
  const url = await third.ready();
  await third.says(/one of a fleet/);
  fake.gate();
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'x' }] });
  const headers = { 'content-type': 'application/json' };
  const dead = fetch(`${url}/api/chat-optimized`, { method: 'POST', headers, body }).catch(() => 'dead');
  await fake.until(({ active }) => active === 1, 20_000);
  const follower = two.chat('x');
  await followed();
  third.child.kill('SIGKILL');
  expect(await dead).toBe('dead');
  expect((await told(follower)).source).toBe('coalesced');
  expect(two.fake.chats()).toHaveLength(1);
});

test('one that stops hands over at once what others wait for', async () => {
  one.fake.gate();
  const first = one.chat('x').catch(() => undefined);
  await running(one);
  const follower = two.chat('x');
  await followed();
  const stopped = one.backend.abandon();
  expect((await told(follower)).message.content).not.toBe('');
  expect(two.fake.chats()).toHaveLength(1);
  await Promise.all([stopped, first]);
});

test('a run goes on while somebody waits on any gateway, and is given up when nobody does', async () => {
  const gate = one.fake.gate();
  const [here, there] = [new AbortController(), new AbortController()];
  const first = streamed(one, 'x', here.signal).catch(() => undefined);
  await running(one);
  const follower = streamed(two, 'x', there.signal).catch(() => undefined);
  await followed();
  here.abort();
  await first;
  await eventually('it has left', () => one.backend.control.live().queue.running.length === 0);
  expect(one.fake.active).toBe(1);
  there.abort();
  await follower;
  await one.fake.until(({ active }) => active === 0, 20_000);
  gate.release();
  expect(await client.keys('*:lead')).toEqual([]);
});

test('when Valkey dies, who was told nothing has a run of its own at once', async () => {
  const gate = one.fake.gate();
  const first = one.chat('x');
  await running(one);
  const follower = two.chat('x');
  await followed();
  await valkey.kill();
  expect((await told(follower)).message.content).not.toBe('');
  // Longer than a lead lasts.
  one.clock.forward(5000);
  gate.release();
  expect((await told(first)).source).toBe('miss');
  expect(runs()).toBe(2);
  // It is kept here all the same.
  expect((await told(one.chat('x'))).source).toBe('hit');
});

test('one that runs on while Valkey is restarted keeps its answer, unless another has one', async () => {
  for (const content of ['x', 'y']) one.fake.next({ pieces: [`${content} of one`] });
  const gate = one.fake.gate();
  const first = one.chat('x');
  await running(one);
  const second = one.chat('y');
  await eventually('it waits', () => one.backend.control.live().queue.waiting.length === 1);
  await valkey.kill();
  one.clock.forward(5000);
  await valkey.start();
  for (const hearth of [one, two]) {
    await eventually('it is back', async () => !(await (await hearth.get('/health')).text()).includes('Valkey at'));
  }
  two.fake.next({ pieces: ['y of two'] });
  expect((await told(two.chat('y'))).message.content).toBe('y of two');
  gate.release();
  for (const answer of [first, second]) expect((await told(answer)).source).toBe('miss');
  for (const hearth of [one, two]) {
    expect((await told(hearth.chat('x'))).message.content).toBe('x of one');
    expect((await told(hearth.chat('y'))).message.content).toBe('y of two');
  }
  expect(runs()).toBe(3);
});

test('an answer that is too long to be told on is kept as any other', async () => {
  const long = await node({ config: { cache: { max_entry_mb: 32 } } });
  const { promise: until, resolve: release } = deferred();
  const pieces = Array.from({ length: 9 }, () => 'x'.repeat(1024 * 1024));
  long.fake.next({ pieces: [...pieces, 'end'], pauseAfter: { pieces: pieces.length, until } });
  const first = long.chat('long');
  await running(long);
  await eventually('nobody is told more', async () => (await client.keys('*:lead')).length === 0);
  release();
  const sources = [(await told(first)).source];
  for (const hearth of [long, two]) sources.push((await told(hearth.chat('long'))).source);
  expect(sources).toEqual(['miss', 'hit', 'hit']);
});

test('one that follows a lead that was given up before it could read tells nothing of that', async () => {
  const cluster = one.config({ cluster: { url: valkey.url, timeout_ms: 10_000 } }).cluster;
  const trust = (): Promise<undefined> => Promise.resolve(undefined);
  const link = new Link({ cluster, trust, clock: systemClock, clientName: 'test' });
  ends.push(() => link.close());
  link.open();
  await eventually('the link is up', () => link.isUp);
  const names = { lead: 'lead', followers: 'followers', told: (token: string) => `told:${token}` };
  const follow = async (token: string): Promise<[string, number]> => {
    const heard: ChatEvent[] = [];
    const follower = new FlightFollower({ link, clock: systemClock, self: 'test' }, names, token);
    const how = await follower.fly({
      key: 'key',
      signal: new AbortController().signal,
      urgency: () => ({ class: 'normal', priority: 5 }),
      waiting: () => undefined,
      tell: (event) => void heard.push(event),
      begun: () => heard.length > 0,
      whenLeft: () => undefined,
    });
    return [how, heard.length];
  };
  const tell = (token: string, ...entries: object[]): Promise<unknown> =>
    Promise.all(entries.map((entry, at) => client.xadd(`told:${token}`, `1-${at + 1}`, 'e', JSON.stringify(entry))));
  const pieces = Array.from({ length: 700 }, () => ({ type: 'piece', piece: { content: 'x' } }));
  await tell('given-up', ...pieces);
  await tell('over', ...pieces, { type: 'end', end: {} });
  expect(await follow('given-up')).toEqual(['gone', 0]);
  expect(await follow('over')).toEqual(['over', 701]);
});

/** What has one answer is shared on every route. */
const ZERO = { options: { temperature: 0 } };

test('one of a fleet whose Ollama is another of the same fleet waits for no run of its own', async () => {
  const outer = await node({ inFrontOf: two.fake, config: { ollama: { api_url: two.url } } });
  expect((await told(outer.chat('x', ZERO))).source).toBe('miss');
  const gate = two.fake.gate();
  const before = outer.chat('before');
  await running(two);
  const first = outer.chat('y', ZERO);
  await eventually('it waits', () => outer.backend.control.live().queue.waiting.length === 1);
  // This one waits for the outer gateway, whose own request comes behind it.
  const follower = two.chat('y', ZERO);
  await eventually('it follows', async () => (await client.keys('*:followers')).length === 1);
  gate.release();
  const answers = await Promise.all([before, first, follower].map(told));
  expect(answers.map(({ source }) => source)).toEqual(['miss', 'miss', 'coalesced']);
  expect(two.fake.chats()).toHaveLength(3);
});

test('nginx with the shipped file hands streams on, and passes by one that drains or is gone', async () => {
  const hosts = { config: { server: { allowed_hosts: ['hearth'], drain_timeout_ms: 30_000 } } };
  const [first, second] = [await node(hosts), await node(hosts)];
  const port = await freePort();
  const doors = [first, second].map(({ url }) => new URL(url).host);
  const conf = shippedWith(readFileSync('deploy/fleet/nginx.conf', 'utf8'), doors, `127.0.0.1:${port}`);
  const nginx = await startNginx(conf);
  ends.push(() => nginx.stop());
  const { promise: until, resolve: release } = deferred();
  for (const { fake } of [first, second]) fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until } });
  const headers = { 'content-type': 'application/json' };
  const asked = (content: string): Promise<Response> => {
    const body = JSON.stringify({ messages: [{ role: 'user', content }], stream: true });
    return fetch(`http://127.0.0.1:${port}/api/chat-optimized`, { method: 'POST', headers, body });
  };
  const both = await Promise.all([asked('x'), asked('x')].map(async (answer) => reading(await answer)));
  for (const answer of both) await answer.until((text) => text.includes('begin'));
  release();
  for (const answer of both) expect(await answer.rest()).toContain('"end"');
  expect(first.fake.chats().length + second.fake.chats().length).toBe(1);

  // nginx counts nothing of this one, and would send every other request to a gateway that answers 503.
  const last = deferred();
  first.fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until: last.promise } });
  const open = await streamed(first, 'to its end');
  await open.until((text) => text.includes('begin'));
  const stopped = first.backend.stop();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, number) => asked(`while it drains ${number}`)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  for (const answer of answers) expect(await answer.text()).toContain('"done":true');
  await expect(fetch(first.url)).rejects.toThrow('fetch failed');
  last.resolve();
  expect(await open.rest()).toContain('"end"');
  await stopped;
  for (const content of ['y', 'z']) expect((await asked(content)).status).toBe(200);
});

test('a connection that is cut for a moment breaks no shared run', async () => {
  const { promise: until, resolve: release } = deferred();
  one.fake.next({ pieces: ['begin ', 'end'], pauseAfter: { pieces: 1, until } });
  const leader = await streamed(one, 'x');
  const follower = await streamed(two, 'x');
  await follower.until((text) => text.includes('begin'));
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  release();
  expect(await follower.rest()).toContain('"end"');
  await leader.rest();
});
