// Reads an NDJSON body line by line and refuses what is not a complete answer of Ollama. Beyond `error` and `done` it
// does not interpret lines; reply.ts does.
import { Buffer } from 'node:buffer';
import { INCOMPLETE } from '../contract/chat/chat.ts';
import type { Access } from './access.ts';
import { cutShort, malformed, notDone, notOllama, saidInStream, tooLong } from './failure.ts';
import { looksLikePage } from './error-body.ts';
import type { Whose } from './upstream-label.ts';

/** A JSON object, as it came. */
export type Fields = Readonly<Record<string, unknown>>;

/** Bytes in a MB of the configuration. */
export const MB = 1024 * 1024;
const NEWLINE = 0x0a;
const utf8 = new TextDecoder();

/** Bytes that may follow `done:true` and are read and dropped. */
const MAX_REST_BYTES = 64 * 1024;

/** The end that Ollama leaves out when it stops silently. */
const SILENT_END: Fields = { done: true, done_reason: INCOMPLETE };

export interface LinesOptions {
  /** Limit of the whole body on the wire, and so of a line; ollama.max_answer_mb. */
  readonly maxMb: number;
  /** The server that answers, for the message when it is not Ollama or reports an error. */
  readonly access: Access;
}

/**
 * Passes the lines of a body to `take` as soon as each is complete; cut at bytes, so that no character is ever split.
 * Every line must be a JSON object and the last one must have `done:true`; otherwise `add` or `end` throws an AppError
 * upstream_failed. After a last line with `done:false` an end is added: Ollama closes regularly, but silently, when a
 * token repeats more than 30 times in a row (llm/server.go). A broken connection is another case.
 */
export class Lines {
  readonly #options: LinesOptions;
  readonly #take: (line: Fields) => void;
  #bytes = 0;
  /** `done` of the last line; undefined if the line had none. */
  #done: boolean | undefined;
  #begun: Uint8Array[] = [];

  constructor(options: LinesOptions, take: (line: Fields) => void) {
    this.#options = options;
    this.#take = take;
  }

  /** Whether a line with `done:true` was taken. Anything after it in the body is ignored. */
  get done(): boolean {
    return this.#done === true;
  }

  /** Adds the next bytes of the body. Also throws if too many follow after `done:true`. */
  add(chunk: Uint8Array): void {
    const { maxMb } = this.#options;
    this.#bytes += chunk.length;
    if (this.done) {
      if (this.#bytes > MAX_REST_BYTES) throw notDone();
      return;
    }
    if (this.#bytes > maxMb * MB) throw tooLong(maxMb);
    let from = 0;
    for (let cut = chunk.indexOf(NEWLINE); cut >= 0; cut = chunk.indexOf(NEWLINE, from)) {
      this.#begun.push(chunk.subarray(from, cut + 1));
      from = cut + 1;
      this.#line();
      if (this.done) {
        this.#bytes = 0;
        return;
      }
    }
    if (from < chunk.length) this.#begun.push(chunk.subarray(from));
  }

  /** Call when the body has ended. */
  end(): void {
    if (this.done) return;
    this.#line();
    if (this.#done === undefined) throw notDone();
    if (!this.#done) this.#take(SILENT_END);
  }

  #line(): void {
    const whole = joined(this.#begun);
    this.#begun = [];
    if (isBlank(whole)) return;
    const said = answerIn(utf8.decode(whole), this.#options.access);
    this.#take(said);
    this.#done = doneIn(said);
  }
}

/** Parses text that must be a JSON object. Throws AppError upstream_failed, with its own message for a web page. */
export function objectIn(text: string, whose: Whose): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw looksLikePage(text) ? notOllama(whose, 'a web page') : malformed('something that is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('JSON that is not an object');
  }
  return value as Record<string, unknown>;
}

/**
 * Parses text that must be a JSON object without an error. An error of null or '' counts as none, as in Ollama's own
 * client (api/client.go), and is dropped. Throws AppError upstream_failed.
 */
export function answerIn(text: string, access: Access): Fields {
  const value = objectIn(text, access);
  if (!('error' in value)) return value;
  const { error, ...rest } = value;
  if ((error ?? '') !== '') throw saidInStream(access.withoutSecrets(text));
  return rest;
}

/**
 * The text of a body. A body longer than `maxBytes` is cut there, is not `whole`, and its connection is closed. A
 * connection that breaks meanwhile is upstream_failed.
 */
export async function textOf(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      parts.push(chunk.subarray(0, maxBytes - bytes));
      bytes += chunk.length;
      if (bytes > maxBytes) break;
    }
  } catch (error) {
    throw cutShort(error);
  }
  return { text: utf8.decode(Buffer.concat(parts)), whole: bytes <= maxBytes };
}

function doneIn({ done }: Fields): boolean | undefined {
  return typeof done === 'boolean' ? done : undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/** Only spaces, tabs, CR and LF. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
