// Cuts a body of NDJSON into whole lines and refuses what is not a complete answer of Ollama's.
// It does this before the client library sees a byte: ollama-js 0.6.4 drops malformed lines with a console.warn, and
// prints for each blank one. It does not look at what the lines mean beyond `error` and `done`.
import { Buffer } from 'node:buffer';
import { INCOMPLETE } from '../contract/chat/chat.ts';
import { jsonText } from '../contract/go/exact-json.ts';
import type { Access } from './access.ts';
import { cutShort, malformed, notDone, notOllama, saidInStream, tooLong } from './failure.ts';
import { looksLikePage } from './said.ts';

/** Bytes in a MB of the configuration. */
export const MB = 1024 * 1024;
const NEWLINE = 0x0a;
const utf8 = new TextDecoder();

/** What may follow `done:true` before we stop reading it away. */
const MAX_REST_BYTES = 64 * 1024;

/** The end that Ollama leaves out when it stops without a word; the client library takes no answer without one. */
const SILENT_END = Buffer.from(`${JSON.stringify({ done: true, done_reason: INCOMPLETE })}\n`);

export interface FrameOptions {
  /** Bound of the whole body as it comes over the wire, and so of a line; ollama.max_answer_mb. */
  readonly maxMb: number;
  /** Who answers, for the sentence when it is no Ollama or it reports an error. */
  readonly access: Access;
}

/**
 * The lines of the body, each with its newline, cut at bytes so that no character is ever split. Every line is a JSON
 * object and the last one says `done:true`; else an AppError upstream_failed is thrown. After a last line with `done:false`
 * an end is written for Ollama, which stops in good order, but without a word, when a token comes more than 30 times in a
 * row (llm/server.go); a connection that breaks is another thing.
 * One more read after the `done` line runs to the end of the body, which leaves the connection fit for the next call.
 */
export async function* frame(
  body: AsyncIterable<Uint8Array>,
  { maxMb, access }: FrameOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  /** What the last line said; undefined where it said nothing of it. */
  let done: boolean | undefined;
  let begun: Uint8Array[] = [];

  const read = (line: Uint8Array): { line: Uint8Array; done: boolean | undefined } => {
    const value = answerIn(utf8.decode(line), access);
    const said = typeof value['done'] === 'boolean' ? value['done'] : undefined;
    if (!('error' in value)) return { line, done: said };
    // The client library throws whatever stands there.
    const { error: _none, ...rest } = value;
    return { line: Buffer.from(`${jsonText(rest)}\n`), done: said };
  };

  for await (const chunk of unbroken(body)) {
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
      const found = read(whole);
      done = found.done;
      yield found.line;
    }
    if (done === true) bytes = 0;
    else if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  if (done === true) return;
  const last = joined(begun);
  if (!isBlank(last)) {
    const found = read(last);
    done = found.done;
    yield found.line;
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
 * (api/client.go). Throws AppError upstream_failed.
 */
export function answerIn(text: string, access: Access): Record<string, unknown> {
  const value = objectIn(text, access.url);
  if ((value['error'] ?? '') !== '') throw saidInStream(access.withoutSecrets(text));
  return value;
}

/** The text of a body. One longer than `maxBytes` is cut there, is not `whole`, and its connection is closed. */
export async function textOf(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly text: string; readonly whole: boolean }> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of unbroken(body)) {
    parts.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) break;
  }
  return { text: utf8.decode(Buffer.concat(parts)), whole: bytes <= maxBytes };
}

/** The body; a connection that breaks under it is upstream_failed. */
async function* unbroken(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw cutShort(error);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}

/** Only spaces, tabs, CR and LF. */
function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d));
}
