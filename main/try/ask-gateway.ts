// Asks the running gateway over HTTP, as every app asks it, and reads the answer while it comes. Its connections are on no network,
// so that it needs no key wherever the gateway listens. It knows nothing of the window.
import { request, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { SOURCES, timingSchema, usageSchema, type Source } from '../../backend/contract/chat/chat.ts';
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import { detailedRequestSchema } from '../../backend/contract/views/control.ts';
import { AppError, errorCodeSchema, wireErrorSchema } from '../../backend/contract/errors.ts';
import { t } from '../../words/texts.ts';

/** Under this name the list of requests has it: a program is known by its User-Agent. */
const CALLER = 'Hearth';
/** Somebody watches the answer come. */
const CLASS: QueueClass = 'interactive';
const ROUTE = '/api/chat-optimized';
const LINE = 'data: ';

export interface Question {
  readonly model: string;
  /** With what was said before. */
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
}

/** One line of a streamed answer, as far as it is read here. */
const lineSchema = z.object({
  content: z.string().default(''),
  thinking: z.string().default(''),
  done: z.boolean(),
  request_id: z.string().optional(),
  source: z.enum(SOURCES).optional(),
  usage: usageSchema.optional(),
  timing: timingSchema.optional(),
  cached_at: z.string().optional(),
  saved_ms: z.number().optional(),
  error: z.string().optional(),
  code: errorCodeSchema.optional(),
});
export type AnswerLine = z.infer<typeof lineSchema>;

export interface GatewayAnswer {
  /** Undefined where it is told at the end alone. */
  readonly source: Source | undefined;
  /** Ends with the line that is `done`. Throws an AppError with the gateway's own sentence, or what `signal` was aborted with. */
  readonly lines: AsyncGenerator<AnswerLine, void, undefined>;
}

/** A connection to the gateway, for one request. */
export type Connect = () => Duplex;

/** Aborting `signal` leaves it at once. Throws as `lines` does. */
export async function askGateway(connect: Connect, question: Question, signal: AbortSignal): Promise<GatewayAnswer> {
  const body = JSON.stringify({ ...question, stream: true, priority: CLASS });
  const response = await send(connect, { path: ROUTE, signal, body });
  return { source: sourceIn(response), lines: linesOf(response, signal) };
}

/** Who began the run that a request shares; undefined where it shares none. Throws as askGateway does. */
export async function beganRunOf(
  connect: Connect,
  requestId: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const response = await send(connect, { path: `/api/requests/${encodeURIComponent(requestId)}`, signal });
  return detailedRequestSchema.parse(JSON.parse(await textOf(response))).detail?.run_of;
}

interface Sending {
  readonly path: string;
  readonly signal: AbortSignal;
  readonly body?: string;
}

async function send(connect: Connect, { path, signal, body }: Sending): Promise<IncomingMessage> {
  const type = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }; // prettier-ignore
  const headers = { accept: 'text/event-stream, application/json', 'user-agent': CALLER, ...type };
  const method = body === undefined ? 'GET' : 'POST';
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sending = request({ path, method, headers, signal, createConnection: connect }, resolve);
    sending.on('error', (cause) => reject(brokenOff(signal, cause)));
    sending.end(body);
  });
  if ((response.statusCode ?? 500) < 400) return response;
  throw refusalIn(await textOf(response).catch((cause: unknown) => Promise.reject(brokenOff(signal, cause))));
}

async function* linesOf(response: IncomingMessage, signal: AbortSignal): AsyncGenerator<AnswerLine, void, undefined> {
  let rest = '';
  try {
    for await (const part of response.setEncoding('utf8')) {
      const parts = (rest + String(part)).split('\n');
      rest = parts.pop() ?? '';
      for (const text of parts) {
        if (!text.startsWith(LINE)) continue;
        const line = lineSchema.parse(JSON.parse(text.slice(LINE.length)));
        if (line.error !== undefined) throw new AppError(line.code ?? 'internal', line.error);
        yield line;
        if (line.done) return;
      }
    }
  } catch (cause) {
    throw cause instanceof AppError ? cause : brokenOff(signal, cause);
  } finally {
    response.destroy();
  }
  throw brokenOff(signal);
}

/** X-Cache says it in capitals, and REFRESH where the cache was passed by to keep a newer answer. */
function sourceIn({ headers }: IncomingMessage): Source | undefined {
  const word = String(headers['x-cache'] ?? '').toLowerCase();
  return word === 'refresh' ? 'bypass' : SOURCES.find((source) => source === word);
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return text;
}

function refusalIn(text: string): AppError {
  const { error, code } = wireErrorSchema.parse(JSON.parse(text));
  return new AppError(code, error);
}

function brokenOff(signal: AbortSignal, cause?: unknown): unknown {
  if (signal.aborted) return signal.reason;
  return new AppError('shutting_down', t('try.gateway_stopped'), { cause });
}
