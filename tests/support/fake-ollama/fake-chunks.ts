// The JSON of a model run: chunks, the final chunk with its metrics, and their fold into one object for `stream:false`.
// Deliberately no waiting and no failing: fake-run.ts decides what happens when.
import type { Call, Scripted, ScriptedPiece } from './fake-call.ts';
import type { Installed } from './fake-models.ts';
import type { Ticket, Want } from './fake-scheduler.ts';
import { nanoseconds, stamp } from './fake-wire.ts';
import type { Client } from './fake-wire.ts';

/** One accepted model call. */
export interface Run {
  readonly client: Client;
  readonly call: Call;
  readonly shape: 'chat' | 'generate';
  readonly model: Installed;
  /** The model as the request spelled it: echoed in every chunk. */
  readonly spelled: string;
  readonly want: Want;
  readonly stream: boolean;
  readonly script: Scripted;
  readonly pieces: readonly ScriptedPiece[];
  readonly doneReason: string;
  readonly promptTokens: number;
  /** Number of `top_logprobs`, or undefined without logprobs. */
  readonly logprobs: number | undefined;
  /** Without streaming, earlier tool calls are only collected when the request had tools. */
  readonly tools: boolean;
  /** Raw generate requests get no `context` back. */
  readonly raw: boolean;
}

type Piece = Exclude<ScriptedPiece, string>;
type Chunk = Record<string, unknown>;

function headOf(run: Run): Chunk {
  const { remote } = run.model;
  const head = { model: run.spelled, created_at: stamp() };
  return remote
    ? { model: run.spelled, remote_model: remote.model, remote_host: remote.host, created_at: head.created_at }
    : head;
}

/** The part of a chunk that differs between chat and generate. */
function bodyOf(run: Run, piece: Piece): Chunk {
  const { content = '', thinking, tool_calls } = piece;
  const thought = thinking === undefined || thinking === '' ? undefined : { thinking };
  if (run.shape === 'generate') return { response: content, ...thought };
  return { message: { role: 'assistant', content, ...thought, ...(tool_calls && { tool_calls }) } };
}

/** One piece as a chunk of the stream. */
export function chunkOf(run: Run, piece: Piece): Chunk {
  const chunk: Chunk = { ...headOf(run), ...bodyOf(run, piece), done: false };
  if (run.logprobs !== undefined) chunk['logprobs'] = [logprobOf(piece.content ?? '', run.logprobs)];
  return piece.extra ? Object.assign(chunk, piece.extra) : chunk;
}

function logprobOf(token: string, top: number): unknown {
  const one = { token, logprob: -0.25, bytes: [...Buffer.from(token)] };
  return top > 0 ? { ...one, top_logprobs: Array.from({ length: top }, () => one) } : one;
}

/** The chunk with `done:true` and the metrics. Times are `performance.now()` milliseconds: start of the run, first byte. */
export function finalOf(run: Run, ticket: Ticket, startedAt: number, firstAt: number): Chunk {
  const { call, script } = run;
  const now = performance.now();
  const toolCalls =
    run.shape === 'generate'
      ? run.pieces.flatMap((piece) => (typeof piece === 'string' ? [] : (piece.tool_calls ?? [])))
      : [];
  return {
    ...headOf(run),
    ...bodyOf(run, {}),
    done: true,
    done_reason: run.doneReason,
    ...(toolCalls.length > 0 && { tool_calls: toolCalls }),
    ...(run.shape === 'generate' && !run.raw && { context: [128006, 882, 128007, 1000 + run.promptTokens] }),
    total_duration: nanoseconds(now - call.startedAt),
    // From arrival to "runner ready": time in the scheduler's queue is in it, as in Ollama.
    load_duration: nanoseconds(ticket.readyAt - call.startedAt),
    prompt_eval_count: script.usage?.prompt_tokens ?? Math.min(run.promptTokens, Number(run.want.options['num_ctx'])),
    ...(script.usage?.cached_tokens !== undefined && { prompt_eval_cached_count: script.usage.cached_tokens }),
    prompt_eval_duration: nanoseconds(firstAt - startedAt),
    eval_count: script.usage?.completion_tokens ?? Math.max(1, run.pieces.length),
    eval_duration: nanoseconds(now - firstAt),
    ...script.extraFinal,
  };
}

/** Takes the place of Lines without streaming: folds the chunks into one object and sends it at the end. */
export class Folding {
  readonly #run: Run;
  #whole: Chunk = {};
  #broken: string | undefined;
  #content = '';
  #thinking = '';
  readonly #toolCalls: unknown[] = [];
  readonly #logprobs: unknown[] = [];

  constructor(run: Run) {
    this.#run = run;
  }

  raw(text: string): Promise<void> {
    this.#broken = text;
    return Promise.resolve();
  }

  json(chunk: Chunk): Promise<void> {
    const part = (chunk['message'] ?? chunk) as Chunk;
    this.#content += String(part['content'] ?? part['response'] ?? '');
    this.#thinking += String(part['thinking'] ?? '');
    if (this.#run.tools && Array.isArray(part['tool_calls'])) this.#toolCalls.push(...part['tool_calls']);
    if (Array.isArray(chunk['logprobs'])) this.#logprobs.push(...chunk['logprobs']);
    Object.assign(this.#whole, chunk);
    return Promise.resolve();
  }

  /** Nothing is sent early. */
  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    const { client, shape } = this.#run;
    if (this.#broken !== undefined) {
      client.send(200, 'application/json; charset=utf-8', this.#broken);
      return Promise.resolve();
    }
    const piece: Piece = {
      content: this.#content,
      thinking: this.#thinking,
      ...(this.#toolCalls.length > 0 && shape === 'chat' && { tool_calls: this.#toolCalls }),
    };
    const body = bodyOf(this.#run, piece);
    const logprobs = this.#logprobs.length > 0 ? { logprobs: this.#logprobs } : undefined;
    const { done = false, done_reason: reason } = this.#whole;
    // First the order of the keys, then what the last chunk that had each of them said. Without any chunk there is still
    // a head and `done:false`.
    const order = { ...headOf(this.#run), ...body, done, ...(reason !== undefined && { done_reason: reason }) };
    const whole = shape === 'chat' ? { ...order, ...logprobs, ...this.#whole } : { ...order, ...this.#whole };
    client.json(200, { ...whole, ...body, ...logprobs });
    return Promise.resolve();
  }
}
