// The route table of the fake Ollama: which method and path goes where, and what gin answers when none fits.
// Deliberately a look-up in one Map, no router: the benchmark measures the gateway, not this.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { chat, generate } from './fake-chat.ts';
import { allowed, frontDoor } from './fake-door.ts';
import { embed, embeddings } from './fake-embed.ts';
import { readBody } from './fake-decode.ts';
import { blob, copy, create, push, remove } from './fake-manage.ts';
import { messages, MessagesClient } from './fake-messages.ts';
import { detailsOf } from './fake-models.ts';
import { ChatCompletionClient, CompletionClient, EmbeddingListClient } from './fake-openai-answer.ts';
import { openaiModels, openaiOne } from './fake-openai-models.ts';
import { openaiChat, openaiComplete, openaiEmbed } from './fake-openai.ts';
import { pull } from './fake-pull.ts';
import { responses, ResponsesClient } from './fake-responses.ts';
import { showModel } from './fake-show.ts';
import { transcribe, TranscriptionClient } from './fake-transcription.ts';
import { Client, FakeError, localStamp } from './fake-wire.ts';
import type { World } from './fake-world.ts';

/** The only route with a form for its body. */
const TRANSCRIPTIONS = '/v1/audio/transcriptions';

type Handler = (world: World, client: Client) => void | Promise<void>;

const PLAIN = 'text/plain; charset=utf-8';

const running: Handler = (_, client) => client.send(200, PLAIN, 'Ollama is running');
const version: Handler = (world, client) => client.json(200, { version: world.version });
const tags: Handler = (world, client) => client.json(200, world.catalogue.tags());

/** Body of /api/ps. */
export function loadedModels(world: World): readonly LoadedModel[] {
  return world.scheduler.list().map(({ runner: { model, wish }, expiresAt }) => ({
    name: model.name,
    model: model.name,
    size: model.size,
    digest: model.digest,
    details: detailsOf(model, ''),
    expires_at: localStamp(expiresAt),
    size_vram: Number(wish.options['num_ctx']) > (model.source.fitsContext ?? Infinity) ? model.size / 2 : model.size,
    context_length: Number(wish.options['num_ctx']),
  }));
}

/** One entry of /api/ps. */
export interface LoadedModel {
  readonly name: string;
  readonly model: string;
  /** Bytes. */
  readonly size: number;
  readonly digest: string;
  readonly details: Readonly<Record<string, unknown>>;
  /** RFC 3339, local time with offset; may be past while it runs. */
  readonly expires_at: string;
  /** Bytes. */
  readonly size_vram: number;
  /** Tokens. */
  readonly context_length: number;
}

const routes: ReadonlyMap<string, Readonly<Record<string, Handler>>> = new Map([
  ['/api/chat', { POST: chat }],
  ['/api/generate', { POST: generate }],
  ['/api/embed', { POST: embed }],
  ['/api/embeddings', { POST: embeddings }],
  ['/', { GET: running, HEAD: running }],
  ['/api/version', { GET: version, HEAD: version }],
  ['/api/tags', { GET: tags, HEAD: tags }],
  ['/api/status', { GET: (_, client) => client.json(200, { cloud: { disabled: true, source: 'env' } }) }],
  ['/api/ps', { GET: (world, client) => client.json(200, { models: loadedModels(world) }) }],
  ['/api/show', { POST: showModel }],
  ['/api/pull', { POST: pull }],
  ['/api/push', { POST: push }],
  ['/api/create', { POST: create }],
  ['/api/copy', { POST: copy }],
  ['/api/delete', { DELETE: remove }],
  ['/v1/models', { GET: openaiModels }],
  ['/v1/chat/completions', { POST: openaiChat }],
  ['/v1/completions', { POST: openaiComplete }],
  ['/v1/embeddings', { POST: openaiEmbed }],
  ['/v1/responses', { POST: responses }],
  ['/v1/messages', { POST: messages }],
] satisfies readonly (readonly [string, Readonly<Record<string, Handler>>])[]);

/** Who writes the answers of the dialects that are not Ollama's own. */
const clients: ReadonlyMap<string, typeof Client> = new Map<string, typeof Client>([
  ['/v1/chat/completions', ChatCompletionClient],
  ['/v1/completions', CompletionClient],
  ['/v1/embeddings', EmbeddingListClient],
  ['/v1/responses', ResponsesClient],
  ['/v1/messages', MessagesClient],
  [TRANSCRIPTIONS, TranscriptionClient],
]);

/** Takes one HTTP request from its first header to its last byte. */
export function serve(world: World, req: IncomingMessage, res: ServerResponse): void {
  const url = req.url ?? '/';
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  for (const [name, value] of Object.entries(world.options.headers ?? {})) res.setHeader(name, value);
  const call = world.newCall(req.method ?? 'GET', path, req.headers);
  const client = new (clients.get(path) ?? Client)(res, call, world.changed);
  world.clients.add(client);
  res.once('close', () => world.clients.delete(client));
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const [first] = chunks;
    const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
    call.rawBody = bytes.toString();
    void handle(world, req, client, bytes);
  });
  world.changed();
}

async function handle(world: World, req: IncomingMessage, client: Client, bytes: Buffer): Promise<void> {
  const { call } = client;
  try {
    if (!call.path.startsWith('/api/blobs/')) readBody(call);
    if (world.doorGates.shut && !(await world.doorGates.pass(client))) return;
    const instead = world.insteadOf(call);
    if (instead !== undefined) return await client.instead(instead);
    if (!allowed(req, world.options.apiKey)) return client.error(401, 'unauthorized');
    const refused = frontDoor(req, client.res);
    if (refused !== undefined) return client.send(refused, undefined, '');
    const methods = routes.get(call.path) ?? parametric(call.path, bytes);
    if (methods === undefined) return astray(client);
    const handler = methods[call.method];
    if (handler === undefined) {
      client.res.setHeader('Allow', Object.keys(methods).join(', '));
      return client.send(405, 'text/plain', '405 method not allowed');
    }
    await handler(world, client);
    if (client.interruption !== undefined) await client.breakOff(client.interruption);
  } catch (error) {
    if (error instanceof FakeError) client.error(error.status, error.message);
    else
      client.error(
        500,
        `the fake itself failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
  }
}

/** Routes that need the address or the bytes as they came. */
function parametric(path: string, bytes: Buffer): Readonly<Record<string, Handler>> | undefined {
  if (path === TRANSCRIPTIONS) return { POST: (world, client) => transcribe(world, client, bytes) };
  const [, kind, parameter = ''] = /^\/(api\/blobs|v1\/models)\/([^/]+)$/.exec(path) ?? [];
  if (kind === undefined) return undefined;
  const name = decodeURIComponent(parameter);
  if (kind === 'v1/models') return { GET: (world, client) => openaiOne(world, client, name) };
  const put: Handler = (world, client) => blob(world, client, name, bytes);
  return { POST: put, HEAD: put };
}

/** Unclean paths of known routes are redirected, all others are not found. */
function astray(client: Client): void {
  const { path, method } = client.call;
  const clean = path.replaceAll(/\/{2,}/g, '/').replace(/(.)\/$/, '$1');
  if (clean === path || !routes.has(clean)) return client.send(404, 'text/plain', '404 page not found');
  client.res.setHeader('Location', clean);
  client.send(method === 'GET' || method === 'HEAD' ? 301 : 307, undefined, '');
}
