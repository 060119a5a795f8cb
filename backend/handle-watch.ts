// Whether the process has a file handle left. Node takes a connection for which there is none and closes it without a word, so
// that only a look of our own can say why callers are turned away.
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';

const NONE_LEFT =
  'No file handles are left, so new connections are closed at once. Close some, or allow Hearth more (ulimit -n, LimitNOFILE).';
/** Of the process, and of the machine. */
const CODES: ReadonlySet<unknown> = new Set(['EMFILE', 'ENFILE']);

export class HandleWatch {
  readonly #tell: (sentence: string) => void;
  readonly #take: () => void;
  #isNoneLeft = false;

  /** `tell` is called once each time that they run out; `take` takes a handle and gives it back. */
  constructor(tell: (sentence: string) => void, take = (): void => closeSync(openSync(devNull, 'r'))) {
    this.#tell = tell;
    this.#take = take;
  }

  /** Called every few seconds. */
  look(): void {
    const before = this.#isNoneLeft;
    this.#isNoneLeft = this.#hasNone();
    if (this.#isNoneLeft && !before) this.#tell(NONE_LEFT);
  }

  /** What holds at this moment. */
  get notices(): readonly string[] {
    return this.#isNoneLeft ? [NONE_LEFT] : [];
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
