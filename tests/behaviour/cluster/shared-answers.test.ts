// Kept answers of a fleet: what one gateway has kept all have, what one removes goes from all, and a Valkey that fails is missed
// by nobody.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addKey } from '../../../backend/core/access/api-keys.ts';
import { KEEP } from '../../../backend/cluster/answer-scripts.ts';
import type { FleetView, NodeReport } from '../../../backend/contract/views/fleet-view.ts';
import { commandLine } from '../../support/command-line.ts';
import { startNode, wayTo, type FleetOptions, type Way } from '../../support/fleet-nodes.ts';
import type { Hearth } from '../../support/hearth.ts';
import { figuresOf } from '../../support/metrics.ts';
import { startValkey, type Valkey } from '../../support/valkey.ts';
import { eventually } from '../../support/waiting.ts';

let valkey: Valkey;
const ends: (() => unknown)[] = [];

beforeEach(async () => {
  valkey = await startValkey();
  ends.push(() => valkey.stop());
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function node(options: FleetOptions = {}, at: Pick<Valkey, 'url'> = valkey): Promise<Hearth> {
  const hearth = await startNode(at, options);
  ends.push(() => hearth.stop());
  return hearth;
}
async function pair(): Promise<readonly [Hearth, Hearth]> {
  return [await node({ cluster: { node: 'one' } }), await node({ cluster: { node: 'two' } })];
}
async function way(): Promise<Way> {
  const made = await wayTo(valkey);
  ends.push(() => made.stop());
  return made;
}

interface Told {
  readonly message: { readonly content: string };
  readonly source: string;
}
async function ask(hearth: Hearth, content: string, headers: Record<string, string> = {}): Promise<Told> {
  return (await (await hearth.chat(content, {}, { headers })).json()) as Told;
}
const source = async (hearth: Hearth, content: string): Promise<string> => (await ask(hearth, content)).source;
/** Looks without asking the model. */
const isKept = async (hearth: Hearth, content: string): Promise<boolean> =>
  (await hearth.chat(content, {}, { headers: { 'x-cache-control': 'only-if-cached' } })).ok;
const gone = (hearth: Hearth, content: string): Promise<unknown> =>
  eventually(`${content} is gone`, async () => !(await isKept(hearth, content)), { limitMs: 6000 });
const act = async (hearth: Hearth, action: string, data: object = {}): Promise<Response> =>
  hearth.post('/api/cache-stats', { action, data });

test('what one gateway has kept is a hit on another, with its age, and then in its memory', async () => {
  const [one, two] = await pair();
  const first = await ask(one, 'shared');
  const again = await ask(two, 'shared');
  expect([first.source, again.source, again.message]).toEqual(['miss', 'hit', first.message]);
  expect(two.fake.chats()).toHaveLength(0);
  await valkey.kill();
  expect(await source(two, 'shared')).toBe('hit');
});

test('vectors are shared text by text', async () => {
  const [one, two] = await pair();
  const embed = async (hearth: Hearth, input: string[]): Promise<number[][]> =>
    (
      (await (await hearth.post('/api/embed', { model: 'nomic-embed-text', input })).json()) as {
        embeddings: number[][];
      }
    ).embeddings;
  const made = await embed(one, ['a', 'b']);
  expect(await embed(two, ['b', 'c', 'a'])).toEqual([made[1], expect.anything(), made[0]]);
  expect(two.fake.embeds().map(({ body }) => body)).toMatchObject([{ input: ['c'] }]);
});

test('many vectors are looked for no longer than Valkey may take', async () => {
  const input = Array.from({ length: 640 }, (_, i) => `text ${i}`);
  const road = await way();
  const [one, two] = [await node(), await node({ cluster: { timeout_ms: 800 } }, road)];
  await one.post('/api/embed', { model: 'nomic-embed-text', input });
  const client = clientOf(valkey);
  await eventually('all are kept', async () => (await client.keys('*:answer:*')).length === input.length);
  // As each of its few at a time takes 300 ms.
  road.slow(150);
  await client.config('RESETSTAT');
  await two.post('/api/embed', { model: 'nomic-embed-text', input });
  const looked = /cmdstat_get:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
  expect(Number(looked)).toBeLessThan(input.length / 2);
});

test.each([
  ['all', {}],
  ['those of a model', { model: 'llama3.2' }],
  ['those that are older', { older_than_s: 0 }],
])('clear removes %s from the memory and the disk of all', async (_what, data) => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hearth-fleet-'));
  const [one, two] = [await node(), await node({ dataFolder })];
  ends.splice(1, 0, () => rm(dataFolder, { recursive: true }));
  await ask(one, 'x');
  await ask(two, 'x');
  await ask(two, 'y');
  await act(one, 'clear', data);
  await gone(two, 'x');
  await gone(two, 'y');
  expect([await isKept(one, 'x'), await isKept(one, 'y')]).toEqual([false, false]);
  expect(await source(two, 'y')).toBe('miss');
});

test('clear of one model leaves those of others, and one answer can be deleted everywhere', async () => {
  const [one, two] = await pair();
  await ask(one, 'x');
  await ask(two, 'x');
  await ask(two, 'y');
  await act(one, 'clear', { model: 'qwen3:4b' });
  expect([await isKept(two, 'x'), await isKept(one, 'y')]).toEqual([true, true]);
  const key = (await two.chat('x')).headers.get('x-cache-key') ?? '';
  await act(one, 'delete', { key });
  await gone(two, 'x');
  expect([await isKept(one, 'x'), await isKept(two, 'y')]).toEqual([false, true]);
});

test('an answer that is asked for anew takes the place of the old one everywhere', async () => {
  const [one, two] = await pair();
  one.fake.next({ pieces: ['old'] });
  await ask(one, 'x');
  await ask(two, 'x');
  one.fake.next({ pieces: ['new'] });
  await ask(one, 'x', { 'x-cache-control': 'no-cache' });
  await eventually('the new one', async () => (await ask(two, 'x')).message.content === 'new');
  expect(two.fake.chats()).toHaveLength(0);
});

test('a gateway that was cut off while others cleared makes up for it when it is back', async () => {
  const road = await way();
  const [one, two] = [await node(), await node({}, road)];
  await ask(one, 'x');
  await ask(two, 'x');
  road.cut();
  await eventually('it notices', async () =>
    JSON.stringify(await (await two.get('/health')).json()).includes('Valkey'),
  );
  expect(await isKept(two, 'x')).toBe(true);
  await act(one, 'clear');
  road.mend();
  await gone(two, 'x');
});

test('what was cleared on a gateway that is cut off is cleared for all when it is back', async () => {
  const road = await way();
  const [one, two] = [await node(), await node({}, road)];
  await ask(one, 'x');
  road.cut();
  await eventually('it notices', async () =>
    JSON.stringify(await (await two.get('/health')).json()).includes('Valkey'),
  );
  expect(await (await act(two, 'clear')).json()).toMatchObject({ pending: expect.stringContaining('Valkey is away') });
  const { out, err } = await commandLine(['clear'], { env: { HEARTH_URL: two.url } });
  expect(out + err).toContain('the other gateways still have these answers');
  expect(await isKept(one, 'x')).toBe(true);
  road.mend();
  await gone(one, 'x');
  expect(await isKept(two, 'x')).toBe(false);
  expect(await (await act(two, 'clear')).json()).not.toHaveProperty('pending');
});

test('what was removed without Valkey goes from all, though the gateway was restarted meanwhile', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hearth-fleet-'));
  ends.push(() => rm(dataFolder, { recursive: true }));
  const road = await way();
  const [one, before] = [await node(), await node({ dataFolder }, road)];
  for (const content of ['x', 'y', 'z']) await ask(one, content);
  await cutOff(before, road);
  for (const content of ['x', 'y']) {
    const removed = await act(before, 'delete', { key: await keyOf(one, content) });
    expect(await removed.json()).toHaveProperty('pending');
  }
  expect(await fleetOf(before)).toMatchObject({ valkey: 'away', pending: 2 });
  await before.stop();
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const after = await node({ dataFolder, log }, road);
  expect((await commandLine(['status', '--fleet'], { env: { HEARTH_URL: after.url } })).out).toContain(
    '2 removals of kept answers that the others learn from',
  );
  expect(await isKept(one, 'x')).toBe(true);
  road.mend();
  await gone(one, 'x');
  await gone(one, 'y');
  expect(await isKept(one, 'z')).toBe(true);
  await heard(after, 'nothing is pending', ({ pending }) => pending === 0);
});

/** The list of what was removed, as other gateways fill it. */
function removalsOf(client: Redis): {
  add(count: number): Promise<unknown>;
  tell(key: string, id?: string): Promise<unknown>;
  begunAnew(): Promise<unknown>;
} {
  const list = 'hearth:{hearth}:1:removed';
  const add = (key: string, id: string): Promise<unknown> =>
    client.xadd(list, 'MAXLEN', '~', 2000, id, 'by', 'other', 'what', JSON.stringify({ key, watcher: 'local' }));
  return {
    add: (count) => Promise.all(Array.from({ length: count }, () => add('0'.repeat(64), '*'))),
    tell: (key, id = '*') => add(key, id),
    begunAnew: () => client.del(list),
  };
}
function clientOf({ port }: Valkey): Redis {
  const client = new Redis(port, '127.0.0.1');
  ends.push(() => client.disconnect());
  return client;
}
const keyOf = async (hearth: Hearth, content: string): Promise<string> =>
  (await hearth.chat(content)).headers.get('x-cache-key') ?? '';
const cutOff = async (hearth: Hearth, road: Way): Promise<void> => {
  road.cut();
  await eventually('it notices', async () => (await (await hearth.get('/health')).text()).includes('Valkey'));
};

test('a gateway that missed many removals loses those, and all only where the list was cut', async () => {
  const client = clientOf(valkey);
  const removals = removalsOf(client);
  const road = await way();
  await removals.add(2100);
  const two = await node({}, road);
  for (const content of ['stays', 'goes']) await ask(two, content);
  const key = await keyOf(two, 'goes');
  await client.del(await client.keys('*:answer:*'));
  await cutOff(two, road);
  await removals.tell(key);
  await removals.add(1200);
  road.mend();
  await gone(two, 'goes');
  expect(await isKept(two, 'stays')).toBe(true);
  await cutOff(two, road);
  await removals.add(2300);
  road.mend();
  await gone(two, 'stays');
});

test('a gateway that was restarted does what it missed meanwhile, and keeps the rest on its disk', async () => {
  const client = clientOf(valkey);
  const removals = removalsOf(client);
  const dataFolder = await mkdtemp(join(tmpdir(), 'hearth-fleet-'));
  ends.push(() => rm(dataFolder, { recursive: true }));
  await removals.add(2100);
  const before = await node({ dataFolder });
  for (const content of ['stays', 'goes', 'anew']) await ask(before, content);
  // Its own removals are not done again by the one that comes after it.
  await ask(before, 'anew', { 'x-cache-control': 'no-cache' });
  const key = await keyOf(before, 'goes');
  await eventually('both runs are over', async () => (await client.keys('*:lead')).length === 0);
  await before.stop();
  await client.del(await client.keys('*:answer:*'));
  await removals.tell(key);
  await removals.add(600);
  const after = await node({ dataFolder });
  expect(await Promise.all(['stays', 'goes', 'anew'].map((content) => isKept(after, content)))).toEqual([
    true,
    false,
    true,
  ]);
});

test('a clock of Valkey that was set back lets nothing live on, and nothing that is cleared', async () => {
  const client = clientOf(valkey);
  const [one, two] = await pair();
  await ask(one, 'x');
  await eventually('the run is over', async () => (await client.keys('*:lead')).length === 0);
  const [name = ''] = await client.keys('*:answer:*');
  const livesMs = await client.pttl(name);
  // What was there has a moment beyond now then, and lives for longer by as much.
  const HOUR_MS = 3_600_000;
  const then = String(Date.now() + HOUR_MS);
  await client.setrange(name, 0, then);
  await client.pexpire(name, livesMs + HOUR_MS);
  expect(await source(two, 'x')).toBe('hit');
  expect(await client.pttl(name)).toBeLessThan(livesMs + HOUR_MS / 2);
  await act(one, 'clear');
  expect(await client.exists(name)).toBe(0);
  // Another gateway had kept it while the lead was not known, before the clock was set.
  await client.set(name, then);
  expect(await client.eval(KEEP, 3, name, 'removed', 'no lead', '', 1000, 'self', 10, '{}', 'token', 500)).toBe(2);
  // Who led a run is dead.
  const gate = one.fake.gate();
  const asked = ask(one, 'y');
  const lead = await eventually('it leads', async () => (await client.keys('*:lead'))[0]);
  gate.release();
  await asked;
  await eventually('the run is over', async () => (await client.exists(lead)) === 0);
  await act(one, 'clear');
  await client.set(lead, '1-dead', 'PX', HOUR_MS);
  const again = ask(two, 'y');
  await eventually('the lead ends soon', async () => (await client.pttl(lead)) <= 3000);
  await client.del(lead);
  await again;
  expect(two.fake.chats()).toHaveLength(1);
});

test('a list of removals that was lost is read from its beginning, by any clock', async () => {
  const client = clientOf(valkey);
  const removals = removalsOf(client);
  const one = await node();
  await removals.add(1);
  await ask(one, 'x');
  const [key, before] = [await keyOf(one, 'x'), await keyOf(one, 'before')];
  await client.del(await client.keys('*:answer:*'));
  await removals.tell(before);
  await gone(one, 'before');
  await removals.begunAnew();
  await removals.tell(key, '1-1');
  await gone(one, 'x');
});

test('each key has answers of its own in the whole fleet, and clears no others', async () => {
  const phone = addKey([], { name: 'phone', scopes: ['chat', 'cache'] }, new Date());
  const tablet = addKey(phone.keys, { name: 'tablet', scopes: ['chat', 'cache'] }, new Date());
  const config = { server: { api_keys: tablet.keys } };
  const [one, two] = [await node({ config }), await node({ config })];
  const as = ({ secret }: typeof phone): Record<string, string> => ({ authorization: `Bearer ${secret}` });
  await ask(one, 'x', as(phone));
  expect((await ask(two, 'x', as(tablet))).source).toBe('miss');
  expect((await ask(two, 'x', as(phone))).source).toBe('hit');
  await one.post('/api/cache-stats', { action: 'clear' }, { headers: as(tablet) });
  expect((await ask(two, 'x', as(phone))).source).toBe('hit');
  await eventually('it is gone', async () => (await ask(two, 'x', as(tablet))).source === 'miss');
});

test('the requests a minute of a key are counted over the whole fleet', async () => {
  const { secret, keys } = addKey([], { name: 'phone', scopes: ['chat'], requests_per_minute: 4 }, new Date());
  const config = { server: { api_keys: keys } };
  const [one, two] = [await node({ config }), await node({ config })];
  const status = async (hearth: Hearth): Promise<number> =>
    (await hearth.chat('x', {}, { headers: { authorization: `Bearer ${secret}` } })).status;
  expect([await status(one), await status(two), await status(one), await status(two)]).toEqual([200, 200, 200, 200]);
  const client = clientOf(valkey);
  const [used = ''] = await client.keys('*:used:*');
  // As where the clock of Valkey was set back.
  await client.pexpire(used, 3_600_000);
  expect([await status(one), await status(two)]).toEqual([429, 429]);
  expect(await client.pttl(used)).toBeLessThanOrEqual(60_000);
  await valkey.kill();
  expect(await status(two)).toBe(200);
});

test('a Valkey that hangs costs one question its time, and the next ones nothing', async () => {
  const timeoutMs = 1000;
  const one = await node({ cluster: { timeout_ms: timeoutMs } });
  await ask(one, 'kept');
  valkey.pause();
  expect(await source(one, 'new')).toBe('miss');
  const began = performance.now();
  for (let i = 0; i < 20; i++) await ask(one, `new ${i}`);
  expect(performance.now() - began).toBeLessThan(20 * timeoutMs);
  expect(await source(one, 'kept')).toBe('hit');
  valkey.resume();
  await eventually(
    'it is back',
    async () => !JSON.stringify(await (await one.get('/health')).json()).includes('Valkey'),
  );
});

test('a Valkey that is full is told of, and each gateway keeps its own meanwhile', async () => {
  const one = await node();
  const client = new Redis(valkey.port, '127.0.0.1');
  ends.push(() => client.disconnect());
  await client.config('SET', 'maxmemory-policy', 'noeviction', 'maxmemory', '100kb');
  expect(await source(one, 'x')).toBe('miss');
  await eventually('a notice', async () => (await (await one.get('/health')).text()).includes('Valkey has no room'));
  expect(await source(one, 'x')).toBe('hit');
  await client.config('SET', 'maxmemory', '100mb');
  expect(await source(one, 'y')).toBe('miss');
  await eventually('no notice', async () => !(await (await one.get('/health')).text()).includes('Valkey has no room'));
});

test('what another has written under the name of an answer, or has damaged, is not served', async () => {
  const [one, two] = await pair();
  await ask(one, 'x');
  const client = new Redis(valkey.port, '127.0.0.1');
  ends.push(() => client.disconnect());
  // Who asks before the run is over joins it, and needs no kept answer.
  await eventually('the run is over', async () => (await client.keys('*:lead')).length === 0);
  const [name = ''] = await client.keys('hearth:{hearth}:1:answer:*');
  await client.setrange(name, (await client.strlen(name)) - 3, 'zzz');
  expect(await source(two, 'x')).toBe('miss');
});

const fleetOf = async (hearth: Hearth, headers: Record<string, string> = {}): Promise<FleetView> =>
  (await (await fetch(`${hearth.url}/api/fleet`, { headers })).json()) as FleetView;
/** Once the others have told what is so by now. */
const heard = (hearth: Hearth, what: string, is: (view: FleetView) => boolean): Promise<FleetView> =>
  eventually(what, async () => {
    const view = await fleetOf(hearth);
    return is(view) ? view : undefined;
  });
const names = ({ nodes }: FleetView): string[] => nodes.map(({ node }) => node);

test('any gateway tells of all: what runs where, and the hit rate of each tier', async () => {
  const [one, two] = await pair();
  await ask(one, 'x');
  for (const times of [1, 2]) expect([times, await source(two, 'x')]).toEqual([times, 'hit']);
  const gate = two.fake.gate();
  const asked = ask(two, 'long', { 'user-agent': 'aider/0.1' });
  const view = await heard(one, 'it runs there', ({ nodes }) => (nodes[1]?.runs.length ?? 0) > 0);
  expect(view).toMatchObject({ fleet: 'hearth', node: 'one', valkey: 'up', total: { nodes_up: 2, running: 1 } });
  expect(view.nodes).toMatchObject([
    { node: 'one', here: true, state: 'up', heard_ms: 0, runs: [], requests: { asked: 1, hit_rates: { all: 0 } } },
    {
      node: 'two',
      here: false,
      state: 'up',
      version: '0.0.0-test',
      running: 1,
      runs: [{ model: 'llama3.2', caller: 'aider/0.1', class: 'normal' }],
      upstreams: [{ name: 'ollama', state: 'up', slots: 1, running: 1 }],
      requests: { asked: 3, hits: { memory: 1, disk: 0, shared: 1 }, hit_rates: { shared: 1 / 3, memory: 1 / 3 } },
    },
  ]);
  expect(view.total.requests).toMatchObject({ asked: 4, hits: { memory: 1, shared: 1 }, hit_rates: { all: 0.5 } });
  const shown = await commandLine(['status', '--fleet'], { env: { HEARTH_URL: two.url } });
  expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('hearth, 2 of 2 gateways up, told by two at ')]);
  expect(shown.out).toContain('of 4 requests 25 % from memory, 0 % from disk, 25 % from other gateways');
  expect(shown.out).toMatch(/^one +healthy .*\n/m);
  expect(shown.out).toMatch(/^two +llama3\.2 +aider +normal +/m);
  expect((await figuresOf(two)).get('hearth_fleet_info{fleet="hearth",node="two"}')).toBe(1);
  expect((await figuresOf(two)).get('hearth_cache_hits_total{tier="shared"}')).toBe(1);
  // As the window asks.
  expect(names(await one.backend.control.fleet())).toEqual(['one', 'two']);
  gate.release();
  await asked;
});

test('a gateway that is stopped is gone from the fleet at once, and one that died is silent', async () => {
  const [one, two] = await pair();
  const client = new Redis(valkey.port, '127.0.0.1');
  ends.push(() => client.disconnect());
  const hash = 'hearth:{hearth}:1:nodes';
  const told = (await client.hvals(hash)).find((entry) => entry.includes('"node":"two"')) ?? '';
  const [, at = '', text = ''] = /^(\d+) \S+ (.*)$/.exec(told) ?? [];
  const say = async (who: string, more: Partial<NodeReport>, agoMs: number): Promise<unknown> =>
    client.hset(
      hash,
      who,
      `${Number(at) - agoMs} ${who} ${JSON.stringify({ ...(JSON.parse(text) as NodeReport), ...more })}`,
    );
  await say('dead', { node: 'three', version: '0.9.0' }, 60_000);
  await say('before', { node: 'two' }, 60_000);
  await say('ahead', { node: 'five' }, -3_600_000);
  await say('forgotten', { node: 'four' }, 11 * 60_000);
  await client.hset(hash, 'other', `${at} other {"node":5}`, 'wrong', 'no report');
  const view = await heard(one, 'the dead one', (seen) => names(seen).includes('three'));
  expect(view.nodes.map(({ node, state }) => [node, state])).toEqual([
    ['one', 'up'],
    ['five', 'up'],
    ['three', 'silent'],
    ['two', 'up'],
  ]);
  expect(view.nodes[2]).toMatchObject({ version: '0.9.0', heard_ms: expect.any(Number) as number });
  expect(await client.hexists(hash, 'forgotten')).toBe(0);
  // Its age begins anew where the clock of Valkey was set back.
  expect(Number((await client.hget(hash, 'ahead'))?.split(' ', 1)[0])).toBeLessThan(Number(at) + 60_000);
  const { out } = await commandLine(['status', '--fleet'], { env: { HEARTH_URL: one.url } });
  expect(out).toMatch(/^three +silent for 1 min/m);
  // What it told last of its Ollama is not so now.
  expect(out.match(/^three /gm)).toHaveLength(1);
  await two.stop();
  await heard(one, 'it is gone', (seen) => !seen.nodes.some(({ node, state }) => node === 'two' && state === 'up'));
  expect((await client.hvals(hash)).filter((entry) => entry.includes('"node":"two"'))).toHaveLength(1);
});

test('without Valkey a gateway tells of itself, and what it heard before of the others', async () => {
  const [one] = await pair();
  await heard(one, 'both', (seen) => seen.nodes.length === 2);
  await valkey.kill();
  const view = await heard(one, 'it is away', (seen) => seen.valkey === 'away');
  expect(names(view)).toEqual(['one', 'two']);
  expect((await figuresOf(one)).get('hearth_valkey_up')).toBe(0);
  const { out } = await commandLine(['status', '--fleet'], { env: { HEARTH_URL: one.url } });
  expect(out).toContain('away: what the others do now is not known');
});

test('each key sees what it runs itself in the fleet, and no report has a secret in it', async () => {
  const phone = addKey([], { name: 'phone', scopes: ['chat', 'cache'] }, new Date());
  const tablet = addKey(phone.keys, { name: 'tablet', scopes: ['chat', 'cache'] }, new Date());
  const talker = addKey(tablet.keys, { name: 'talker', scopes: ['chat'] }, new Date());
  const config = { server: { api_keys: talker.keys }, ollama: { api_key: 'top-secret' } };
  const [one, two] = [
    await node({ config, cluster: { node: 'one' } }),
    await node({ config, cluster: { node: 'two' } }),
  ];
  const as = ({ secret }: typeof phone): Record<string, string> => ({ authorization: `Bearer ${secret}` });
  const gate = two.fake.gate();
  const asked = ask(two, 'my own question', as(phone));
  await heard(one, 'it runs there', ({ nodes }) => (nodes[1]?.runs.length ?? 0) > 0);
  expect((await fleetOf(one, as(phone))).nodes[1]).toMatchObject({ running: 1, runs: [{ caller: 'phone' }] });
  expect((await fleetOf(one, as(tablet))).nodes[1]).toMatchObject({ running: 1, runs: [] });
  expect(await fleetOf(one, as(talker))).toMatchObject({ code: 'forbidden' });
  const client = new Redis(valkey.port, '127.0.0.1');
  ends.push(() => client.disconnect());
  const told = (await client.hvals('hearth:{hearth}:1:nodes')).join('\n');
  expect(told).toContain('"phone"');
  for (const hidden of ['my own question', 'top-secret', phone.secret, '127.0.0.1', two.fake.url]) {
    expect(told).not.toContain(hidden);
  }
  gate.release();
  await asked;
});
