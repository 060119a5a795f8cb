// What a request says beside its question, on every route that runs a model: who asks, for which place in line, what it
// may have of the cache, and how a kept answer is spoken. The question itself is each dialect's own.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatRequest, PRIORITY, REQUEST_ID, type Urgency } from '../../contract/chat/chat-request.ts';
import type { Config } from '../../contract/config/config.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { ChatCall } from '../../core/requests/call.ts';
import { spaceOf } from '../../core/ownership.ts';
import type { CacheWish } from '../../core/cache/policy.ts';
import { REPLAY_MODES, type ReplayMode } from '../../core/cache/replay.ts';
import type { NewId } from '../../core/ports.ts';
import type { TicketOptions } from '../../core/requests/ticket.ts';
import type { Jobs } from '../../core/stories/jobs.ts';
import { header } from '../wire/header.ts';
import { pathOf } from '../wire/normalized-path.ts';
import { requestId } from './encode.ts';
import { callerOf, shownKey, mayGoFirst, ownerOf } from '../door/caller.ts';

/** Fields of a body that are ours on every route, and that Ollama never sees. */
export type CacheFields = Pick<ChatRequest, 'use_cache' | 'cache' | 'priority'>;

/** The caller's own request id when it is well formed. */
export function callersId(req: IncomingMessage): string | undefined {
  const id = header(req, 'x-request-id');
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined;
}

/** Who asks, as every route's request says it. */
export function askerOf(
  req: IncomingMessage,
  { cache }: CacheFields,
): Pick<ChatCall, 'caller' | 'owner' | 'maxActive' | 'namespace'> {
  const owner = ownerOf(req);
  return {
    caller: callerOf(req),
    owner,
    maxActive: shownKey(req)?.max_active,
    namespace: spaceOf(owner, cache?.namespace),
  };
}

/** What a ticket takes. */
export interface AskingParts {
  readonly jobs: Pick<Jobs, 'taken'>;
  readonly newId: NewId;
}

/** What is known of a request of somebody else's client when it arrives. Throws invalid_request. */
export function ticketOf(
  { jobs, newId }: AskingParts,
  req: IncomingMessage,
  res: ServerResponse,
  model: string,
  ours: CacheFields,
  streamed: boolean,
): TicketOptions & Pick<ChatCall, 'namespace'> {
  // Two living requests never share an id, so a client that sends the same one again is given another inside.
  const asked = requestId(res);
  return {
    id: jobs.taken(asked) ? newId() : asked,
    anyId: true,
    route: pathOf(req),
    model,
    ...askerOf(req, ours),
    ...urgencyOf(req, ours, streamed),
  };
}

/**
 * How soon it is to run. A number says it all: below 0 it is interactive, above 0 background, as it stands for programs
 * that know numbers alone. Without one, an answer that is streamed is read by somebody as it comes. Who may not go first
 * is heard as if it had not asked to. Throws invalid_request.
 */
export function urgencyOf(req: IncomingMessage, fields: CacheFields, streamed: boolean): Urgency {
  const asked = askedPriority(req, fields);
  const priority = mayGoFirst(req) ? asked : Math.max(asked, PRIORITY.usual);
  if (priority !== PRIORITY.usual) return { class: priority < PRIORITY.usual ? 'interactive' : 'background', priority };
  return { class: streamed ? 'interactive' : 'normal', priority };
}

function askedPriority(req: IncomingMessage, { priority }: CacheFields): number {
  if (typeof priority === 'number') return priority;
  const word = header(req, 'x-queue-priority')?.toLowerCase();
  if (word === undefined || word === 'normal') return PRIORITY.usual;
  if (word === 'high' || word === 'low') return PRIORITY[word];
  throw new AppError(
    'invalid_request',
    sentence`X-Queue-Priority must be high, normal or low. It was ${quotation(word)}.`,
  );
}

export function replayOf(req: IncomingMessage, config: Config): ReplayMode {
  const word = header(req, 'x-stream-replay')?.toLowerCase();
  if (word === undefined) return config.cache.replay;
  const mode = REPLAY_MODES.find((name) => name === word);
  if (mode !== undefined) return mode;
  throw new AppError(
    'invalid_request',
    sentence`X-Stream-Replay must be ${REPLAY_MODES.join(', ')}. It was ${quotation(word)}.`,
  );
}

export function bodyWish({ use_cache, cache }: CacheFields): CacheWish {
  const ttl = cache?.ttl === undefined ? {} : { ttl: cache.ttl };
  if (use_cache === false || cache?.['no-store'] === true) return { read: false, store: false };
  if (cache?.['no-cache'] === true) return { read: false, store: true, ...ttl };
  // use_cache: true is the default and says nothing; a header may still ask otherwise.
  return ttl;
}
