// The gateway's own API: each handler reads a request, asks the core, encodes the answer.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { QueueView } from '../../contract/queue-view.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { streamPiece } from '../../core/stories/answer.ts';
import { act, readAction, type ActionParts } from '../../core/stories/actions.ts';
import type { Feed, Viewer } from '../../core/telemetry/feed.ts';
import { spaceOf } from '../../core/ownership.ts';
import { waitsFor } from '../../core/stories/standing.ts';
import { cacheStats, health, queueView, type SnapshotParts } from '../../core/stories/snapshot.ts';
import { parseJson } from '../wire/body.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { chatOptimized, type ChatParts } from './chat-optimized.ts';
import { readChat, type OwnChat } from './chat-call.ts';
import { goneSignal, requestId, sendJson } from '../dialect/encode.ts';
import { sendData, sendNamedEvents, sendSse } from '../dialect/stream.ts';
import { readOwnChat } from './own-chat.ts';
import { type Handler, handlersWith } from '../wire/handler.ts';
import type { UnderWay } from '../wire/under-way.ts';
import { ownerOf, requireScope, viewerOf, watcherOf, whileGood } from '../door/caller.ts';
import { queueHeaders } from '../wire/queue-headers.ts';

/** What the handlers act on. */
export interface OwnParts extends SnapshotParts, ActionParts, ChatParts {
  readonly feed: Feed;
  readonly underWay: UnderWay;
}

/** Kept answers are for programs; a browser must ask again each time. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** The handlers of our own routes. */
export function ownHandlers(parts: OwnParts) {
  const on = handlersWith(parts);
  const chat: Handler = (...asked) => chatOptimized(parts, ...asked);
  return {
    '/health': { GET: on(showHealth) },
    '/api/chat-optimized': { POST: chat },
    '/api/chat-queue': { POST: on(handIn), GET: on(lookAtQueue), DELETE: on(cancelRequest) },
    '/api/conversations/:id': { GET: on(showConversation), DELETE: on(forgetConversation) },
    '/api/cache-stats': { GET: on(showStats), POST: on(doAction) },
    '/openapi.json': { GET: on(showOpenApi) },
    '/api/events': { GET: on(showEvents) },
  };
}

async function readObject(parts: OwnParts, req: IncomingMessage): Promise<unknown> {
  return parseJson(await bodyOf(parts, req));
}

// ---- /api/chat-queue

async function handIn(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const body = readOwnChat(await bodyOf(parts, req));
  const own = readChat(req, body, requestId(res), '/api/chat-queue', parts.config());
  const id = idOfJob(parts, own, requestId(res));
  // Hold it until the job has run, not only until this request is answered.
  const over = parts.underWay.keep(req);
  const call = { ...own.call, id, anyId: own.wantedId === undefined, replay: 'instant', streamed: false } as const;
  const view = await parts.jobs.submit(call, own.conversation, over);
  sendJson(
    res,
    202,
    {
      request_id: view.request_id,
      status: {
        queue_position: view.queue_position,
        queue_length: view.queue_length,
        estimated_wait_time: view.estimated_wait_time,
        ...(view.late === undefined ? {} : { late: view.late }),
        ...waitsFor(view),
        is_processing: view.status === 'processing',
      },
      created_at: view.created_at,
      class: view.class,
      class_by: view.class_by,
      priority: view.priority,
      model: view.model,
    },
    {
      ...NO_STORE,
      ...queueHeaders(undefined, own.call),
      Location: `/api/chat-queue?requestId=${encodeURIComponent(view.request_id)}`,
    },
  );
}

/** The id from the body must be free (409 if not); one from a header is taken if it is free. */
function idOfJob({ jobs, newId }: OwnParts, { wantedId }: OwnChat, fromHeader: string): string {
  if (wantedId !== undefined) return wantedId;
  return jobs.taken(fromHeader) ? newId() : fromHeader;
}

async function lookAtQueue(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const id = wantedRequest(req);
  const asStream = (req.headers.accept ?? '').includes('text/event-stream');
  if (id === undefined) {
    const now = (): QueueView => queueView(parts, watcherOf(req));
    if (asStream) {
      const changes = queueChanges(parts.feed, viewerOf(req), goneSignal(res));
      await sendData(res, whileGood(req, parts.config, changes), parts.patience, now);
    } else sendJson(res, 200, now(), NO_STORE);
    return;
  }
  if (!asStream) {
    sendJson(res, 200, parts.jobs.view(id, watcherOf(req)), NO_STORE);
    return;
  }
  const { ticket, events } = parts.jobs.watch(id, watcherOf(req), goneSignal(res));
  await sendSse(res, events, {
    headers: {},
    patience: parts.patience,
    eager: true,
    render: (event, first) => streamPiece(event, ticket, first),
  });
}

/** The queue as it is now, and after each change, at most four times a second. */
async function* queueChanges(
  feed: Feed,
  viewer: Viewer,
  signal: AbortSignal,
): AsyncGenerator<QueueView, void, undefined> {
  for await (const event of feed.read(signal, viewer, 'queue', ['queue'])) if (event.name === 'queue') yield event.data;
}

async function cancelRequest(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const id = wantedRequest(req);
  if (id === undefined)
    throw new AppError('invalid_request', 'requestId is missing. Name it: DELETE /api/chat-queue?requestId=…');
  parts.jobs.cancel(id, watcherOf(req));
  sendJson(res, 200, { request_id: id, status: 'cancelled' }, NO_STORE);
}

/** `requestId` of the query; `request_id` is accepted too, since our own answers call it so. */
function wantedRequest(req: IncomingMessage): string | undefined {
  const query = new URL(req.url ?? '/', 'http://localhost').searchParams;
  const id = query.get('requestId') ?? query.get('request_id');
  if (id === null) return undefined;
  if (!/^[\w.:-]{1,128}$/.test(id)) {
    throw new AppError(
      'invalid_request',
      sentence`requestId must be 1 to 128 characters of A-Z a-z 0-9 _ . : -. It was ${quotation(id)}.`,
    );
  }
  return id;
}

// ---- /api/conversations/:id

async function showConversation(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  sendJson(res, 200, parts.conversations.view(spaceOfConversation(req), conversationId(req)), NO_STORE);
}

async function forgetConversation(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const id = conversationId(req);
  parts.conversations.delete(spaceOfConversation(req), id);
  sendJson(res, 200, { id, removed: true }, NO_STORE);
}

/** The caller's own, or the part of it that `namespace` names as `cache.namespace` of a chat does. */
function spaceOfConversation(req: IncomingMessage): string {
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
  return spaceOf(ownerOf(req), searchParams.get('namespace') ?? undefined);
}

/** The last part of the path. Express has refused what is no valid percent-encoding. */
function conversationId(req: IncomingMessage): string {
  const { pathname } = new URL(req.url ?? '/', 'http://localhost');
  return decodeURIComponent(pathname.replace(/\/$/, '').slice(pathname.lastIndexOf('/') + 1));
}

// ---- /api/cache-stats

async function showStats(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  requireScope(req, 'cache', 'manage');
  sendJson(res, 200, cacheStats(parts, watcherOf(req)), NO_STORE);
}

async function doAction(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = readAction(await readObject(parts, req));
  requireScope(req, asked.action === 'warm_model' || asked.action === 'unload_model' ? 'manage' : 'cache');
  const result = await act(parts, asked, { watcher: watcherOf(req), signal: goneSignal(res) });
  parts.feed.touch('snapshot');
  sendJson(res, 200, result, NO_STORE);
}

// ---- GET /openapi.json

async function showOpenApi(parts: OwnParts, _req: IncomingMessage, res: ServerResponse): Promise<void> {
  // Rarely asked for, and as large as the rest of the contract: load it when it is needed.
  const { openApi } = await import('../../contract/openapi.ts');
  sendJson(res, 200, openApi(parts.version), NO_STORE);
}

// ---- GET /health, GET /api/events

/** Right after the start nothing is known of Ollama: a caller then waits this long for the first look. Milliseconds. */
const FIRST_LOOK_MS = 1000;

async function showHealth(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await parts.watch.firstLook(FIRST_LOOK_MS, goneSignal(res));
  const state = health(parts);
  const mustBeReady = new URL(req.url ?? '/', 'http://localhost').searchParams.get('ready') === '1';
  sendJson(res, mustBeReady && state.status !== 'healthy' ? 503 : 200, state, NO_STORE);
}

async function showEvents(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const events = parts.feed.read(goneSignal(res), viewerOf(req));
  await sendNamedEvents(res, whileGood(req, parts.config, events), parts.patience);
}
