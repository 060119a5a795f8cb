// The log of the desktop app: JSON lines in a file that is rotated by size, the last few kept. A disk that is full or a
// folder that is read-only costs the log, never the app.
import { mkdirSync } from 'node:fs';
import { pino, type Logger } from 'pino';
import { createStream } from 'rotating-file-stream';

/** One file's size, and how many old ones are kept. */
const SIZE = '5M';
const OLD_FILES = 4;

export interface AppLog {
  readonly log: Logger;
  /** Why there is no log file, as a sentence; undefined when there is one. */
  readonly trouble: string | undefined;
  /** Resolves when all lines are written. */
  close(): Promise<void>;
}

export function openLog(folder: string, level: string): AppLog {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const trouble = `There is no log: ${folder} cannot be written (${error instanceof Error ? error.message : ''}).`;
    return { log: pino(options, pino.destination({ dest: 2, sync: true })), trouble, close: async () => undefined };
  }
  const file = createStream('hearth.log', { path: folder, size: SIZE, maxFiles: OLD_FILES, mode: 0o600 });
  // Node would end the process for an error that nobody hears.
  file.on('error', () => undefined);
  file.on('warning', () => undefined);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (file.destroyed || file.errored !== null) resolve();
      else file.end(() => resolve());
    });
  return { log: pino(options, file), trouble: undefined, close };
}
