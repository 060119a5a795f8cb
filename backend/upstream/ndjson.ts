// Reads a body of NDJSON line by line and refuses what is not a complete answer of Ollama's.
// It does not look at what the lines mean beyond `error` and `done`; that is reply.ts.
import { Buffer } from 'node:buffer';
import { INCOMPLETE } from '../contract/chat/chat.ts';
import { AppError } from '../contract/errors.ts';
import type { Access } from './access.ts';
import { cutShort, malformed, notDone, notOllama, saidInStream, tooLong } from './failure.ts';
import { looksLikePage } from './said.ts';

/** A JSON object, as it came. */
export type Fields = Readonly<Record<string, unknown>>;

/** Bytes in a MB of the configuration. */
export const MB = 1024 * 1024;
const NEWLINE = 0x0a;
const utf8 = new TextDecoder();

/** What may follow `done:true` before we stop reading it away. */
const MAX_REST_BYTES = 64 * 1024;

/** The end that Ollama leaves out when it stops without a word. */
const SILENT_END: Fields = { done: true, done_reason: INCOMPLETE };

export interface FrameOptions {
  /** Bound of the whole body as it comes over the wire, and so of a line; ollama.max_answer_mb. */
  readonly maxMb: number;
  /** Who answers, for the sentence when it is no Ollama or it reports an error. */
  readonly access: Access;
}

/**
 * What the lines of the body say, cut at bytes so that no character is ever split. Every line is a JSON object and the
 * last one says `done:true`; else an AppError upstream_failed is thrown. After a last line with `done:false` an end is
 * added for Ollama, which stops in good order, but without a word, when a token comes more than 30 times in a row
 * (llm/server.go); a connection that breaks is another thing.
 * One more read after the `done` line runs to the end of the body, which leaves the connection fit for the next call.
 */
export async function* frame(
  body: AsyncIterable<Uint8Array>,
  { maxMb, access }: FrameOptions,
): AsyncGenerator<Fields, void, undefined> {
  let bytes = 0;
  /** What the last line said; undefined where it said nothing of it. */
  let done: boolean | undefined;
  let begun: Uint8Array[] = [];

  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (done === true) {
        if (bytes > MAX_REST_BYTES) return;
        continue;
      }
      if (bytes > maxMb * MB) throw tooLong(maxMb);
      let from = 0;
      for (let cut = chunk.indexOf(NEWLINE); cut >= 0 && done !== true; cut = chunk.indexOf(NEWLINE, from)) {
        begun.push(chunk.subarray(from, cut + 1));
        from = cut + 1;
        const whole = joined(begun);
        begun = [];
        if (isBlank(whole)) continue;
        const said = answerIn(utf8.decode(whole), access);
        done = doneIn(said);
        yield said;
      }
      if (done === true) bytes = 0;
      else if (from < chunk.length) begun.push(chunk.subarray(from));
    }
  } catch (error) {
    throw error instanceof AppError ? error : cutShort(error);
  }
  if (done === true) return;
  const last = joined(begun);
  if (!isBlank(last)) {
    const said = answerIn(utf8.decode(last), access);
    done = doneIn(said);
    yield said;
  }
  if (done === undefined) throw notDone();
  if (done !== true) yield SILENT_END;
}

/** A text that must be a JSON object. Throws AppError upstream_failed; a web page is told apart. */
export function objectIn(text: string, apiUrl: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw looksLikePage(text) ? notOllama(apiUrl, 'a web page') : malformed('something that is not JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('JSON that is not an object');
  }
  return value as Record<string, unknown>;
}

/**
 * A text that must be a JSON object and no report of an error. An error of null or '' is none, as to Ollama's own client
 * (api/client.go), and is left out. Throws AppError upstream_failed.
 */
export function answerIn(text: string, access: Access): Fields {
  const value = objectIn(text, access.url);
  if (!('error' in value)) return value;
  const { error, ...rest } = value;
  if ((error ?? '') !== '') throw saidInStream(access.withoutSecrets(text));
  return rest;
}

/**
 * The text of a body. One longer than `maxBytes` is cut there, is not `whole`, and its connection is closed. A connection
 * that breaks under it is upstream_failed.
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
