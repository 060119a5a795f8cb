// The record of a request as it arrived: its headers without keys, and its unpacked body.
import type { IncomingMessage } from 'node:http';
import { asAppError } from '../../contract/errors.ts';
import type { ShownAnswer } from '../../contract/views/request-body.ts';
import { HIDDEN } from '../../contract/secret.ts';
import type { Sent } from '../../core/requests/bodies.ts';
import { isSecretHeader, shownBody, shownText } from '../../core/requests/shown-text.ts';
import type { Ticket } from '../../core/requests/ticket.ts';
import type { RequestTexts } from '../../core/stories/views/request-texts.ts';

/** Headers that belong to one connection, one encoding or one request, and are not recorded. */
const PASSING = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
]);

export function sentOf(req: IncomingMessage, body: Uint8Array): Sent {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(req.headers)) {
    if (value === undefined || PASSING.has(name)) continue;
    headers[name] = isSecretHeader(name) ? HIDDEN : String(value);
  }
  const { method = 'GET', url = '/', socket } = req;
  return { method, path: url, headers, from: socket.remoteAddress ?? '', body };
}

/** Records the answer of a request that is not a chat, if answers are recorded at all. */
export class AnswerKept {
  readonly #texts: Pick<RequestTexts, 'came' | 'wants' | 'answered'>;
  #ticket: Ticket | undefined;

  constructor(texts: Pick<RequestTexts, 'came' | 'wants' | 'answered'>) {
    this.#texts = texts;
  }

  /** Call when the request was accepted. */
  came(ticket: Ticket, sent: Sent): void {
    this.#texts.came(ticket, sent);
    if (this.#texts.wants(ticket.id)) this.#ticket = ticket;
  }

  get wanted(): boolean {
    return this.#ticket !== undefined;
  }

  /**
   * Passes on the result or error of `work`. `told` renders the result for the record, as text or as the bytes that
   * were sent.
   */
  async over<T>(work: Promise<T>, told: (done: T) => string | Uint8Array): Promise<T> {
    try {
      const done = await work;
      const words = this.wanted ? told(done) : '';
      this.#keep(typeof words === 'string' ? shownText(words) : shownBody(words));
      return done;
    } catch (error) {
      this.#keep({ ...shownText(''), error: asAppError(error).message });
      throw error;
    }
  }

  #keep(answer: ShownAnswer): void {
    if (this.#ticket !== undefined) this.#texts.answered(this.#ticket, answer);
  }
}
