// "Run again": a request is asked once more by Hearth itself, on the same route and in the same words. It goes through the whole
// house as it did the first time, by a connection that is on no network and by a door of its own: who asks is known.
import { createServer, request as ask, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { duplexPair, type Duplex } from 'node:stream';
import { AppError, asAppError, errorCodeSchema } from '../contract/errors.ts';
import type { AskedAgain } from '../contract/request-body.ts';
import { HIDDEN } from '../contract/secret.ts';
import type { NewId, ReadConfig } from '../core/ports.ts';
import type { Latest, Sent } from '../core/requests/bodies.ts';
import type { RequestTexts } from '../core/stories/request-texts.ts';
import { asksAgain, keyOfOwner, showedKey } from './door/caller.ts';
import type { Guard } from './door/guard.ts';
import { readQuickly } from './go/go-body.ts';
import type { UnderWay } from './wire/under-way.ts';

export interface AgainParts {
  readonly config: ReadConfig;
  readonly newId: NewId;
  readonly texts: Pick<RequestTexts, 'toAskAgain' | 'notAskedAgain'>;
  readonly underWay: Pick<UnderWay, 'counts'>;
}

/** Of a refusal so much is read. Characters. */
const MOST_REFUSAL = 16 * 1024;

export class Again {
  readonly #parts: AgainParts;
  /** Whose request comes on a connection. */
  readonly #owners = new WeakMap<Duplex, string>();
  #server: Server | undefined;

  constructor(parts: AgainParts) {
    this.#parts = parts;
  }

  /** The door for what is asked again: it was let in before, and what is left to check is whether its key is still good. */
  readonly guard: Guard = {
    recall: () => undefined,
    admit: (req) => {
      const key = keyOfOwner(this.#owners.get(req.socket) ?? '', this.#parts.config().server.api_keys);
      if (key !== undefined) showedKey(req, key);
      asksAgain(req);
      return 'admitted';
    },
  };

  /** Who answers: the house, behind the door above. */
  answeredBy(listener: RequestListener): void {
    // It never listens, and no request takes too long.
    this.#server = createServer({ requestTimeout: 0 }, listener);
  }

  /**
   * Asks the same once more; resolves when that has been taken in. The model is asked anew, and its answer is kept in memory
   * with the request. Throws request_not_found, text_not_kept, and what the request is refused with.
   */
  async ask(id: string, watcher: string): Promise<AskedAgain> {
    const { texts, newId } = this.#parts;
    const again = newId();
    let takenIn = (): void => undefined;
    const taken = new Promise<void>((resolve) => {
      takenIn = resolve;
    });
    const latest = texts.toAskAgain({ id, watcher, as: again, takenIn: () => takenIn() });
    const answered = this.#send(latest, again).finally(() => texts.notAskedAgain(again));
    await Promise.race([taken, answered]);
    // What becomes of it later is told of it as of every request.
    answered.catch(() => undefined);
    return { request_id: again };
  }

  /** Resolves when it has been answered; rejects with what it is refused with. */
  #send({ sent, owner }: Latest, id: string): Promise<void> {
    const [near, far] = duplexPair();
    this.#owners.set(far, owner);
    this.#parts.underWay.counts(far);
    // Node takes connections that are handed in so ("Event: 'connection'").
    this.#server?.emit('connection', Object.assign(far, { remoteAddress: sent.from }));
    const { method, path } = sent;
    const body = withoutId(sent.body);
    const headers = { ...headersOf(sent), 'content-length': String(body.length), 'x-request-id': id };
    return new Promise((resolve, reject) => {
      const sending = ask({ method, path, headers, createConnection: () => near }, (res) => {
        startOf(res).then((text) => {
          if ((res.statusCode ?? 500) < 400) resolve();
          else reject(refusalIn(text));
        }, reject);
      });
      sending.once('error', (error) => reject(asAppError(error)));
      sending.end(body);
    });
  }
}

function headersOf({ headers }: Sent): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== HIDDEN));
}

/** A job that asks for an id of its own had it the first time. */
function withoutId(bytes: Uint8Array): Uint8Array {
  const body = readQuickly(Buffer.from(bytes));
  if (typeof body !== 'object' || body === null || !('requestId' in body)) return bytes;
  const { requestId: _id, ...rest } = body;
  return Buffer.from(JSON.stringify(rest));
}

/** Reads an answer to its end. How it begins. */
async function startOf(res: IncomingMessage): Promise<string> {
  let text = '';
  res.setEncoding('utf8');
  for await (const piece of res) if (text.length < MOST_REFUSAL) text += String(piece);
  return text;
}

/** A refusal in the form of whatever dialect. */
function refusalIn(text: string): AppError {
  const { error, code } = fieldsOf(text);
  const inner =
    typeof error === 'object' && error !== null
      ? (error as { readonly message?: unknown; readonly code?: unknown })
      : undefined;
  const words = inner === undefined ? error : inner.message;
  const said = typeof words === 'string' ? words : 'It was refused when it was asked again.';
  return new AppError(errorCodeSchema.catch('upstream_failed').parse(code ?? inner?.code), said);
}

function fieldsOf(text: string): { readonly error?: unknown; readonly code?: unknown } {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : {};
  } catch {
    return {};
  }
}
