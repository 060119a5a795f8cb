// Where log lines go: a stream that may be a full disk, a closed pipe, or a pipe that nobody reads. Then lines are
// lost, but the program continues: a limited number of bytes waits, the rest is dropped and counted, and the count is
// logged in place of the missing lines as soon as there is room again. It formats no other line.
import type { Writable } from 'node:stream';

/** Bytes that may wait for a full pipe; some thousand lines. */
const MOST_WAITING = 1024 * 1024;

export interface LogOutput {
  /** Writes one or more whole lines. Never throws and never waits. */
  write(lines: string): void;
  /** Resolves when everything is written, or after `ms`. Await it before the process ends. */
  flushed(ms: number): Promise<void>;
}

/**
 * Log lines on `stream`, which is process.stderr or process.stdout: only those stay open after a failed write (Node, "A
 * note on process I/O"). `now`: milliseconds since 1970.
 */
export function openLogOutput(stream: Writable, now: () => number): LogOutput {
  let lost = 0;

  const send = (lines: string): void => {
    const missing = lost;
    lost = 0;
    stream.write(missing === 0 ? lines : gap(missing, now()) + lines, (error) => {
      if (error) lost += missing + countOf(lines);
    });
  };

  // Each write gets its own error; without a listener Node would end the process.
  stream.on('error', () => undefined);
  stream.on('drain', () => {
    if (lost > 0) send('');
  });
  return {
    write(lines) {
      if (stream.writableLength > MOST_WAITING) lost += countOf(lines);
      else send(lines);
    },
    flushed: (ms) =>
      new Promise((resolve) => {
        const enough = setTimeout(resolve, ms);
        stream.write('', () => {
          clearTimeout(enough);
          resolve();
        });
      }),
  };
}

function countOf(lines: string): number {
  return lines.split('\n').length - 1;
}

/**
 * A line in pino's form, at its level for warnings. The last line may have been cut off without a line end, so this
 * starts with one.
 */
function gap(lost: number, now: number): string {
  const what = lost === 1 ? 'One line of this log is' : `${lost} lines of this log are`;
  const line = {
    level: 40,
    time: new Date(now).toISOString(),
    lost,
    msg: `${what} missing here: it could not be written.`,
  };
  return `\n${JSON.stringify(line)}\n`;
}
