// Turns failures of Ollama into the AppError and the message that a caller sees. Pure: nothing here waits or reads.
// Ollama's own words for 400 and 503 are quoted unchanged, since clients of Ollama look for them.
import { AppError, type ErrorCode, type NativeError } from '../contract/errors.ts';
import { withoutUserinfo } from '../contract/secret.ts';
import { sentence, type Sentence } from '../contract/sentence.ts';
import { LOOP_STATUS, pointsAtItself } from '../contract/via-loop.ts';
import { notInstalled } from '../core/models/names.ts';
import type { Access } from './access.ts';
import { denied, isDenied } from './denied.ts';
import { isPage, parsed, quote, saidBy, type Body } from './error-body.ts';
import { checkUrl, startOrSet, urlSetting, whoIs, type Whose } from './upstream-label.ts';

/** Milliseconds until a retry, for a caller when Ollama did not say when. */
const BUSY_RETRY_MS = 5000;

/** An HTTP answer that is not 2xx. */
export interface Refusal extends Body {
  readonly status: number;
  /** Retry-After as it came, in seconds or as a date. */
  readonly retryAfter: string | undefined;
  /** Target of a 3xx redirect. */
  readonly location: string;
}

/** The message without its advice, for a user who is just setting the address. */
export function withoutAdvice(sentence: string): string {
  return sentence.replace(startOrSet({}), '').replace(checkUrl({}), '');
}

/**
 * The error when nobody answers: connection refused or reset before a header, unknown name, no answer in time. `error`
 * is undici's or Node's. overloaded if this process has no file handle left.
 */
export function unreachable(whose: Whose, error: unknown): AppError {
  const code = codeOf(error);
  if (NO_HANDLES.has(code)) return withoutHandles(error);
  // A server that does not speak HTTP, or speaks TLS unexpectedly, is not down: the address is wrong.
  if (/^HPE|^ERR_SSL|^EPROTO$/.test(code)) return notOllama(whose, 'it does not speak the expected protocol', error);
  const why = WHY[code] ?? ` (${code})`;
  const words = `${whoIs(whose)} does not answer at ${whose.url}${why}.${startOrSet(whose)}`;
  return new AppError('upstream_unreachable', words, { cause: error, broke: why === CLOSED });
}

const CLOSED = ' (it closed the connection)';

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: '',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  UND_ERR_SOCKET: CLOSED,
  ENOTFOUND: ' (the name is not known)',
  EAI_AGAIN: ' (the name is not known)',
  UND_ERR_CONNECT_TIMEOUT: ' within ollama.connect_timeout_ms',
};

/** The limits of this process, and of the machine. */
const NO_HANDLES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);
/** Connections end, and then handles are free again. */
const HANDLES_RETRY_MS = 2000;

/** No connection could be opened at all, which says nothing about Ollama. */
function withoutHandles(error: unknown): AppError {
  const words =
    'Ollama cannot be asked, since no file handles are left. Close some connections, or allow Hearth more (ulimit -n, LimitNOFILE).';
  return new AppError('overloaded', words, { cause: error, retryAfterMs: HANDLES_RETRY_MS });
}

/** The last probe found nobody; `reason`: the message of that probe. */
export function nobodyThere(whose: Whose, reason: string | undefined): AppError {
  return new AppError('upstream_unreachable', reason ?? `${whoIs(whose)} does not answer at ${whose.url}.`);
}

/** The breaker stays open for `waitMs` milliseconds. */
export function notAgainYet(whose: Whose, waitMs: number): AppError {
  const words = `${whoIs(whose)} did not answer at ${whose.url} several times in a row. Hearth tries again by itself; come back in ${Math.ceil(waitMs / 1000)} s.`;
  return new AppError('breaker_open', words, { retryAfterMs: waitMs });
}

/** A lookup that Ollama answers at once timed out. */
export function noAnswer(whose: Whose): AppError {
  return unreachable(whose, Object.assign(new Error('no answer in time'), { code: 'UND_ERR_CONNECT_TIMEOUT' }));
}

/** Statuses by which a proxy says that the server behind it does not answer (RFC 9110, 15.6.3 to 15.6.5). */
const BEHIND_PROXY: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * A proxy answers in place of Ollama, which counts as unreachable: requests may wait while Ollama restarts behind it.
 */
function nobodyBehind(whose: Whose, refusal: Refusal, more: Verdict & { readonly cause: Error }): AppError {
  const words = quote(isPage(refusal) ? '' : refusal.text.trim());
  const which = `a proxy before it answers HTTP ${refusal.status}`;
  const why = words.told === '' ? sentence`${which}` : sentence`${which}: ${words}`;
  const all = sentence`${whoIs(whose)} does not answer at ${whose.url} (${why}).${startOrSet(whose)}`;
  // Only 502 may mean that Ollama was there and went away during the request.
  return new AppError('upstream_unreachable', all, { ...more, broke: refusal.status === 502 });
}

/** Codes of another Hearth whose own Ollama does not answer, or that is about to stop. */
const AWAY_BEHIND: ReadonlySet<unknown> = new Set<ErrorCode>(['upstream_unreachable', 'breaker_open', 'shutting_down']);

/** The error code in an answer that has a Hearth's form. */
function codeOfHearth(text: string): unknown {
  const body = parsed(text);
  if (typeof body !== 'object' || body === null || !('request_id' in body) || !('code' in body)) return undefined;
  return body.code;
}

/** Another Hearth answers in place of its Ollama, as a proxy would: unreachable. */
function awayBehind(whose: Whose, said: string, more: Verdict & { readonly cause: Error }): AppError {
  const words = sentence`${whoIs(whose)} is behind another Hearth at ${whose.url}, which says: ${quote(said)}`;
  return new AppError('upstream_unreachable', words, more);
}

/**
 * A server that is not Ollama answers, and will go on doing so unless `verdict` says otherwise; `what` names the
 * evidence.
 */
export function notOllama(whose: Whose, what: string, cause?: unknown, verdict: Partial<Verdict> = {}): AppError {
  const words = `The address ${whose.url} answers, but not as Ollama does (${what}).${checkUrl(whose)}`;
  return new AppError('upstream_failed', words, { cause, retryable: false, ...verdict });
}

/** The connection broke after the answer had begun. */
export function cutShort(error: unknown): AppError {
  const words = 'Ollama stopped in the middle of the answer and closed the connection. Its log may say why.';
  return new AppError('upstream_failed', words, { cause: error, broke: true });
}

/** The answer ended regularly, but its last line is not Ollama's, or it had no line. */
export function notDone(): AppError {
  return new AppError('upstream_failed', 'Ollama ended the answer without saying that it was done. Try again.');
}

/** A line or field that breaks Ollama's interface; `what` completes "Ollama sent …". */
export function malformed(what: string, cause?: unknown): AppError {
  return new AppError('upstream_failed', `Ollama sent ${what}. Try again; its log may say why.`, { cause });
}

export function tooLong(maxMb: number): AppError {
  return new AppError('upstream_failed', `The answer is longer than ollama.max_answer_mb (${maxMb} MB).`);
}

/** An `{"error"}` line inside the stream; `line` is the whole line. */
export function saidInStream(line: string): AppError {
  const said = saidBy(line) ?? line;
  const more = { ...ownWords(500, line), retryable: mayPass(500, said) };
  return new AppError('upstream_failed', sentence`Ollama reported an error: ${quote(said)}`, more);
}

/** The body itself if it is an error in Ollama's form, for callers who speak its dialect. */
function ownWords(status: number, text: string): { readonly native?: NativeError } {
  const body = parsed(text);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {};
  // A string on Ollama's own routes, an object on OpenAI's.
  const { error } = body as { error?: unknown };
  const isError = typeof error === 'string' || (typeof error === 'object' && error !== null);
  return isError ? { native: { status, body: { ...body } } } : {};
}

/** Ollama accepted a lookup that it usually answers at once and sent nothing. That says nothing of its other routes. */
export function silent(whose: Whose, ms: number): AppError {
  const words = `${whoIs(whose)} at ${whose.url} took the question and said nothing for ${ms / 1000} s (ollama.connect_timeout_ms). Try again.`;
  return new AppError('first_token_timeout', words);
}

export function firstTokenLate(seconds: number): AppError {
  return new AppError(
    'first_token_timeout',
    `The model sent nothing for ${seconds} s (ollama.first_token_timeout_seconds). It may still be loading; try again.`,
  );
}

export function idle(seconds: number): AppError {
  return new AppError('idle_timeout', `The model stopped in the middle for ${seconds} s (ollama.timeout_seconds).`);
}

/**
 * Errors that Ollama reports as 500 although the request is wrong for good (api/types.go FromMap, llm/server.go,
 * template).
 */
const WRONG_BODY = /^(?:option "[^"]*" must be of type |invalid format: |template: )/;
/** Errors that Ollama reports as 500 or 501 when a model cannot do what is asked. */
const UNABLE = /^This server does not support /;

/** Statuses below 500 that are temporary (RFC 9110, 15.5.9; RFC 8470; RFC 6585). */
const PASSING = new Set([408, 425, 429]);

/** Whether the same request may succeed later. */
function mayPass(status: number, said = ''): boolean {
  if (status < 500) return PASSING.has(status);
  return status !== 501 && !WRONG_BODY.test(said) && !UNABLE.test(said);
}

/** Whether and when to retry, according to a refusal. */
interface Verdict {
  readonly retryable: boolean;
  readonly retryAfter: string | undefined;
}

/**
 * Maps Ollama's status and words to a code of Hearth (ollama server/routes.go, section "Errors"), also those of a proxy
 * in front of it or of another program that imitates Ollama.
 */
export function refused(access: Access, model: string | undefined, refusal: Refusal): AppError {
  const { status } = refusal;
  if (isDenied(status)) return denied(access, status, refusal);
  const { url: apiUrl } = access;
  const { text } = refusal;
  const said = saidBy(text);
  // Kept for the log: the answer, word for word.
  const cause = new Error(`HTTP ${status} from ${apiUrl}: ${quote(text).told}`);
  const verdict: Verdict = { retryable: mayPass(status, said), retryAfter: asRetryAfter(refusal.retryAfter) };
  const more = { cause, ...verdict, ...ownWords(status, text) };
  if (status === LOOP_STATUS) return pointsAtItself(apiUrl, urlSetting(access));
  if (status < 400) return notOllama(access, `it redirects to ${placeIn(refusal.location) || 'nowhere'}`, cause);
  const inner = codeOfHearth(text);
  if (said !== undefined && AWAY_BEHIND.has(inner)) return awayBehind(access, said, { cause, ...verdict });
  if (status === 429 || (status === 503 && (said ?? verdict.retryAfter) !== undefined)) {
    const why = quote(said ?? `${whoIs(access)} at ${apiUrl} has no room now (HTTP ${status}). Try again later.`);
    return new AppError('queue_full', why, { retryAfterMs: BUSY_RETRY_MS, ...inOurWords(status, why), ...more });
  }
  if (said === undefined && BEHIND_PROXY.has(status))
    return nobodyBehind(access, { ...refusal, text }, { cause, ...verdict });
  if (isPage(refusal)) return notOllama(access, `a web page with HTTP ${status}`, cause, verdict);
  if (status === 404 && said === undefined) return notOllama(access, 'HTTP 404', cause);
  if (status === 404 && model !== undefined && /not found/i.test(said ?? '')) {
    return new AppError('model_not_found', notInstalled(model, []), more);
  }
  if (said !== undefined && (status === 400 || WRONG_BODY.test(said))) {
    return new AppError('invalid_request', quote(said), more);
  }
  const words = quote(said ?? text.trim());
  const begin = `${whoIs(access)} answered with an error (HTTP ${status})`;
  return new AppError('upstream_failed', words.told === '' ? `${begin}.` : sentence`${begin}: ${words}`, more);
}

/** The target of a redirect, without what follows its path: that may hold a secret of a sign-in page. */
function placeIn(location: string): string {
  return quote(withoutUserinfo(location).replace(/[?#].*$/s, '')).told;
}

/** For callers in Ollama's dialect: keeps a status that means something to clients although it came without text. */
function inOurWords(status: number, { told }: Sentence): { readonly native: NativeError } {
  return { native: { status, body: { error: told } } };
}

/** A valid Retry-After: a number of seconds or a date (RFC 9110, 10.2.3). */
function asRetryAfter(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w ,:+-]{1,40}$/.test(text) ? text : undefined;
}

/** The error code of Node or undici; undici's parser errors may have only a name. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'HTTPParserError') return 'HPE';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
