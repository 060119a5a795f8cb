// What a request says besides its question, on every route that runs a model: who asks, how the cache may be used, and
// how a cached answer is replayed. Each dialect reads the question itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ChatRequest, REQUEST_ID } from '../../contract/chat/chat-request.ts';
import type { Config } from '../../contract/config/config.ts';
import { AppError } from '../../contract/errors.ts';
import { quotation, sentence } from '../../contract/sentence.ts';
import type { ChatCall } from '../../core/requests/call.ts';
import { spaceOf } from '../../core/ownership.ts';
import type { CacheWish } from '../../core/cache/policy.ts';
import { REPLAY_MODES, type ReplayMode } from '../../core/cache/replay.ts';
import type { NewId, ReadConfig } from '../../core/ports.ts';
import type { TicketOptions } from '../../core/requests/ticket.ts';
import type { Jobs } from '../../core/stories/jobs/jobs.ts';
import { header } from '../wire/header.ts';
import { pathOf } from '../wire/normalized-path.ts';
import { requestId } from './encode.ts';
import { type HeaderWishes, headerWishes } from '../wire/cache-headers.ts';
import { modeAsked, tellMode } from './mode-asked.ts';
import { placeOf, type Standing } from './queue-place.ts';
import { isAskedAgain, isHandedOn, shownKey, ownerOf } from '../door/caller.ts';

/** Body fields of Hearth itself, accepted on every route and never sent to Ollama. */
export type CacheFields = Pick<ChatRequest, 'use_cache' | 'cache' | 'priority'>;

/** The caller's own request id when it is well formed. */
export function callersId(req: IncomingMessage): string | undefined {
  const id = header(req, 'x-request-id');
  return id !== undefined && REQUEST_ID.test(id) ? id : undefined;
}

/** The caller's identity and limits, the same on every route. */
export function askerOf(
  req: IncomingMessage,
  { cache }: CacheFields,
): Pick<ChatCall, 'owner' | 'maxActive' | 'namespace' | 'isHandedOn'> {
  const owner = ownerOf(req);
  return {
    owner,
    maxActive: shownKey(req)?.max_active,
    namespace: spaceOf(owner, cache?.namespace),
    ...(isHandedOn(req) ? { isHandedOn: true } : {}),
  };
}

/** What ticketOf needs. */
export interface AskingParts {
  readonly config: ReadConfig;
  readonly jobs: Pick<Jobs, 'taken'>;
  readonly newId: NewId;
}

/** The ticket options that are known when a request in a foreign dialect arrives. */
export function ticketOf(
  { config, jobs, newId }: AskingParts,
  req: IncomingMessage,
  res: ServerResponse,
  asked: Omit<Standing, 'ours'> & { readonly ours: CacheFields },
): TicketOptions & Pick<ChatCall, 'namespace' | 'isHandedOn'> {
  // Live requests never share an id: if a client reuses the id of a live request, the new one gets another id inside.
  const id = requestId(res);
  const mode = modeAsked(req, config());
  tellMode(res, mode);
  return {
    id: jobs.taken(id) ? newId() : id,
    anyId: true,
    route: pathOf(req),
    model: asked.request.model,
    mode,
    ...askerOf(req, asked.ours),
    ...placeOf(req, asked, config()),
  };
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

/** "Run again" must not get the cached answer of the first run. */
const ANEW: CacheWish = { read: false, onlyIfCached: false, again: true };

/** Cache wishes of a request: from its body, then from its headers. */
export function wishesOf(req: IncomingMessage, said: CacheWish, { cache }: Config): HeaderWishes {
  const { wishes, ignored } = headerWishes(req.headers, cache.honor_request_cache_control);
  return { wishes: [...(isAskedAgain(req) ? [ANEW] : []), said, ...wishes], ignored };
}

export function bodyWish({ use_cache, cache }: CacheFields): CacheWish {
  const ttl = cache?.ttl === undefined ? {} : { ttl: cache.ttl };
  if (use_cache === false || cache?.['no-store'] === true) return { read: false, store: false };
  if (cache?.['no-cache'] === true) return { read: false, store: true, ...ttl };
  // use_cache: true is the default and adds no wish; a header may still ask for something else.
  return ttl;
}
