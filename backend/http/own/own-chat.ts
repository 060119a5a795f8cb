// Reads the body of Hearth's own chat routes: one JSON object, or else a refusal in Hearth's own words. Messages are
// read as leniently as Ollama reads them.
import { chatRequestSchema, ownChat, type ChatRequest } from '../../contract/chat/chat-request.ts';
import { AppError, asAppError } from '../../contract/errors.ts';
import { GoRefusal } from '../../contract/go/go-type.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { Sentence } from '../../contract/sentence.ts';
import { parseJson, parseJsonOrList } from '../wire/body.ts';
import { readQuickly, withoutMark } from '../go/go-body.ts';
import { readAsFarAsItFits } from '../go/go-read.ts';
import { MOST_LEVELS, readExactly } from '../go/go-syntax.ts';

/** Reads one chat. Throws invalid_request with a sentence that names the field. */
export function readOwnChat(bytes: Buffer): ChatRequest {
  const body = readQuickly(bytes);
  return understood(isObject(body) ? body : exactly(bytes, parseJson));
}

/**
 * Reads one chat, or a list whose items `listedChat` reads. Throws invalid_request with a sentence that names the
 * field.
 */
export function readOwnChats(bytes: Buffer): ChatRequest | readonly unknown[] {
  const quick = readQuickly(bytes);
  const body = isObject(quick) || Array.isArray(quick) ? quick : exactly(bytes, parseJsonOrList);
  if (!Array.isArray(body)) return understood(body);
  if (body.length === 0) throw new AppError('invalid_request', 'The list is empty. Send at least one request in it.');
  return body as readonly unknown[];
}

/** Reads one item of a list. Throws invalid_request with a sentence that names the index and the field. */
export function listedChat(body: unknown, at: number): ChatRequest {
  try {
    return understood(body);
  } catch (error) {
    const { code, message, logged } = asAppError(error);
    const where = `In the list, at [${at}]: `;
    throw code === 'invalid_request' ? new AppError(code, new Sentence(where + message, where + logged)) : error;
  }
}

function understood(body: unknown): ChatRequest {
  return parseInput(chatRequestSchema, readAsFarAsItFits(ownChat, body));
}

function isObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** Slow path for the rare body that is unusual or invalid. */
function exactly(bytes: Buffer, check: (bytes: Buffer) => unknown): unknown {
  check(bytes);
  try {
    return readExactly(withoutMark(bytes));
  } catch (error) {
    if (!(error instanceof GoRefusal)) throw error;
    // Every other error of the JSON was reported above.
    throw new AppError(
      'invalid_request',
      `The body is nested more than ${MOST_LEVELS} levels deep. Send a flatter one.`,
    );
  }
}
