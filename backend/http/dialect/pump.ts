// An answer that comes over time, on its way to its caller: each piece at once, never more than the caller takes, and a
// sign of life whenever nothing has come for a while. What a piece looks like is its form's; failures are encode.ts's.
import type { ServerResponse } from 'node:http';
import { give, giveLast } from '../wire/give.ts';

/** How one answer is written; it may remember what it has written. */
export interface PumpForm<T> {
  /** Sends the headers. Called before anything is written, and only while they are not out. */
  start(): void;
  /** What a value looks like; '' for nothing, which the last one may be too. */
  write(value: T): string;
  /** What is said into a silence; '' for nothing. */
  beat(): string;
  /** Whether nothing comes after this value. Where no value is the last, the answer ends with the values. */
  isLast?(value: T): boolean;
  /** Milliseconds of silence until the first beat, and then between beats. */
  readonly firstBeatMs: number;
  readonly beatMs: number;
}

/**
 * Writes values to their end. A HEAD request gets the headers alone: an endless stream would never let go of it. Resolves
 * when all is written or the caller has gone; rejects with what the values throw, and then nothing has been ended yet
 * (sendError does).
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

/** Sends the headers of an answer where they are not out yet. */
export function begin(res: ServerResponse, form: Pick<PumpForm<unknown>, 'start'>): void {
  if (!res.headersSent) form.start();
}

/** Says something into each silence of an answer, unless its reader is behind anyway. */
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

  /** Something else was said: the silence begins anew. */
  refresh(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
