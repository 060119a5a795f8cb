// Passes on every route of Ollama that no dialect here answers, unchanged. A request that can run a model waits in the
// queue for a lease (dialect/hand-on.ts); every other request goes up at once. Routes that change the models on disk
// are open to programs of this machine alone.
// GET, HEAD, and the routes that the table marks as "look" or "manage" run nothing. On every other route the `model`
// field of the body decides, read as Ollama reads it: from JSON, or from a form with a file (as
// /v1/audio/transcriptions takes). Such a body is read whole, up to server.max_body_mb, as on every route that runs a
// model. A body of another type, such as an upload, names no model and is streamed up as it arrives.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { HEARTH_HEADER } from '../contract/behind.ts';
import { AppError } from '../contract/errors.ts';
import { meantModel } from '../core/models/profiles.ts';
import type { ReadConfig } from '../core/ports.ts';
import type { Machines } from '../core/stories/machines/machine-choice.ts';
import { callerOf, ownerOf, shownKey } from './door/caller.ts';
import { checkManagement, isManagement, ruleOf } from './door/management.ts';
import { onGone } from './dialect/encode.ts';
import { exchange, hasBody } from './dialect/relayed.ts';
import { handOn, type AskedUnchanged, type HandOnParts } from './dialect/hand-on.ts';
import { runIn } from './dialect/named-model.ts';
import { profilesShown } from './profile-looks.ts';
import { readBody } from './wire/body.ts';
import { taken } from './wire/give.ts';
import { normalizedPath, pathOf } from './wire/normalized-path.ts';

export interface PassParts extends HandOnParts {
  readonly config: ReadConfig;
  readonly machines: Pick<Machines, 'relay' | 'watch'>;
  /** Version of this Hearth. */
  readonly version: string;
}

const MB = 1024 * 1024;

/**
 * Answers a request with Ollama's answer. Throws management_disabled, client_limit, shutting_down, too_large,
 * upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_failed, cancelled, and for a run what
 * handOn throws. A failure after the first byte has already ended the answer.
 */
export async function passThrough(parts: PassParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  checkManagement(parts.config().server.allow_management, req);
  // A request that may run a model counts against its key's max_active from its arrival. Reads are not counted.
  const maxActive = isReading(req) ? undefined : shownKey(req)?.max_active;
  const handedOn = parts.requests.handOn({ owner: ownerOf(req), caller: callerOf(req), maxActive });
  onGone(res, () => handedOn.cancel(new AppError('cancelled', 'The caller left.')));
  let run: AskedUnchanged | undefined;
  try {
    const looked = await profilesShown(parts, req, res, handedOn.signal);
    if (looked === 'answered') return await taken(res);
    const bytes =
      looked ??
      (mayRun(req) ? await readBody(req, parts.config().server.max_body_mb * MB, handedOn.signal) : undefined);
    run = bytes === undefined ? undefined : await runIn(bytes, req);
    if (
      run === undefined ||
      !(await parts.handedOnRuns.canRun(meantModel(parts.config().models, run.request.model), handedOn.signal))
    ) {
      run = undefined;
      await passAtOnce(parts, req, res, bytes ?? 'unread', handedOn.signal);
    }
  } finally {
    handedOn.end();
  }
  if (run !== undefined) await handOn(parts, req, res, run);
}

async function passAtOnce(
  { machines, version }: PassParts,
  req: IncomingMessage,
  res: ServerResponse,
  body: Buffer | 'unread',
  signal: AbortSignal,
): Promise<void> {
  const { relay, watch } = machines;
  // This header tells another Hearth that it talks to a Hearth and not to a bare Ollama.
  if (pathOf(req) === '/api/version') res.setHeader(HEARTH_HEADER, version);
  const manages = isManagement(req.method ?? 'GET', req.url ?? '/');
  const kind = isReading(req) ? 'look' : manages ? 'work' : 'run';
  // The caller's next request must not see old digests. A copy or deletion is done when the headers arrive, a pull when
  // its stream says "success". A connection that broke off may have changed something too.
  const renew = (): void => void (manages && watch.invalidate());
  try {
    await exchange(
      relay,
      req,
      res,
      { body, kind, begun: renew, passing: (piece) => Buffer.from(piece).includes('"success"') && renew() },
      signal,
    );
  } finally {
    renew();
  }
  // The request ends only when the client has read the rest: a Hearth that stops waits for that.
  await taken(res);
}

/** Whether a body may name a model to run: by its route, and by its content type where the route is unknown. */
function mayRun(req: IncomingMessage): boolean {
  if (isReading(req) || !hasBody(req)) return false;
  const path = normalizedPath(req.url ?? '/');
  const rule = path === undefined ? undefined : ruleOf(path);
  if (rule !== undefined && rule.does !== 'run') return false;
  const known = rule !== undefined && !rule.path.endsWith('/:rest');
  return known || READABLE.test(req.headers['content-type'] ?? '');
}

/** No type, JSON, text, or a form. `curl -d` sends JSON as a form. */
const READABLE = /^$|json|^\s*(?:text\/|multipart\/form-data|application\/x-www-form-urlencoded)/i;

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';
