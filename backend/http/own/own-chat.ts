// The body of our own chat routes: one whole JSON object, else refused in our own words. Its messages are read as leniently
// as Ollama reads them.
import { chatRequestSchema, ownChat, type ChatRequest } from '../../contract/chat/chat-request.ts';
import { AppError } from '../../contract/errors.ts';
import { GoRefusal } from '../../contract/go/go-type.ts';
import { parseInput } from '../../contract/chat/parse.ts';
import { parseJson } from '../wire/body.ts';
import { readQuickly, withoutMark } from '../go/go-body.ts';
import { readAsFarAsItFits } from '../go/go-read.ts';
import { MOST_LEVELS, readExactly } from '../go/go-syntax.ts';

/** Throws invalid_request with a sentence that names the field. */
export function readOwnChat(bytes: Buffer): ChatRequest {
  const body = readQuickly(bytes);
  return parseInput(chatRequestSchema, readAsFarAsItFits(ownChat, isObject(body) ? body : exactly(bytes)));
}

function isObject(body: unknown): boolean {
  return typeof body === 'object' && body !== null && !Array.isArray(body);
}

/** The rare body that is odd or wrong. */
function exactly(bytes: Buffer): unknown {
  parseJson(bytes);
  try {
    return readExactly(withoutMark(bytes));
  } catch (error) {
    if (!(error instanceof GoRefusal)) throw error;
    // Every other fault of the JSON has been reported by now.
    throw new AppError(
      'invalid_request',
      `The body is nested more than ${MOST_LEVELS} levels deep. Send a flatter one.`,
    );
  }
}
