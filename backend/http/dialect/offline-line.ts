// Runs one line of a batch on the path of a live request: its dialect reads and answers it for a caller who left long
// ago. Lines run behind every request that somebody waits for.
import type { ApiKey } from '../../contract/rules/api-key.ts';
import { PRIORITY } from '../../contract/chat/chat-request.ts';
import { AppError } from '../../contract/errors.ts';
import type { PinWords } from '../../contract/rules/pin-rule.ts';
import { onAbort } from '../../core/abort.ts';
import { spaceOf } from '../../core/ownership.ts';
import { Ticket } from '../../core/requests/ticket.ts';
import type { LineCall } from '../../core/stories/jobs/batch-run.ts';
import type { EmbedAnswer } from '../../core/stories/embeds/embedder.ts';
import { keyOfOwner } from '../door/caller.ts';
import { byProfile } from './by-profile.ts';
import { type DropInParts, meaningOf, wanted, type Writing } from './drop-in.ts';
import type { Asked, AskedToEmbed, AskedToWrite } from './understood.ts';

export type LineParts = Pick<DropInParts, 'config' | 'gateway' | 'embedder' | 'newId' | 'clock'>;

/** The body that the live route of a line would send, and what of its prompt was kept the same. */
export interface LineAnswer {
  readonly body: unknown;
  readonly pinned?: readonly PinWords[] | undefined;
}

/** Answers a line. Rejects with the refusals of its live route. */
export type AnswerLine = (line: LineCall, signal: AbortSignal) => Promise<LineAnswer>;

/** Parses the body inside a line with `read`. Throws what meaningOf throws. */
export function meaningOfLine<T>({ bytes }: LineCall, nothing: string, read: (body: unknown) => T): T {
  // The file was checked: each line is an object.
  return meaningOf(Buffer.from(bytes), nothing, (line) => read((line as { readonly body?: unknown }).body));
}

/** Answers a line that asks for text. The answer is always whole, whatever the line says of streams. */
export async function lineWritten<A extends AskedToWrite>(
  parts: LineParts,
  { nothing, read, voice, unchanged, thinksIfAble = false }: Writing<A>,
  line: LineCall,
  signal: AbortSignal,
): Promise<LineAnswer> {
  const said = meaningOfLine(line, nothing, read);
  if (unchanged?.(said) === true) {
    throw new AppError(
      'invalid_request',
      `Only Ollama itself can do what this asks, and a batch cannot hand it on. Send it to ${line.endpoint}.`,
    );
  }
  const asked = byProfile(said, parts.config().models);
  const { family, request, what } = asked;
  const call = {
    ...circumstances(parts, line, asked),
    ...(what === 'run' ? {} : { wishes: [{ read: false, store: false }] }),
    family,
    request,
    thinksIfAble,
    replay: 'instant',
    streamed: false,
  } as const;
  const ticket = new Ticket(call, parts.clock);
  return await cancelledBy(signal, ticket, async () => {
    const answer = await parts.gateway.chat(call, ticket);
    try {
      const whole = answer.whole();
      const completion = whole instanceof Promise ? await whole : whole.whole();
      const { now } = parts.clock;
      const nowSeconds = (): number => Math.floor(now() / 1000);
      const body = voice(said, { id: parts.newId(), now, nowSeconds, seconds: nowSeconds() }).whole(completion);
      return { body, pinned: ticket.cache?.pinned };
    } finally {
      answer.close();
    }
  });
}

/** Computes the vectors of a line. */
export async function lineEmbedded(
  parts: LineParts,
  said: AskedToEmbed,
  line: LineCall,
  signal: AbortSignal,
): Promise<EmbedAnswer> {
  const asked = byProfile(said, parts.config().models);
  const { family, request, texts } = asked;
  let stop = (): void => undefined;
  try {
    return await parts.embedder.embed({ ...circumstances(parts, line, asked), family, request, texts }, (ticket) => {
      ticket.promised = true;
      stop = onAbort(signal, () => cancel(ticket));
    });
  } finally {
    stop();
  }
}

async function cancelledBy<T>(signal: AbortSignal, ticket: Ticket, ask: () => Promise<T>): Promise<T> {
  // The line was accepted with its batch, so it also waits for an Ollama that is away.
  ticket.promised = true;
  const off = onAbort(signal, () => cancel(ticket));
  try {
    return await ask();
  } finally {
    off();
  }
}

function cancel(ticket: Ticket): void {
  ticket.cancel('request', new AppError('cancelled', 'The batch has ended.'));
}

/** Owner of the line and its place in the queue. Throws what keyOfOwner throws. */
function circumstances(
  { config }: LineParts,
  { id, endpoint, owner, caller }: LineCall,
  { request: { model }, ours }: Asked,
) {
  const { server, cache } = config();
  const key: ApiKey | undefined = keyOfOwner(owner, server.api_keys);
  return {
    id,
    anyId: true,
    comesAgain: true,
    route: endpoint,
    model,
    owner,
    caller,
    maxActive: key?.max_active,
    namespace: spaceOf(owner, ours.cache?.namespace),
    class: 'background',
    classBy: 'batch',
    priority: PRIORITY.usual,
    wishes: [wanted(ours)],
    cacheByDefault: cache.drop_in,
  } as const;
}
