// Model management of the fake Ollama: pull, push, create, copy, delete, blobs; and canned answers of the /v1 routes a gateway only passes on.
// Deliberately no registry traffic and no layers: a pull is a few status lines and a new entry in the catalogue.
import { createHash } from 'node:crypto';
import { modelOf } from './fake-chat.ts';
import { parseName } from './fake-models.ts';
import type { FakeModel } from './fake-models.ts';
import { fieldsOf, text } from './fake-options.ts';
import type { Fields } from './fake-options.ts';
import { FakeError, Lines, turn } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';
import type { World } from './fake-world.ts';

const nameIn = (fields: Fields, struct: string): string =>
  text(fields, 'model', struct) || text(fields, 'name', struct);

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

async function finish(client: Client, stream: boolean, last: unknown): Promise<void> {
  if (!stream) return client.json(200, last);
  const out = new Lines(client);
  await out.json(last);
  await out.close('done');
}

const SUCCESS = { status: 'success' };

export async function pull(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const stream = fields['stream'] !== false;
  const name = parseName(nameIn(fields, 'PullRequest'));
  if (name === undefined) throw new FakeError(400, 'invalid model name');
  const { registry } = world.options;
  const offered: FakeModel | undefined = registry
    ? registry.find((each) => parseName(each.name)?.key === name.key)
    : { name: name.short };
  if (offered === undefined) {
    const error = 'pull model manifest: file does not exist';
    if (!stream) throw new FakeError(500, error);
    const out = new Lines(client);
    await out.json({ status: 'pulling manifest' });
    await out.json({ error });
    return out.close('error');
  }
  const total = offered.size ?? 2_019_393_189;
  const digest = `sha256:${offered.digest ?? createHash('sha256').update(name.key).digest('hex')}`;
  const layer = { status: `pulling ${digest.slice(7, 19)}`, digest, total };
  const went = await statuses(world, client, stream, [
    { status: 'pulling manifest' },
    layer,
    { ...layer, completed: Math.trunc(total / 2) },
    { ...layer, completed: total },
    { status: 'verifying sha256 digest' },
    { status: 'writing manifest' },
  ]);
  if (!went) return;
  // A pull of what is there and unchanged keeps what the test said of it.
  const present = world.catalogue.find(name.short);
  const unchanged = typeof present === 'object' && (registry === undefined || `sha256:${present.digest}` === digest);
  if (!unchanged) world.catalogue.install(offered);
  await finish(client, stream, SUCCESS);
}

export async function push(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const stream = fields['stream'] !== false;
  const spelled = nameIn(fields, 'PushRequest');
  if (spelled === '') throw new FakeError(400, 'model is required');
  modelOf(world, spelled, `model '${spelled}' not found`);
  if (await statuses(world, client, stream, [{ status: 'retrieving manifest' }])) await finish(client, stream, SUCCESS);
}

/** Makes the model from another one; `system`, `template` and `parameters` give it another digest. */
export async function create(world: World, client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const stream = fields['stream'] !== false;
  const name = parseName(nameIn(fields, 'CreateRequest'));
  if (name === undefined) throw new FakeError(400, 'invalid model name');
  const from = text(fields, 'from', 'CreateRequest');
  const base = modelOf(world, from, `model '${from}' not found`);
  if (!(await statuses(world, client, stream, [{ status: 'reading model metadata' }, { status: 'writing manifest' }])))
    return;
  const digest = createHash('sha256').update(client.call.rawBody).update(base.digest).digest('hex');
  world.catalogue.install({ ...base.source, name: name.short, digest, weights: base.weights });
  await finish(client, stream, SUCCESS);
}

export function copy(world: World, client: Client): void {
  const fields = fieldsOf(client.call);
  const source = text(fields, 'source', 'CopyRequest');
  const destination = parseName(text(fields, 'destination', 'CopyRequest'));
  const model = modelOf(world, source, `model ${JSON.stringify(source)} not found`);
  if (destination === undefined) throw new FakeError(400, 'invalid model name');
  world.catalogue.install({ ...model.source, name: destination.short, digest: model.digest, weights: model.weights });
  client.send(200, undefined, '');
}

export function remove(world: World, client: Client): void {
  const spelled = nameIn(fieldsOf(client.call), 'DeleteRequest');
  if (parseName(spelled) === undefined) throw new FakeError(400, `name ${JSON.stringify(spelled)} is invalid`);
  if (!world.catalogue.remove(spelled)) throw new FakeError(404, `model '${spelled}' not found`);
  client.send(200, undefined, '');
}

/** POST and HEAD /api/blobs/:digest. `bytes` are the body as it came. */
export function blob(world: World, client: Client, digest: string, bytes: Buffer): void {
  if (client.call.method === 'HEAD') return client.send(world.blobs.has(digest) ? 200 : 404, undefined, '');
  if (world.blobs.has(digest)) return client.send(200, undefined, '');
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (found !== digest) throw new FakeError(400, 'digest mismatch, file must be downloaded again');
  world.blobs.add(digest);
  client.send(201, undefined, '');
}

/** GET /v1/models; without models `data` is null, as in Ollama. */
export function openaiModels(world: World, client: Client): void {
  const data = world.catalogue.list().map((model) => openaiModel(model.name, model.modifiedAt));
  client.send(200, 'application/json', JSON.stringify({ object: 'list', data: data.length > 0 ? data : null }));
}

/** GET /v1/models/:model */
export function openaiOne(world: World, client: Client, name: string): void {
  const model = world.catalogue.find(name);
  if (model === undefined || model === 'invalid') {
    const [status, message, type] =
      model === 'invalid'
        ? [400, 'invalid model name', 'invalid_request_error']
        : [404, `model '${name}' not found`, 'not_found_error'];
    const error = { message, type, param: null, code: null };
    return client.send(status, 'application/json', JSON.stringify({ error }));
  }
  // By the name that was asked for (openai.go ToModel).
  client.send(200, 'application/json', JSON.stringify(openaiModel(name, model.modifiedAt)));
}

function openaiModel(name: string, modifiedAt: number): unknown {
  const owner = name.includes('/') ? name.split('/').at(-2) : 'library';
  return { id: name, object: 'model', created: Math.trunc(modifiedAt / 1000), owned_by: owner };
}

/** POST /v1/responses and /v1/messages: fixed bytes, to see whether a gateway passes them on untouched. */
export async function canned(client: Client): Promise<void> {
  const fields = fieldsOf(client.call);
  const kind = client.call.path.endsWith('messages') ? 'message' : 'response';
  if (fields['stream'] !== true) {
    return client.send(
      200,
      'application/json',
      JSON.stringify({ id: 'canned_1', object: kind, type: kind, model: fields['model'] }),
    );
  }
  for (const step of ['created', 'completed']) {
    await client.write(
      'text/event-stream',
      `event: ${kind}.${step}\ndata: {"type":"${kind}.${step}","text":"größer 火"}\n\n`,
    );
    await turn();
  }
  client.end('done');
}
