// The one table of error codes and the one error class. Errors are thrown anywhere inside and encoded once at each edge
// (HTTP, IPC, command line); this file knows no edge.
import { z } from 'zod';
import { Sentence } from './sentence.ts';

interface CodeInfo {
  /** HTTP status on Hearth's own and on Ollama's routes. */
  readonly status: number;
  /** Whether the same request may succeed later unchanged. */
  readonly retryable: boolean;
  /** When it is sent; source of the table in docs/errors.md. */
  readonly when: string;
}

/** Every code that can leave the process. The table of docs/errors.md is made from it. */
export const ERRORS = {
  invalid_request: {
    status: 400,
    retryable: false,
    when: 'The body or a parameter is wrong; the sentence names the field, what came and what is allowed.',
  },
  unauthorized: { status: 401, retryable: false, when: 'A key is missing or wrong.' },
  upstream_unauthorized: {
    status: 401,
    retryable: false,
    when: 'Ollama, or a proxy before it, wants a key from Hearth or another one: set ollama.api_key or ollama.headers.',
  },
  forbidden: { status: 403, retryable: false, when: 'The key does not cover this route.' },
  upstream_forbidden: {
    status: 403,
    retryable: false,
    when: 'Ollama, or a proxy before it, does not let Hearth in; the sentence says what to set.',
  },
  management_disabled: {
    status: 403,
    retryable: false,
    when: 'A web page or another machine wants to change the installed models; set server.allow_management to allow it.',
  },
  host_not_allowed: { status: 403, retryable: false, when: 'The Host header names another machine (DNS rebinding).' },
  origin_not_allowed: {
    status: 403,
    retryable: false,
    when: 'A web page from another origin asks; add it to cors.allowed_origins to let it in.',
  },
  not_found: { status: 404, retryable: false, when: 'There is no such route.' },
  model_not_found: {
    status: 404,
    retryable: false,
    when: 'The model is not installed; names near ones and the pull command.',
  },
  request_not_found: { status: 404, retryable: false, when: 'No request has this id.' },
  file_not_found: { status: 404, retryable: false, when: 'No file has this id.' },
  pull_not_found: { status: 404, retryable: false, when: 'No download of this model is in line.' },
  batch_not_found: { status: 404, retryable: false, when: 'No batch has this id.' },
  method_not_allowed: {
    status: 405,
    retryable: false,
    when: 'The route exists but not with this method; Allow lists the methods.',
  },
  not_cancellable: { status: 409, retryable: false, when: 'The request, or the batch, has already ended.' },
  file_in_use: { status: 409, retryable: false, when: 'A batch that has not ended needs this file.' },
  request_exists: { status: 409, retryable: false, when: 'Another request has this id.' },
  text_not_kept: {
    status: 409,
    retryable: false,
    when: 'What a request asked is no longer there, so that it cannot be asked again.',
  },
  request_gone: { status: 410, retryable: false, when: 'The result was kept for queue.retention_seconds and is gone.' },
  too_large: {
    status: 413,
    retryable: false,
    when: 'The body is over server.max_body_mb, or a file for batches over files.max_file_mb.',
  },
  files_full: {
    status: 413,
    retryable: false,
    when: 'The files for batches take all of files.max_total_mb, or are as many as files.max_count; delete some.',
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    when: 'A browser sent something that is not JSON, or the body is packed in an unknown way.',
  },
  client_limit: { status: 429, retryable: true, when: 'One caller is over its share.' },
  cancelled: { status: 499, retryable: false, when: 'The caller left, or the request was cancelled.' },
  internal: { status: 500, retryable: true, when: 'A bug; the cause is in the log under the request id.' },
  file_damaged: {
    status: 500,
    retryable: false,
    when: 'A file for batches is not on the disk as it was written there; hand it in, or ask what it answers, again.',
  },
  upstream_unreachable: {
    status: 502,
    retryable: true,
    when: 'Ollama refused the connection or reset it, or a proxy before it says that it is not there.',
  },
  upstream_failed: {
    status: 502,
    retryable: true,
    when: 'Ollama answered with an error, with bad NDJSON, or stopped before the end of the answer. Not retryable where it always would.',
  },
  leader_lost: {
    status: 502,
    retryable: true,
    when: 'The gateway of the fleet that ran the answer is gone in the middle of it, or Valkey is. Asked again, another one runs it.',
  },
  upstream_untrusted: {
    status: 502,
    retryable: false,
    when: 'The certificate at ollama.api_url is not believed, or ollama.ca_file cannot be used.',
  },
  no_store: {
    status: 503,
    retryable: false,
    when: 'A job or a file cannot be kept, since SQLite cannot be loaded on this machine; the sentence says what to do.',
  },
  disk_away: {
    status: 503,
    retryable: true,
    when: 'The disk cannot be used now, and files and batches are kept nowhere else; Hearth looks again every 15 s.',
  },
  queue_full: {
    status: 503,
    retryable: true,
    when: 'The queue, or Ollama itself, has no place left; Retry-After says when to come back.',
  },
  pulls_full: {
    status: 409,
    retryable: true,
    when: 'As many downloads of models as may stand in line do so; cancel one, or wait until one has ended.',
  },
  overloaded: {
    status: 503,
    retryable: true,
    when: 'Bodies and answers under way fill server.max_inflight_mb, or no file handle is left to ask Ollama with; Retry-After says when to come back.',
  },
  queue_timeout: {
    status: 503,
    retryable: true,
    when: 'The request waited longer than queue.max_wait_ms, for its turn or for Ollama to come back.',
  },
  interrupted: {
    status: 503,
    retryable: true,
    when: 'Only in the list of requests: Hearth ended while the request lived, and could not say how it went on.',
  },
  shutting_down: { status: 503, retryable: true, when: 'The gateway is stopping.' },
  fleet_unreachable: {
    status: 503,
    retryable: true,
    when: 'The Valkey of the fleet does not answer, and it keeps the jobs; with the same requestId a job that is sent again is the same one.',
  },
  breaker_open: {
    status: 503,
    retryable: true,
    when: 'Ollama failed to connect three times; Hearth tries again by itself.',
  },
  not_cached: {
    status: 504,
    retryable: false,
    when: 'There is no kept answer, and only-if-cached was asked; or Hearth replays a recording that has none, and the sentence says how the nearest question differs.',
  },
  first_token_timeout: {
    status: 504,
    retryable: true,
    when: 'Nothing came from the model within ollama.first_token_timeout_seconds, or of what Ollama answers at once within ollama.connect_timeout_ms.',
  },
  idle_timeout: { status: 504, retryable: true, when: 'The model stopped in the middle for ollama.timeout_seconds.' },
} as const satisfies Record<string, CodeInfo>;

export type ErrorCode = keyof typeof ERRORS;
export const errorCodeSchema = z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]);

/** The errors of a model run, on every route that has one. */
export const RUN_ERRORS: readonly ErrorCode[] = [
  'invalid_request',
  'model_not_found',
  'too_large',
  'unsupported_media_type',
  'overloaded',
  'queue_full',
  'queue_timeout',
  'breaker_open',
  'shutting_down',
  'not_cached',
  'upstream_unreachable',
  'upstream_unauthorized',
  'upstream_forbidden',
  'upstream_untrusted',
  'upstream_failed',
  'first_token_timeout',
  'idle_timeout',
];

/** An error on Hearth's own routes and on Ollama's; `error` is a string because Ollama's clients expect one. */
export const wireErrorSchema = z.object({
  error: z.string(),
  code: errorCodeSchema,
  request_id: z.string(),
  retryable: z.boolean(),
});
export type WireError = z.infer<typeof wireErrorSchema>;

interface More {
  /** Milliseconds until a retry makes sense; becomes the Retry-After header. */
  readonly retryAfterMs?: number;
  /** The Retry-After header of Ollama or a proxy in front of it, in seconds or as a date; wins over Hearth's own. */
  readonly retryAfter?: string | undefined;
  /** Whether the same request may succeed later, if this error knows better than its code. */
  readonly retryable?: boolean | undefined;
  /** The underlying error; logged, never sent to the caller. */
  readonly cause?: unknown;
  /** The error in Ollama's own words. */
  readonly native?: NativeError;
  /** The connection to Ollama was open, and broke before the answer was complete. */
  readonly broke?: boolean;
}

/** An error in Ollama's own words, for the routes in its dialect: clients compare status and text. */
export interface NativeError {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * An expected failure. Any other thrown value is a bug and is shown as `internal`. The message is a whole sentence for
 * the caller: what is wrong, then what to do. If it quotes the caller's input, it is made with `sentence`, so that the
 * log can leave that out.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly retryAfter: string | undefined;
  /** Whether the same request may succeed later unchanged. */
  readonly retryable: boolean;
  readonly native: NativeError | undefined;
  readonly broke: boolean;
  /** The message for the log. */
  readonly logged: string;

  constructor(code: ErrorCode, message: string | Sentence, more: More = {}) {
    const { told, logged } = message instanceof Sentence ? message : new Sentence(message, message);
    super(told, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.logged = logged;
    this.retryAfterMs = more.retryAfterMs;
    this.retryAfter = more.retryAfter;
    this.retryable = more.retryable ?? ERRORS[code].retryable;
    this.native = more.native;
    this.broke = more.broke ?? false;
  }

  /** HTTP status of this code. */
  get status(): number {
    return ERRORS[this.code].status;
  }
}

/** Converts any thrown value to an AppError; other values become `internal` with the original as cause. */
export function asAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('internal', 'Hearth made a mistake. Its log has the cause under this request id.', {
    cause: error,
  });
}

/**
 * Log fields of a failure beside its message: for a bug its cause, with the stack. The message explains an expected
 * failure completely, and a stack would make it look like a bug.
 */
export function faultOf(error: unknown): { readonly err?: unknown } {
  const { code, cause } = asAppError(error);
  return code === 'internal' ? { err: cause } : {};
}

/** The body that a caller sees. */
export function toWire(error: AppError, requestId: string): WireError {
  return { error: error.message, code: error.code, request_id: requestId, retryable: error.retryable };
}

/**
 * The Retry-After header: an upstream's as it came, Hearth's own in whole seconds, rounded up and limited to 1 to 120.
 */
export function retryAfterOf({ retryAfter, retryAfterMs }: AppError): string | undefined {
  if (retryAfter !== undefined || retryAfterMs === undefined) return retryAfter;
  return String(Math.min(120, Math.max(1, Math.ceil(retryAfterMs / 1000))));
}

/** For switches over unions: fails to compile when a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
