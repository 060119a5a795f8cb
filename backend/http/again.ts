// "Run again": Hearth itself sends a kept request once more, on the same route and with the same body. The request
// enters by the inner door and takes the whole way that it took the first time.
import { request as ask, type IncomingMessage } from 'node:http';
import { AppError, asAppError, errorCodeSchema } from '../contract/errors.ts';
import type { AskedAgain } from '../contract/views/request-body.ts';
import { HIDDEN } from '../contract/secret.ts';
import type { NewId } from '../core/ports.ts';
import type { Latest, Sent } from '../core/requests/bodies.ts';
import type { RequestTexts } from '../core/stories/views/request-texts.ts';
import { readQuickly } from './go/go-body.ts';
import type { InnerDoor } from './inner-door.ts';

export interface AgainParts {
  readonly newId: NewId;
  readonly texts: Pick<RequestTexts, 'toAskAgain' | 'notAskedAgain'>;
  readonly innerDoor: Pick<InnerDoor, 'connect'>;
}

/** Characters of a refusal's body that are read; the rest is dropped. */
const MOST_REFUSAL = 16 * 1024;

export class Again {
  readonly #parts: AgainParts;

  constructor(parts: AgainParts) {
    this.#parts = parts;
  }

  /**
   * Sends the same request again; resolves when the new request was accepted. The model runs anew, and its answer is
   * kept in memory with the new request. Throws request_not_found, text_not_kept, and whatever the new request is
   * refused with.
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
    // A later failure is reported on the new request, as for every other request.
    answered.catch(() => undefined);
    return { request_id: again };
  }

  /** Resolves when the request was answered; rejects with its refusal. */
  #send({ sent, owner }: Latest, id: string): Promise<void> {
    const near = this.#parts.innerDoor.connect({ owner, from: sent.from, again: true });
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

/** Drops a job's own `requestId` from the body: the first run has used that id. */
function withoutId(bytes: Uint8Array): Uint8Array {
  const body = readQuickly(Buffer.from(bytes));
  if (typeof body !== 'object' || body === null || !('requestId' in body)) return bytes;
  const { requestId: _id, ...rest } = body;
  return Buffer.from(JSON.stringify(rest));
}

/** Reads an answer to its end and returns its first MOST_REFUSAL characters. */
async function startOf(res: IncomingMessage): Promise<string> {
  let text = '';
  res.setEncoding('utf8');
  for await (const piece of res) if (text.length < MOST_REFUSAL) text += String(piece);
  return text;
}

/** Reads a refusal written in the form of any dialect. */
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
