// Sends an answer that arrives over time: each piece at once, never more than the client takes, and a heartbeat
// whenever nothing came for a while. The form decides what a piece looks like; encode.ts writes failures.
import type { ServerResponse } from 'node:http';
import { give, giveLast } from '../wire/give.ts';

/** How one answer is written; a form may keep state between calls. */
export interface PumpForm<T> {
  /** Sends the headers. Called before the first write, and only while no headers were sent. */
  start(): void;
  /** The text of a value; '' writes nothing, for the last value too. */
  write(value: T): string;
  /** The text of a heartbeat; '' writes nothing. */
  beat(): string;
  /** Whether this value is the last. Without this function the answer ends when the values end. */
  isLast?(value: T): boolean;
  /** Milliseconds of silence before the first heartbeat, then between heartbeats. */
  readonly firstBeatMs: number;
  readonly beatMs: number;
}

/**
 * Writes values to their end. A HEAD request gets the headers alone, as an endless stream would never release it.
 * Resolves when all is written or the caller left. Rejects with what the values throw and leaves the answer open:
 * sendError ends it.
 */
export async function pump<T>(res: ServerResponse, values: AsyncIterable<T>, form: PumpForm<T>): Promise<void> {
  if (res.req.method === 'HEAD') {
    begin(res, form);
    res.end();
    return;
  }
  const pulse = new Pulse(res, form);
  try {
    for await (const value of values) {
      if (res.destroyed) return;
      const text = form.write(value);
      const last = form.isLast?.(value) === true;
      if (text === '' && !last) continue;
      pulse.refresh();
      begin(res, form);
      if (last) return await giveLast(res, text);
      await give(res, text);
    }
  } finally {
    pulse.stop();
  }
  if (!res.destroyed) res.end();
}

/** Sends the headers of an answer unless they were sent before. */
export function begin(res: ServerResponse, form: Pick<PumpForm<unknown>, 'start'>): void {
  if (!res.headersSent) form.start();
}

/** Sends heartbeats while an answer is silent, unless its reader lags behind. */
export class Pulse {
  #timer: NodeJS.Timeout;

  /** The first silence begins now. */
  constructor(res: ServerResponse, form: Pick<PumpForm<unknown>, 'start' | 'beat' | 'firstBeatMs' | 'beatMs'>) {
    const beat = (): void => {
      const text = form.beat();
      if (text === '') return;
      begin(res, form);
      if (!res.writableNeedDrain) res.write(text);
    };
    this.#timer = setTimeout(() => {
      beat();
      this.#timer = setInterval(beat, form.beatMs);
    }, form.firstBeatMs);
  }

  /** Call after each write: the silence begins anew. */
  refresh(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
