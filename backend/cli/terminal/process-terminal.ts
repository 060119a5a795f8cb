// The terminal of this process.
import { createInterface, emitKeypressEvents } from 'node:readline';
import { ReadStream } from 'node:tty';
import { text } from 'node:stream/consumers';
import { onAbort } from '../../core/abort.ts';
import type { Input, Terminal, Variables } from '../command-host.ts';

export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    write: (written) => void stdout.write(written),
    tell: (told) => void stderr.write(told),
    isTerminal: stdout.isTTY,
    hasColours: mayColour(process.env, stdout.isTTY),
    get columns() {
      return stdout.isTTY ? stdout.columns : undefined;
    },
    get rows() {
      return stdout.isTTY ? stdout.rows : undefined;
    },
    onResize(changed, signal) {
      stdout.on('resize', changed);
      onAbort(signal, () => void stdout.off('resize', changed));
    },
    // Opened on demand: a command that reads nothing ends without it.
    get stdin() {
      return inputOf(process.stdin);
    },
  };
}

/**
 * Follows NO_COLOR and FORCE_COLOR as on no-color.org and force-color.org, the first before the second; otherwise
 * colours need a terminal that is not "dumb".
 */
export function mayColour(env: Variables, isTerminal: boolean): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced) return forced !== '0' && forced !== 'false';
  return isTerminal && env['TERM'] !== 'dumb';
}

function inputOf(stream: NodeJS.ReadableStream): Input {
  const terminal = stream instanceof ReadStream ? stream : undefined;
  return {
    isTerminal: terminal !== undefined,
    text: () => text(stream),
    async line() {
      const lines = createInterface({ input: stream });
      try {
        for await (const line of lines) return line;
        return undefined;
      } finally {
        lines.close();
      }
    },
    onKey(pressed, signal) {
      if (terminal === undefined || signal.aborted) return;
      const key = (
        _text: string | undefined,
        { name, sequence, ctrl }: { name?: string; sequence?: string; ctrl?: boolean },
      ) => pressed(ctrl === true ? `ctrl-${name ?? ''}` : (name ?? sequence ?? ''));
      emitKeypressEvents(terminal);
      terminal.setRawMode(true);
      terminal.on('keypress', key);
      terminal.resume();
      onAbort(signal, () => {
        terminal.off('keypress', key);
        terminal.setRawMode(false);
        terminal.pause();
      });
    },
  };
}
