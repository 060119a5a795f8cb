// Model management of the fake Ollama: push, create, copy, delete, blobs, and what a pull (fake-pull.ts) shares with them.
// Deliberately no registry traffic: what was made is a new entry in the catalogue.
import { createHash } from 'node:crypto';
import { modelOf } from './fake-chat.ts';
import { decode } from './fake-decode.ts';
import type { Fields } from './fake-decode.ts';
import { parseName } from './fake-models.ts';
import type { FakeModel, ModelName } from './fake-models.ts';
import { COPY, CREATE, DELETE, PUSH } from './fake-structs.ts';
import { FakeError, goJson, Lines, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

export const nameIn = ({ model, name }: Fields): string => String(model || name || '');

/** NDJSON lines, or without streaming the last one; false when the client left before the end. */
async function statuses(world: World, client: Client, stream: boolean, lines: readonly unknown[]): Promise<boolean> {
  const out = new Lines(client);
  const pieceMs = world.options.pieceMs ?? 0;
  for (const [index, line] of lines.entries()) {
    if (index > 0) await (pieceMs > 0 ? client.sleep(pieceMs) : turn());
    if (client.gone) return false;
    if (stream) await out.json(line);
  }
  return !client.gone;
}

/** The end of such an answer. */
export async function statusEnd(client: Client, stream: boolean, last: unknown): Promise<void> {
  if (!stream) return client.send(200, PLAIN_JSON, goJson(last));
  const out = new Lines(client);
  await out.json(last);
  await out.close('done');
}

/** The content type of what would have been a stream. */
const PLAIN_JSON = 'application/json';

/** How a stream of statuses fails that began with `lines`; without streaming as one object. */
async function fail(
  client: Client,
  stream: boolean,
  lines: readonly unknown[],
  status: number,
  error: string,
): Promise<void> {
  if (!stream || lines.length === 0) return client.send(status, PLAIN_JSON, goJson({ error }));
  const out = new Lines(client);
  for (const line of lines) await out.json(line);
  return statusFailed(client, stream, status, error);
}

const PULLING = { status: 'pulling manifest' };
const SUCCESS = { status: 'success' };

/** What a registry has under that name, or why it cannot be had: in the words of Go's network and of the registry. */
export function offeredBy({ options }: World, name: ModelName, insecure: boolean): FakeModel | string {
  const { host, namespace, model, tag } = name.parts;
  const url = `${insecure ? 'http' : 'https'}://${host}/v2/${namespace}/${model}/manifests/${tag}`;
  const unreachable = (why: string): string => `pull model manifest: Get ${JSON.stringify(url)}: dial tcp${why}`;
  // Nobody has a registry on this machine.
  if (/^(?:localhost|127\.)/.test(host)) return unreachable(` ${host}: connect: connection refused`);
  if (options.offline === true) return unreachable(`: lookup ${host} on 127.0.0.53:53: no such host`);
  if (options.registry === undefined) return { name: name.short };
  const found = options.registry.find((each) => parseName(each.name)?.key === name.key);
  return found ?? 'pull model manifest: file does not exist';
}

/** Such an answer fails that has begun. */
export async function statusFailed(client: Client, stream: boolean, status: number, error: string): Promise<void> {
  if (!stream) return client.send(status, PLAIN_JSON, goJson({ error }));
  const out = new Lines(client);
  await out.json({ error });
  return out.close('error');
}

export async function push(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, PUSH);
  const stream = fields['stream'] !== false;
  const spelled = nameIn(fields);
  if (spelled === '') throw new FakeError(400, 'model is required');
  modelOf(world, spelled, `model '${spelled}' not found`);
  if (await statuses(world, client, stream, [{ status: 'retrieving manifest' }]))
    await statusEnd(client, stream, SUCCESS);
}

/** Makes the model from another one; `system`, `template` and `parameters` give it another digest. */
export async function create(world: World, client: Client): Promise<void> {
  const fields = decode(client.call, CREATE);
  const stream = fields['stream'] !== false;
  const name = parseName(nameIn(fields));
  if (name === undefined) throw new FakeError(400, 'invalid model name');
  const { from, files } = fields;
  if (!from && !files) {
    return fail(client, stream, [], 400, "neither 'from' or 'files' was specified");
  }
  const wanted = parseName(String(from ?? ''));
  if (wanted === undefined) throw new FakeError(400, 'invalid model name');
  // What is not there is pulled first.
  const known = world.catalogue.find(wanted.short);
  const offered = typeof known === 'object' ? known.source : offeredBy(world, wanted, false);
  if (typeof offered === 'string') return fail(client, stream, [PULLING], 500, offered);
  const base = typeof known === 'object' ? known : world.catalogue.install(offered);
  const layers = [
    base.weights,
    digestOf('template', base.source.template ?? ''),
    digestOf('params', client.call.rawBody),
  ];
  const lines = layers.map((layer) => ({ status: `using existing layer sha256:${layer}` }));
  if (!(await statuses(world, client, stream, [...lines, { status: 'writing manifest' }]))) return;
  const digest = digestOf(client.call.rawBody, base.digest);
  world.catalogue.install({ ...base.source, name: name.short, digest, weights: base.weights });
  await statusEnd(client, stream, SUCCESS);
}

const digestOf = (...texts: readonly string[]): string => createHash('sha256').update(texts.join('\n')).digest('hex');

export function copy(world: World, client: Client): void {
  const fields = decode(client.call, COPY);
  const source = String(fields['source'] ?? '');
  const destination = parseName(String(fields['destination'] ?? ''));
  const model = modelOf(world, source, `model ${JSON.stringify(source)} not found`);
  if (destination === undefined) throw new FakeError(400, 'invalid model name');
  world.catalogue.install({ ...model.source, name: destination.short, digest: model.digest, weights: model.weights });
  client.send(200, undefined, '');
}

export function remove(world: World, client: Client): void {
  const spelled = nameIn(decode(client.call, DELETE));
  if (parseName(spelled) === undefined) throw new FakeError(400, `name ${JSON.stringify(spelled)} is invalid`);
  const model = world.catalogue.find(spelled);
  // A blob goes with the last model that needs it, which here is taken for this one.
  if (typeof model === 'object') world.partial.delete(`sha256:${model.weights}`);
  if (!world.catalogue.remove(spelled)) throw new FakeError(404, `model '${spelled}' not found`);
  client.send(200, undefined, '');
}

/** POST and HEAD /api/blobs/:digest. `bytes` are the body as it came. */
export function blob(world: World, client: Client, digest: string, bytes: Buffer): void {
  if (!/^sha256[:-][\da-f]{64}$/.test(digest)) throw new FakeError(400, 'invalid digest format');
  if (world.blobs.has(digest)) return client.send(200, undefined, '');
  if (client.call.method === 'HEAD') throw new FakeError(404, `blob ${JSON.stringify(digest)} not found`);
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (found !== digest) {
    throw new FakeError(400, `digest mismatch, expected ${JSON.stringify(digest)}, got ${JSON.stringify(found)}`);
  }
  world.blobs.add(digest);
  client.send(201, undefined, '');
}
