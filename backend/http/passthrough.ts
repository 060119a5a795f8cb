// Everything that Ollama has and no dialect here answers: handed on as it came. What can run a model waits its turn for a
// lease (dialect/hand-on.ts); only what can't is handed on at once. What changes the models on the disk is for programs of
// this machine alone.
// Which it is: a look (GET, HEAD), and a row of the table that only looks or manages, runs nothing. On every other row
// that is decided by the `model` that the body names, as Ollama would read it: JSON, or a form with a file as
// /v1/audio/transcriptions has it. Such a body is read whole, up to server.max_body_mb as wherever a model runs. A body of
// another type, as an upload is, names none, and is streamed up as it comes.
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
  /** Of this Hearth. */
  readonly version: string;
}

const MB = 1024 * 1024;

/**
 * Answers a request with what Ollama answers to it. Throws management_disabled, client_limit, shutting_down, too_large,
 * upstream_unreachable, upstream_unauthorized, upstream_forbidden, upstream_failed, cancelled, and for a run what handOn
 * throws; once the answer has begun, it has been ended by then.
 */
export async function passThrough(parts: PassParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  checkManagement(parts.config().server.allow_management, req);
  // It may run a model and counts among what its key may have at once, from when it comes; looking costs nothing.
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
  // By this another Hearth knows that it has more than an Ollama before it.
  if (pathOf(req) === '/api/version') res.setHeader(HEARTH_HEADER, version);
  const manages = isManagement(req.method ?? 'GET', req.url ?? '/');
  const kind = isReading(req) ? 'look' : manages ? 'work' : 'run';
  // What its caller asks next must not meet the old digests: a copy or deletion is done when its headers come, a pull when
  // it says so, and what was done when it broke off is done too.
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
  // While its reader takes the rest it has not ended, for who waits for that when Hearth stops.
  await taken(res);
}

/** Whether a body may name a model that runs: by its route, and by its type where the route is not known. */
function mayRun(req: IncomingMessage): boolean {
  if (isReading(req) || !hasBody(req)) return false;
  const path = normalizedPath(req.url ?? '/');
  const rule = path === undefined ? undefined : ruleOf(path);
  if (rule !== undefined && rule.does !== 'run') return false;
  const known = rule !== undefined && !rule.path.endsWith('/:rest');
  return known || READABLE.test(req.headers['content-type'] ?? '');
}

/** No type, JSON, a text, a form, also where JSON is in it, as `curl -d` sends it. */
const READABLE = /^$|json|^\s*(?:text\/|multipart\/form-data|application\/x-www-form-urlencoded)/i;

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';
