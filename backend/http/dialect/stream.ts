// An answer as a stream in another's form (Ollama's lines, OpenAI's events): headers with the first piece, so that a
// failure before it has a status of its own, each piece at once, and never more than the caller takes.
// How our own routes stream is encode.ts.
import type { ServerResponse } from 'node:http';
import type { ChatEvent } from '../../contract/chat/chat.ts';
import type { Patience } from './encode.ts';
import { give, giveLast } from '../wire/give.ts';

/** How one answer is written; it may remember what it has written. */
export interface StreamForm {
  readonly headers: Readonly<Record<string, string>>;
  /** What an event looks like; '' for nothing, which the end of an answer may be too. */
  write(event: ChatEvent): string;
  /** Means nothing to the caller, and keeps a silent connection alive. */
  readonly beat: string;
}

/**
 * Streams events to their end. A caller who has waited for `patience.jsonAfterMs` gets its headers and a beat from time
 * to time. Resolves when the stream has ended or the caller has gone; rejects with what the events throw, and then
 * nothing has been ended yet (sendError does).
 */
export async function sendStream(
  res: ServerResponse,
  events: AsyncIterable<ChatEvent>,
  form: StreamForm,
  headers: Readonly<Record<string, string>>,
  patience: Patience,
): Promise<void> {
  const start = (): void => {
    if (!res.headersSent) res.writeHead(200, { ...headers, ...form.headers });
  };
  const beat = (): void => {
    start();
    if (!res.writableNeedDrain) res.write(form.beat);
  };
  let timer = setTimeout(() => {
    beat();
    timer = setInterval(beat, patience.heartbeatMs);
  }, patience.jsonAfterMs);
  try {
    for await (const event of events) {
      if (res.destroyed) return;
      const text = form.write(event);
      if (text === '' && event.type !== 'end') continue;
      clearTimeout(timer);
      start();
      if (event.type === 'end') return await giveLast(res, text);
      await give(res, text);
    }
  } finally {
    clearTimeout(timer);
  }
}
