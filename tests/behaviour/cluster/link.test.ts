// A gateway that names a Valkey: it connects by itself, says once when it cannot, and never waits for it.
import { readFileSync } from 'node:fs';
import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newClient } from '../../../backend/cluster/valkey-client.ts';
import { defaultConfig } from '../../../backend/contract/config/config.ts';
import { commandLine } from '../../support/command-line.ts';
import { startNode } from '../../support/fleet-nodes.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { certificateFile } from '../../support/tls-front.ts';
import { startValkey, type Valkey } from '../../support/valkey.ts';
import { eventually } from '../../support/waiting.ts';

let valkey: Valkey;
let hearth: Hearth | undefined;
const started: Valkey[] = [];

beforeEach(async () => {
  valkey = await begun();
});
afterEach(async () => {
  await hearth?.stop();
  hearth = undefined;
  for (const each of started.splice(0)) await each.stop();
});

async function begun(settings: Record<string, string> = {}): Promise<Valkey> {
  const one = await startValkey(settings);
  started.push(one);
  return one;
}

async function gateway(url: string, more: object = {}): Promise<Hearth> {
  hearth = await startHearth({ config: { cluster: { url, timeout_ms: 100, ...more } } });
  return hearth;
}

/** What the gateway tells people. */
async function notices({ get }: Hearth): Promise<readonly string[]> {
  const { notices: told = [] } = (await (await get('/health')).json()) as { notices?: string[] };
  return told.filter((each) => each.includes('Valkey'));
}

const told = (one: Hearth, what: string): Promise<unknown> =>
  eventually(`notice: ${what}`, async () => (await notices(one)).join('\n').includes(what));
const isWell = (one: Hearth): Promise<unknown> =>
  eventually('no notice', async () => (await notices(one)).length === 0);

test('a Valkey that is killed or hangs is told of once, and used again when it is back', async () => {
  const one = await gateway(valkey.url);
  await isWell(one);
  await valkey.kill();
  await told(one, 'is not there');
  await valkey.start();
  await isWell(one);
  valkey.pause();
  await told(one, 'does not answer in time');
  expect(await notices(one)).toHaveLength(1);
  valkey.resume();
  await isWell(one);
});

test.each([
  ['a password that it wants', 'wants a user and a password', { requirepass: 'secret' }, {}],
  ['settings that lose jobs', 'may drop anything', { 'maxmemory-policy': 'allkeys-lru' }, {}],
  ['a cluster without slots', 'is a node of a cluster that has lost', { 'cluster-enabled': 'yes' }, {}],
  ['no bound of its memory', 'has no bound of memory', { maxmemory: '0' }, {}],
])('it says what to do about %s', async (_what, sentence, settings, more) => {
  await told(await gateway((await begun(settings)).url, more), sentence);
});

test('it says that one is a replica, and that it has lost its primary', async () => {
  const replica = await begun({ replicaof: `127.0.0.1 ${valkey.port}` });
  const one = await gateway(replica.url);
  await told(one, 'is a replica, which');
  await valkey.kill();
  await told(one, 'is a replica that has lost its primary');
});

test('a user with the rights of docs/cluster.md can do it all, and one that lacks any is told of', async () => {
  const lines = readFileSync('docs/cluster.md', 'utf8').matchAll(/^ACL SETUSER hearth (.*)$/gm);
  const client = new Redis(valkey.port, '127.0.0.1');
  const rights = Array.from(lines, ([, line = '']) => line.split(' ')).flat();
  await client.call('ACL', 'SETUSER', 'hearth', ...rights);
  const url = valkey.url.replace('://', '://hearth:secret@');
  const one = await startNode({ url });
  await one.chat('x');
  expect(await client.keys('hearth:*:answer:*')).toHaveLength(1);
  await one.post('/api/cache-stats', { action: 'clear' });
  expect(await client.keys('hearth:*:answer:*')).toHaveLength(0);
  const job = await one.post('/api/chat-queue', { messages: [{ role: 'user', content: 'y' }], requestId: 'a-job' });
  expect(job.status).toBe(202);
  await eventually('the job has ended', async () =>
    (await (await one.get('/api/chat-queue?requestId=a-job')).text()).includes('"completed"'),
  );
  const careful = await gateway(url, { job_replicas: 1 });
  await eventually('it is one of the fleet', async () =>
    (await (await careful.get('/api/fleet')).text()).includes('"valkey":"up"'),
  );
  expect(await client.call('ACL', 'LOG')).toEqual([]);
  await careful.stop();
  await one.stop();
  await client.call('ACL', 'SETUSER', 'hearth', 'reset', ...rights, '-wait');
  const waits = await gateway(url, { job_replicas: 1 });
  await told(waits, 'does not let this user do what Hearth needs');
  await waits.stop();
  await client.call('ACL', 'SETUSER', 'hearth', 'reset', ...rights, '-xadd');
  client.disconnect();
  await told(await gateway(url), 'does not let this user do what Hearth needs');
});

test('with TLS it trusts what cluster.ca_file names, and says what to do where it does not', async () => {
  const { url } = await begun({
    'tls-cert-file': certificateFile('good.pem'),
    'tls-key-file': certificateFile('server.key.pem'),
    'tls-ca-cert-file': certificateFile('authority.pem'),
    'tls-auth-clients': 'no',
  });
  const one = await gateway(url);
  await told(one, 'a certificate that is not trusted');
  await one.stop();
  const missing = await gateway(url, { ca_file: certificateFile('none.pem') });
  await told(missing, 'there is no such file');
  await missing.stop();
  await isWell(await gateway(url, { ca_file: certificateFile('authority.pem') }));
});

test('with TLS it shows its own certificate to a Valkey that wants one, also for jobs', async () => {
  const { url } = await begun({
    'tls-cert-file': certificateFile('good.pem'),
    'tls-key-file': certificateFile('server.key.pem'),
    'tls-ca-cert-file': certificateFile('authority.pem'),
  });
  const ca_file = certificateFile('authority.pem');
  const key_file = certificateFile('server.key.pem');
  for (const [sentence, cert_file] of [
    ['wants a certificate of this gateway', ''],
    ['does not accept the certificate', certificateFile('self-signed.pem')],
    ['cluster.cert_file cannot be used: its key is none', ca_file],
  ] as const) {
    const refused = await gateway(url, { ca_file, cert_file, key_file });
    await told(refused, sentence);
    await refused.stop();
  }
  const one = await gateway(url.replace('valkeys://', 'rediss://'), {
    ca_file,
    cert_file: certificateFile('good.pem'),
    key_file,
    timeout_ms: 5000,
  });
  const job = { messages: [{ role: 'user', content: 'y' }], requestId: 'a-job' };
  await eventually('it is accepted', async () => (await one.post('/api/chat-queue', job)).status === 202);
  await eventually('the job has ended', async () =>
    (await (await one.get('/api/chat-queue?requestId=a-job')).text()).includes('"completed"'),
  );
});

test('a connection that fails twice in a row ends nothing else, nor does one that is made of it', async () => {
  const cluster = { ...defaultConfig().cluster, url: valkey.url };
  const client = await newClient({ cluster, trust: () => Promise.resolve(undefined) }, 'test');
  for (const each of [client, client.duplicate(), client.duplicate().duplicate()]) {
    await each.connect();
    const { stream } = each;
    // Throws where nobody listens.
    for (let n = 0; n < 3; n++) stream.emit('error', new Error('it failed'));
    each.disconnect();
  }
});

test('the doctor says how it stands', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'hearth-fleet-'));
  const says = async (url: string): Promise<string> =>
    (await commandLine(['doctor', '--json'], { cwd, env: { HEARTH_DATA_DIR: cwd, CLUSTER__URL: url } })).out;
  expect(await says(valkey.url.replace('://', '://me:secret@'))).toContain('refuses the user or the password');
  expect(await says(valkey.url.replace('://', '://me:secret@'))).not.toContain('secret');
  expect(await says(valkey.url)).toMatch(/(?:Redis|Valkey) [\d.]+ answers at valkey:\/\/127\.0\.0\.1:\d+\./);
  await rm(cwd, { recursive: true });
});
