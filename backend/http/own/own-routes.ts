// The gateway's own API: each handler reads a request, asks the core and encodes the answer.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Action } from '../../contract/views/control.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import { SPAN_WORDS, USUAL_SPAN } from '../../contract/views/spans.ts';
import { act, readAction, type ActionParts } from '../../core/stories/models/actions.ts';
import type { Feed } from '../../core/telemetry/feed.ts';
import type { NoticeBoard } from '../../core/telemetry/notice-board.ts';
import { spaceOf } from '../../core/ownership.ts';
import type { Days } from '../../core/stories/views/day-figures.ts';
import type { FleetNow } from '../../core/stories/fleet/fleet-now.ts';
import { cacheStats, health, type SnapshotParts } from '../../core/stories/views/snapshot.ts';
import { parseJson } from '../wire/body.ts';
import { bodyOf } from '../dialect/drop-in.ts';
import { chatOptimized, type ChatParts } from './chat-optimized.ts';
import { goneSignal, sendJson } from '../dialect/encode.ts';
import { sendNamedEvents } from '../dialect/stream.ts';
import { showMetrics, type MetricsParts } from './metrics-text.ts';
import { askPull, cancelPull, listPulls, type PullParts } from './pull-routes.ts';
import { cancelRequest, listRequests, showRequest, type ListParts } from './request-list.ts';
import { askAgain, forgetBodies, showBody, watchClosely, type TextParts } from './text-routes.ts';
import { type Handler, handlersWith } from '../wire/handler.ts';
import { queueHandlers, type QueueParts } from './own-queue.ts';
import { ownerOf, requireScope, viewerOf, watcherOf, whileGood } from '../door/caller.ts';

/** The services that the handlers use. */
export interface OwnParts
  extends SnapshotParts, ActionParts, ChatParts, QueueParts, ListParts, TextParts, MetricsParts, PullParts {
  readonly feed: Feed;
  readonly board: Pick<NoticeBoard, 'list'>;
  readonly days: Pick<Days, 'of'>;
  readonly fleet: Pick<FleetNow, 'view'>;
}

/** Cached answers are for programs; a browser must ask again each time. */
const NO_STORE = { 'Cache-Control': 'no-store' };

/** The handlers of Hearth's own routes. */
export function ownHandlers(parts: OwnParts) {
  const on = handlersWith(parts);
  const chat: Handler = (...asked) => chatOptimized(parts, ...asked);
  return {
    '/health': { GET: on(showHealth) },
    '/api/chat-optimized': { POST: chat },
    '/api/chat-queue': queueHandlers(parts),
    '/api/conversations/:id': { GET: on(showConversation), DELETE: on(forgetConversation) },
    '/api/requests': { GET: on(listRequests) },
    '/api/requests/:id/cancel': { POST: on(cancelRequest) },
    '/api/requests/watch': { POST: on(watchClosely) },
    '/api/requests/bodies': { DELETE: on(forgetBodies) },
    '/api/requests/:id/body': { GET: on(showBody) },
    '/api/requests/:id/again': { POST: on(askAgain) },
    '/api/requests/:id': { GET: on(showRequest) },
    '/api/cache-stats': { GET: on(showStats), POST: on(doAction) },
    '/api/notices': { GET: on(showNotices) },
    '/api/pulls': { GET: on(listPulls), POST: on(askPull), DELETE: on(cancelPull) },
    '/metrics': { GET: on(showMetrics) },
    '/api/day': { GET: on(showDay) },
    '/api/fleet': { GET: on(showFleet) },
    '/openapi.json': { GET: on(showOpenApi) },
    '/api/events': { GET: on(showEvents) },
  };
}

async function readObject(parts: OwnParts, req: IncomingMessage): Promise<unknown> {
  return parseJson(await bodyOf(parts, req));
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

/** The caller's own space, or the part of it that `namespace` names, as `cache.namespace` of a chat does. */
function spaceOfConversation(req: IncomingMessage): string {
  const { searchParams } = new URL(req.url ?? '/', 'http://localhost');
  return spaceOf(ownerOf(req), searchParams.get('namespace') ?? undefined);
}

/** The last part of the path. Express has refused invalid percent-encoding. */
function conversationId(req: IncomingMessage): string {
  const { pathname } = new URL(req.url ?? '/', 'http://localhost');
  return decodeURIComponent(pathname.replace(/\/$/, '').slice(pathname.lastIndexOf('/') + 1));
}

// ---- /api/cache-stats

async function showStats(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  requireScope(req, 'cache', 'manage');
  sendJson(res, 200, cacheStats(parts, watcherOf(req)), NO_STORE);
}

/** Actions that change the models of all callers instead of the cache. */
const CHANGES_MODELS: readonly Action[] = ['warm_model', 'unload_model', 'unload_idle'];

async function doAction(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const asked = readAction(await readObject(parts, req));
  requireScope(req, CHANGES_MODELS.includes(asked.action) ? 'manage' : 'cache');
  const result = await act(parts, asked, { watcher: watcherOf(req), signal: goneSignal(res) });
  parts.feed.touch('snapshot');
  sendJson(res, 200, result, NO_STORE);
}

// ---- GET /api/notices

async function showNotices({ board }: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  // Notices name callers and pages.
  requireScope(req, 'manage');
  sendJson(res, 200, { notices: board.list }, NO_STORE);
}

// ---- GET /api/day

async function showDay({ days }: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  requireScope(req, 'cache', 'manage');
  const asked = new URL(req.url ?? '/', 'http://localhost').searchParams.get('span') ?? USUAL_SPAN;
  const span = SPAN_WORDS.find((word) => word === asked);
  if (span === undefined) {
    const words = SPAN_WORDS.join(', ');
    throw new AppError('invalid_request', sentence`span must be one of ${words}. It was ${quotation(asked)}.`);
  }
  sendJson(res, 200, await days.of(span, watcherOf(req)), NO_STORE);
}

// ---- GET /api/fleet

async function showFleet({ fleet }: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  requireScope(req, 'cache', 'manage');
  sendJson(res, 200, await fleet.view(watcherOf(req)), NO_STORE);
}

// ---- GET /openapi.json

async function showOpenApi(parts: OwnParts, _req: IncomingMessage, res: ServerResponse): Promise<void> {
  // Rarely needed, and as large as the rest of the contract: load it on demand.
  const { openApi } = await import('../../contract/papers/openapi.ts');
  sendJson(res, 200, openApi(parts.version), NO_STORE);
}

// ---- GET /health, GET /api/events

/**
 * Right after the start nothing is known of Ollama: a caller then waits this long for the first probe. Milliseconds.
 */
const FIRST_LOOK_MS = 1000;

async function showHealth(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  await parts.watch.firstLook(FIRST_LOOK_MS, goneSignal(res));
  const state = health(parts);
  const mustBeReady = new URL(req.url ?? '/', 'http://localhost').searchParams.get('ready') === '1';
  const isReady = state.status === 'healthy' && !parts.requests.isClosed;
  sendJson(res, mustBeReady && !isReady ? 503 : 200, state, NO_STORE);
}

async function showEvents(parts: OwnParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const events = parts.feed.read(goneSignal(res), { viewer: viewerOf(req) });
  await sendNamedEvents(res, whileGood(req, parts.config, events), parts.patience);
}
