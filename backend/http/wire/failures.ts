// The form of a failure in each dialect: its status, its body, and its last piece in a stream that has begun. Pure;
// encode.ts decides when it is sent, and contract/errors.ts has the codes and their meaning.
import { assertNever, toWire, type AppError, type ErrorCode } from '../../contract/errors.ts';
import type { Dialect } from '../../contract/routes.ts';

/** A failure, ready to be sent. */
export interface Failure {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** Sent instead when the answer has begun: one more piece or line. */
  readonly lastPiece: Readonly<Record<string, unknown>>;
  /** The event name of that piece, in dialects that name events. */
  readonly lastName?: string;
}

/**
 * Renders an error. `requestId` goes into the body where the dialect has a field for it; `number` is the sequence
 * number of the next piece, where pieces are numbered.
 */
export function failureOf(error: AppError, dialect: Dialect, requestId: string, number = 0): Failure {
  switch (dialect) {
    case 'own': {
      const lastPiece = { error: error.message, code: error.code, done: true, cached: false };
      return { status: error.status, body: { ...toWire(error, requestId) }, lastPiece };
    }
    case 'ollama': {
      // Ollama's own words first, as its clients compare them; Hearth's fields beside them.
      const words = error.native?.body ?? { error: error.message };
      const { code, request_id, retryable } = toWire(error, requestId);
      const body = { ...words, code, request_id, retryable };
      return { status: error.native?.status ?? error.status, body, lastPiece: { ...words } };
    }
    case 'openai': {
      const { status, body } = openAiFailure(error);
      return { status, body, lastPiece: body };
    }
    case 'responses': {
      const { status, body } = openAiFailure(error);
      const { message, code, param } = body.error;
      // Flat as in OpenAI's reference, and nested as OpenAI's server sends it (openai-dotnet#881): clients read either.
      const lastPiece = { type: 'error', code, message, param, sequence_number: number, ...body };
      return { status, body, lastPiece, lastName: 'error' };
    }
    case 'anthropic': {
      const status = error.native?.status ?? error.status;
      const type = ANTHROPIC_TYPES[status] ?? 'api_error';
      const body = { type: 'error', error: { type, message: words(error) }, request_id: requestId };
      return { status, body, lastPiece: body, lastName: 'error' };
    }
    default:
      return assertNever(dialect);
  }
}

function openAiFailure(error: AppError) {
  const status = openAiStatus(error);
  const body = {
    error: { message: words(error), type: openAiType(error.code, status), param: null, code: own(error) },
  };
  return { status, body };
}

/** Ollama's words, if there are any. */
function words({ native, message }: AppError): string {
  const said: unknown = native?.body['error'];
  if (typeof said === 'string') return said;
  const inside: unknown = (Object(said) as { message?: unknown }).message;
  return typeof inside === 'string' ? inside : message;
}

/** OpenAI's clients take 429 for "retry later" and wait by themselves (openai-node: retries). */
function openAiStatus({ code, status, native }: AppError): number {
  return code === 'queue_full' ? 429 : (native?.status ?? status);
}

/** Codes that clients must tell from another failure of the same status, whoever reported it. */
const ALWAYS_NAMED: ReadonlySet<ErrorCode> = new Set(['queue_full', 'upstream_unauthorized', 'upstream_forbidden']);

/** `code` is null as in Ollama (openai/openai.go), but Hearth's own code for failures that Ollama does not have. */
function own({ code, native }: AppError): ErrorCode | null {
  return native === undefined || ALWAYS_NAMED.has(code) ? code : null;
}

function openAiType(code: ErrorCode, status: number): string {
  if (status === 429) return 'rate_limit_error';
  if (code === 'unauthorized') return 'authentication_error';
  if (code === 'forbidden') return 'permission_error';
  // As Ollama maps them (openai/openai.go NewError).
  if (status === 400) return 'invalid_request_error';
  return status === 404 ? 'not_found_error' : 'api_error';
}

/** As Ollama maps them (anthropic/anthropic.go); statuses that Ollama never sends have Anthropic's names. */
const ANTHROPIC_TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};
