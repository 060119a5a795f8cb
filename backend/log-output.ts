// Where log lines go: a stream whose other end may be a full disk, a closed pipe, or a pipe that nobody reads. That costs
// lines, never the program: what can wait is bounded, the rest is dropped and counted, and the count is said where the
// lines are missing as soon as there is room again. It formats no line but that one.
import type { Writable } from 'node:stream';

/** What may wait for a pipe that is full; some thousand lines. Bytes. */
const MOST_WAITING = 1024 * 1024;

export interface LogOutput {
  /** Takes one or more whole lines. Never throws and never waits. */
  write(lines: string): void;
  /** Resolves when all that was taken is written, or after `ms`. To be awaited before the process is ended. */
  flushed(ms: number): Promise<void>;
}

/**
 * Lines on `stream`, which is process.stderr or process.stdout: those alone stay open after a failed write (Node,
 * "A note on process I/O"). `now` in milliseconds since 1970.
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

  // The failure itself is told to each write; without a listener Node would end the process.
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

/** A line in pino's form, at its level for warnings. What was cut off by the trouble may have no line end, so it begins with one. */
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
