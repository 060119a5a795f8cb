// Checks whether the process has a file handle left. Node accepts a connection that gets no handle and closes it
// silently, so only a check of Hearth's own can explain why callers are turned away.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import type { PutNotice, Told } from './core/ports.ts';

const NONE_LEFT: Told = {
  text: 'No file handles are left, so new connections are closed at once.',
  todo: 'Close some, or allow Hearth more (ulimit -n, LimitNOFILE).',
};
/** The limits of the process, and of the machine. */
const CODES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

export class HandleWatch {
  readonly #put: PutNotice;
  readonly #take: () => void;

  /** `take` takes a handle and gives it back. */
  constructor(put: PutNotice, take = (): void => closeSync(openSync(devNull, 'r'))) {
    this.#put = put;
    this.#take = take;
  }

  /** Call every few seconds. */
  look(): void {
    this.#put('handles', this.#hasNone() ? NONE_LEFT : undefined);
  }

  #hasNone(): boolean {
    try {
      this.#take();
      return false;
    } catch (error) {
      return error instanceof Error && 'code' in error && CODES.has(error.code);
    }
  }
}
