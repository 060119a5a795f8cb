// What a test may script on the fake Ollama and what it may read back afterwards: the shapes, and the record of one request.
// Deliberately no behaviour: fake-run.ts plays a script, fake-wire.ts writes the bytes.
import type { IncomingHttpHeaders } from 'node:http';

/** One piece of a scripted answer. A bare string is content. */
export type ScriptedPiece =
  | string
  | {
      readonly content?: string;
      readonly thinking?: string;
      /** Sent as they are, in this piece (on `/api/generate` in the final chunk, as Ollama does). */
      readonly tool_calls?: readonly unknown[];
      /** Further top-level fields of this chunk, for "unknown fields come back". */
      readonly extra?: Readonly<Record<string, unknown>>;
    };

/**
 * What one model run does. Everything is optional; `{}` is a normal run. The run first waits for its model and slot,
 * then for the gates, then for `hold`, then `firstPieceMs`; only then does it answer or fail.
 * All "after N pieces" fields count pieces of this run; a number beyond the last piece means "after the last piece, before `done`".
 * Embeds follow `hold`, `firstPieceMs`, `silent`, `fail` and `cutAfter` and ignore the rest.
 */
export interface Scripted {
  /** Default: a deterministic answer made from the last message, in word-sized pieces. */
  readonly pieces?: readonly ScriptedPiece[];
  /** Milliseconds between pieces. 0 = one turn of the event loop, negative = no gap at all (one write). Default: FakeOptions.pieceMs. */
  readonly pieceMs?: number;
  /** Milliseconds of "prompt evaluation" before the first piece. */
  readonly firstPieceMs?: number;
  /** The run waits for this before its first byte. */
  readonly hold?: Promise<unknown>;
  /** Stops mid-stream, after so many pieces, until the promise resolves. */
  readonly pauseAfter?: { readonly pieces: number; readonly until: Promise<unknown> };
  /** Default `stop`, or `length` when `num_predict` cut the default answer. */
  readonly doneReason?: string;
  /** Token counts of the final chunk. Default: about a quarter of the prompt's characters; the number of pieces. */
  readonly usage?: {
    readonly prompt_tokens: number;
    readonly completion_tokens: number;
    /** Of the prompt's, those that the runner still had: `prompt_eval_cached_count`. Left out when not given, as older servers do. */
    readonly cached_tokens?: number;
  };
  /** An HTTP error before any byte, from inside the slot (as a runner's failure is). */
  readonly fail?: { readonly status: number; readonly error: string };
  /** A `{"error":…}` line on the 200 stream, then end of file. Without streaming: status 500. */
  readonly failAfter?: { readonly pieces: number; readonly error: string };
  /** Resets the connection after N pieces; 0 = before the headers. Without streaming: after N pieces' time, before any byte. */
  readonly cutAfter?: number;
  /** Ends cleanly without `done:true`, after N pieces or (true) after all. Without streaming: 200 with `done:false`. */
  readonly endWithoutDone?: boolean | number;
  /** A line that is not JSON after N pieces; the stream then goes on as if nothing had happened. Without streaming: a body that is not JSON. */
  readonly malformedAfter?: number;
  /** Writes the NDJSON bytes in slices of that many bytes, through UTF-8 characters and line ends, each slice flushed by itself. */
  readonly chunkBytes?: number;
  /** Holds the slot and sends nothing, not even headers, until the client leaves. */
  readonly silent?: boolean;
  /** Further top-level fields of the final chunk; they win over the usual ones. */
  readonly extraFinal?: Readonly<Record<string, unknown>>;
}

/** What a request gets in place of Ollama's answer: from a proxy in front, another program on the port, or a server that is out of order. */
export type Instead =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** No answer at all, until the client leaves. */
  | 'silence'
  /** The connection is reset before any byte. */
  | 'reset';

/** `run`: a chat or generate with content. `load`/`unload`: one without. `other`: everything that needs no model, and whatever was refused before one was asked for. */
export type CallKind = 'run' | 'embed' | 'load' | 'unload' | 'other';

/** One request as the fake saw it. Live: the fields go on changing until `outcome` is no longer `open`. Times are `performance.now()` milliseconds. */
export interface RecordedCall {
  /** 1 for the first request since the start or the last `reset()`. */
  readonly id: number;
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The parsed JSON object exactly as sent; undefined when there was none. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** The body in native form, where it came in another. */
  readonly native?: Readonly<Record<string, unknown>>;
  /** The body's bytes read as UTF-8; '' without a body. */
  readonly rawBody: string;
  readonly startedAt: number;
  readonly firstByteAt?: number;
  readonly endedAt?: number;
  /** The client left before the answer was complete. */
  readonly aborted: boolean;
  /** `error`: answered with a status of 400 or more, failed mid-stream as scripted, or dropped by `goDown()`. */
  readonly outcome: 'done' | 'aborted' | 'error' | 'open';
  readonly kind: CallKind;
  /** HTTP status sent; undefined while nothing was. */
  readonly status?: number;
  /** Pieces of the answer produced so far. */
  readonly pieces: number;
  /** `cold`: this call made the fake load the model; `warm`: it found it loaded, or loaded by another call it waited behind. */
  readonly loaded?: 'cold' | 'warm';
}

/** The fake's own, writable record; handed out as RecordedCall. */
export class Call implements RecordedCall {
  readonly id: number;
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly startedAt = performance.now();
  rawBody = '';
  body?: Readonly<Record<string, unknown>>;
  native?: Readonly<Record<string, unknown>>;
  /** The JSON value that was sent, whatever it is; undefined without one. */
  parsed?: unknown;
  /** What Go's decoder would have said about rawBody. */
  badBody?: string;
  firstByteAt?: number;
  endedAt?: number;
  aborted = false;
  outcome: RecordedCall['outcome'] = 'open';
  kind: CallKind = 'other';
  status?: number;
  pieces = 0;
  loaded?: 'cold' | 'warm';

  constructor(id: number, method: string, path: string, headers: IncomingHttpHeaders) {
    this.id = id;
    this.method = method;
    this.path = path;
    this.headers = headers;
  }
}
