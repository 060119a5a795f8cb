// /api/chat-queue: chats without a connection. Clients submit one or many, look at them, follow them and cancel them.
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChatRequest } from '../../contract/chat/chat-request.ts';
import { AppError } from '../../contract/errors.ts';
import type { Accepted, QueueView, RequestView } from '../../contract/views/queue-view.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { AskedMember } from '../../core/stories/jobs/job-batches.ts';
import type { BatchDesk, JobDesk } from '../../core/stories/jobs/job-desk.ts';
import type { AskedJob } from '../../core/stories/jobs/jobs.ts';
import { queueView } from '../../core/stories/views/queue-now.ts';
import type { SnapshotParts } from '../../core/stories/views/snapshot.ts';
import { inSlices } from '../../core/stories/slices.ts';
import { waitsFor } from '../../core/stories/standing.ts';
import type { Feed, Viewer } from '../../core/telemetry/feed.ts';
import { sentOf } from '../dialect/received-request.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { goneSignal, requestId, sendJson } from '../dialect/encode.ts';
import { tellMode } from '../dialect/mode-asked.ts';
import { sendData, sendSse } from '../dialect/stream.ts';
import { ownerOf, viewerOf, watcherOf, whileGood } from '../door/caller.ts';
import { handlersWith } from '../wire/handler.ts';
import { queueHeaders } from '../wire/queue-headers.ts';
import type { UnderWay } from '../wire/under-way.ts';
import { readChat } from './chat-call.ts';
import type { ChatParts } from './chat-optimized.ts';
import { listedChat, readOwnChats } from './own-chat.ts';

export interface QueueParts extends SnapshotParts, ChatParts {
  readonly batches: BatchDesk;
  readonly jobDesk: JobDesk;
  readonly feed: Feed;
  readonly underWay: UnderWay;
}

/** Cached answers are for programs; a browser must ask again each time. */
const NO_STORE = { 'Cache-Control': 'no-store' };
const PATH = '/api/chat-queue';
/** Default number of a batch's requests in one answer. */
const PAGE = 100;
const MOST_PAGE = 1000;

export function queueHandlers(parts: QueueParts) {
  const on = handlersWith(parts);
  return { POST: on(handIn), GET: on(look), DELETE: on(cancel) };
}

// ---- POST

async function handIn(parts: QueueParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const bytes = await bodyOf(parts, req);
  const body = readOwnChats(bytes);
  if (isList(body)) await handInMany(parts, req, res, body);
  else await handInOne(parts, req, res, { body, bytes });
}

function isList(body: ChatRequest | readonly unknown[]): body is readonly unknown[] {
  return Array.isArray(body);
}

async function handInOne(
  parts: QueueParts,
  req: IncomingMessage,
  res: ServerResponse,
  { body, bytes }: { readonly body: ChatRequest; readonly bytes: Buffer },
): Promise<void> {
  const asked = jobOf(parts, req, { body, wish: requestId(res) });
  tellMode(res, asked.call.mode);
  // The body counts until the job has run, not only until this request is answered.
  const view = await parts.jobDesk.submit(asked, parts.underWay.keep(req));
  parts.texts.came({ id: view.request_id, owner: asked.call.owner, source: undefined }, sentOf(req, bytes));
  sendJson(res, 202, acceptedOf(view, parts.jobDesk.isDurable), {
    ...NO_STORE,
    ...queueHeaders(undefined, asked.call),
    Location: `${PATH}?requestId=${encodeURIComponent(view.request_id)}`,
  });
}

/**
 * An id from the body must be free, or belong to the same job sent before (otherwise 409). An id from a header is used
 * if it is free.
 */
function jobOf(
  { config, jobDesk, newId }: QueueParts,
  req: IncomingMessage,
  { body, wish }: { readonly body: ChatRequest; readonly wish: string },
): AskedJob {
  const { call, conversation: ask, wantedId } = readChat(req, { request: body, id: wish, route: PATH }, config());
  const id = wantedId ?? (jobDesk.taken(wish) ? newId() : wish);
  return {
    call: { ...call, id, anyId: wantedId === undefined, replay: 'instant', streamed: false },
    ask,
    body: nameOf(body),
  };
}

/** Equal for two bodies with the same meaning. */
function nameOf(body: unknown): string {
  return createHash('sha256').update(canonicalJson(body)).digest('base64url');
}

function acceptedOf(view: RequestView, durable: boolean): Accepted {
  const { request_id, created_at, class: of, class_by, priority, model } = view;
  return {
    request_id,
    status: {
      queue_position: view.queue_position,
      queue_length: view.queue_length,
      estimated_wait_time: view.estimated_wait_time,
      ...(view.late === undefined ? {} : { late: view.late }),
      ...waitsFor(view),
      is_processing: view.status === 'processing',
    },
    created_at,
    class: of,
    class_by,
    priority,
    model,
    durable,
  };
}

/** Accepts all or none. Nobody waits for one of many as for a single request, so they default to background work. */
async function handInMany(
  parts: QueueParts,
  req: IncomingMessage,
  res: ServerResponse,
  list: readonly unknown[],
): Promise<void> {
  const gone = goneSignal(res);
  const asked: AskedMember[] = [];
  for await (const [at, each] of inSlices(list.entries(), parts.clock, gone)) {
    const job = jobOf(parts, req, { body: listedChat(each, at), wish: parts.newId() });
    const isAsked = job.call.classBy !== 'default';
    asked.push(isAsked ? job : { ...job, call: { ...job.call, class: 'background', classBy: 'a batch' } });
  }
  tellMode(res, asked[0]?.call.mode);
  const id = wanted(req, 'batch') ?? parts.newId();
  const batch = { id, owner: ownerOf(req), body: nameOf(asked.map(({ body }) => body)) };
  const accepted = await parts.batches.submit(asked, batch, gone);
  sendJson(res, 202, accepted, { ...NO_STORE, Location: `${PATH}?batch=${encodeURIComponent(id)}` });
}

// ---- GET

async function look(parts: QueueParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const id = wantedRequest(req);
  const batch = wanted(req, 'batch');
  const asStream = (req.headers.accept ?? '').includes('text/event-stream');
  if (batch !== undefined) {
    sendJson(res, 200, await parts.batches.view(batch, watcherOf(req), pageOf(req)), NO_STORE);
  } else if (id === undefined) {
    await lookAtAll(parts, req, res, asStream);
  } else if (asStream) {
    const { events, piece } = await parts.jobDesk.watch(id, watcherOf(req), goneSignal(res));
    await sendSse(res, events, { headers: {}, patience: parts.patience, eager: true, render: piece });
  } else {
    sendJson(res, 200, await parts.jobDesk.view(id, watcherOf(req)), NO_STORE);
  }
}

async function lookAtAll(
  parts: QueueParts,
  req: IncomingMessage,
  res: ServerResponse,
  asStream: boolean,
): Promise<void> {
  const now = (): QueueView => queueView(parts, watcherOf(req));
  if (!asStream) {
    sendJson(res, 200, now(), NO_STORE);
    return;
  }
  const changes = queueChanges(parts.feed, viewerOf(req), goneSignal(res));
  await sendData(res, whileGood(req, parts.config, changes), { patience: parts.patience, now });
}

/** The queue now, and again after each change, at most four times a second. */
async function* queueChanges(
  feed: Feed,
  viewer: Viewer,
  signal: AbortSignal,
): AsyncGenerator<QueueView, void, undefined> {
  for await (const event of feed.read(signal, { viewer, first: 'queue', topics: ['queue'] }))
    if (event.name === 'queue') yield event.data;
}

// ---- DELETE

async function cancel(parts: QueueParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const id = wantedRequest(req);
  const batch = wanted(req, 'batch');
  if (batch !== undefined) {
    sendJson(res, 200, await parts.batches.cancel(batch, watcherOf(req)), NO_STORE);
    return;
  }
  if (id === undefined) {
    throw new AppError(
      'invalid_request',
      'requestId is missing. Name it: DELETE /api/chat-queue?requestId=…, or a batch: ?batch=…',
    );
  }
  await parts.jobDesk.cancel(id, watcherOf(req));
  sendJson(res, 200, { request_id: id, status: 'cancelled' }, NO_STORE);
}

// ---- the query

function queryOf(req: IncomingMessage): URLSearchParams {
  return new URL(req.url ?? '/', 'http://localhost').searchParams;
}

/** `requestId` of the query; `request_id` is accepted too, since Hearth's own answers use it. */
function wantedRequest(req: IncomingMessage): string | undefined {
  return wanted(req, 'requestId') ?? wanted(req, 'request_id', 'requestId');
}

function wanted(req: IncomingMessage, name: string, told = name): string | undefined {
  const id = queryOf(req).get(name);
  if (id === null) return undefined;
  if (!/^[\w.:-]{1,128}$/.test(id)) {
    throw new AppError(
      'invalid_request',
      sentence`${told} must be 1 to 128 characters of A-Z a-z 0-9 _ . : -. It was ${quotation(id)}.`,
    );
  }
  return id;
}

/** The requested page of a batch. */
function pageOf(req: IncomingMessage): { readonly after: number; readonly limit: number } {
  const query = queryOf(req);
  const whole = (name: string, otherwise: number, most: number): number => {
    const value = query.get(name);
    if (value === null) return otherwise;
    if (/^\d{1,15}$/.test(value) && Number(value) <= most) return Number(value);
    throw new AppError(
      'invalid_request',
      sentence`${name} must be a whole number up to ${String(most)}. It was ${quotation(value)}.`,
    );
  };
  return { after: whole('after', 0, Number.MAX_SAFE_INTEGER), limit: Math.max(1, whole('limit', PAGE, MOST_PAGE)) };
}
