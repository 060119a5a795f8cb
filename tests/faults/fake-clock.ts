// The clock on the wall, as one process sees it, set from outside: by libfaketime where it is installed, which all of the
// process believes, else by a Date of our own, which its program believes.
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const LIBRARIES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`,
);

/** Runs in the gateway before its program: reads the shift, in days, from the file whenever the time is asked for. */
const OWN = `
import { readFileSync } from 'node:fs';
const real = Date.now;
const shift = () => Number(/^[+-]\\\\d+/.exec(readFileSync(process.env.FAKETIME_TIMESTAMP_FILE, 'utf8'))?.[0] ?? 0) * 864e5;
const RealDate = Date;
Date.now = () => real() + shift();
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now());
    else super(...args);
  }
};
`;

export class FakeClock {
  readonly #file: string;
  readonly #library = LIBRARIES.find((path) => existsSync(path));

  /** `file`: where the shift is written. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Who plays the clock, for the report. */
  get by(): string {
    return this.#library === undefined ? 'a Date of our own' : 'libfaketime';
  }

  /** What the environment of the process needs. */
  get env(): Readonly<Record<string, string>> {
    const file = { FAKETIME_TIMESTAMP_FILE: this.#file };
    if (this.#library === undefined) {
      return { ...file, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(OWN)}` };
    }
    // Deadlines go by the monotonic clock, which no user can set.
    return { ...file, LD_PRELOAD: this.#library, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
  }

  /** Sets it so many days off, at once. */
  async shift(days: number): Promise<void> {
    await writeFile(this.#file, `${days < 0 ? '-' : '+'}${Math.abs(days)}d`);
  }
}
