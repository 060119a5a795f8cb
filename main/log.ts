// The log of the desktop app: JSON lines in a file that is rotated by size, the last few kept. A disk that is full or a
// folder that is read-only costs log lines while it lasts, and never stops the app.
import { mkdirSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { t } from '../words/texts.ts';
import { reasonOf } from './settings/settings.ts';
import { openLogOutput } from '../backend/log-output.ts';

/** One file's size, and how many old ones are kept. */
const SIZE = '5M';
const OLD_FILES = 4;
/** How long after a failure the file is tried again, at the next line. Milliseconds. */
const AGAIN_MS = 60_000;

export interface AppLog {
  readonly log: Logger;
  /** Calls back with why there is no log file, as a sentence, and with undefined when there is one again. */
  onTrouble(listener: (trouble: string | undefined) => void): void;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

/** `elapsed`: the monotonic clock, in milliseconds. */
export function openLog(folder: string, level: string, elapsed: () => number): AppLog {
  const terminal = openLogOutput(process.stderr, Date.now);
  let file: RotatingFileStream | undefined;
  let failedAt = 0;
  let trouble: string | undefined;
  let told = (_trouble: string | undefined): void => undefined;
  const tell = (next: string | undefined): void => {
    const isNews = (next === undefined) !== (trouble === undefined);
    trouble = next;
    if (isNews) told(trouble);
  };

  const failed = (error: unknown): void => {
    failedAt = elapsed();
    tell(t('main.no_log', { folder, why: reasonOf(error) }));
  };

  /** The file opens in the background; where not even its folder can be, that is known at once. */
  function open(): void {
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      return failed(error);
    }
    const made = createStream('hearth.log', { path: folder, size: SIZE, maxFiles: OLD_FILES, mode: 0o600 });
    file = made;
    made.on('open', () => tell(undefined));
    made.on('warning', () => undefined);
    // The stream ends at its first error, and without a listener Node would end the process.
    made.on('error', (error) => {
      if (file === made) file = undefined;
      failed(error);
    });
  }

  function write(line: string): void {
    if (file === undefined && elapsed() - failedAt >= AGAIN_MS) open();
    if (file === undefined) terminal.write(line);
    else file.write(line);
  }

  open();
  return {
    log: pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write }),
    onTrouble: (listener) => {
      told = listener;
      if (trouble !== undefined) listener(trouble);
    },
    close: () =>
      new Promise((resolve) => {
        if (file === undefined) return resolve();
        file.once('error', () => resolve());
        file.end(() => resolve());
      }),
  };
}
