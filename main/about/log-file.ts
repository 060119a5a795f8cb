// The log's file as the window shows it: its last lines, and then those that come, read from where the last look ended. It
// keeps nothing; what is older is in the file.
import { open, readdir, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { LineLevel, LogLine } from '../../backend/contract/window/about-commands.ts';

export const LOG_FILE = 'hearth.log';
/** So much is read at once. Bytes. */
const AT_ONCE = 512 * 1024;
/** With less than this in the file its predecessor is shown too. Bytes. */
const FEW = 64 * 1024;

export interface LogPage {
  readonly lines: LogLine[];
  /** Where the next look begins. */
  readonly next: string;
  /** These lines do not go on from the look before. */
  readonly again: boolean;
}

/** The lines after a place, or the last ones. A log that cannot be read has none. */
export async function readLog(folder: string, after?: string): Promise<LogPage> {
  const file = join(folder, LOG_FILE);
  const handle = await open(file, 'r').catch(() => undefined);
  if (handle === undefined) return { lines: [], next: '', again: after !== undefined && after !== '' };
  try {
    const { ino, size } = await handle.stat();
    const [knownIno, known] = (after ?? '').split(':').map(Number);
    const goesOn = knownIno === ino && known !== undefined && known <= size && size - known <= AT_ONCE;
    const from = goesOn ? known : Math.max(0, size - AT_ONCE);
    const { text, end } = await wholeLines(handle, from, size, goesOn || from === 0);
    const before = !goesOn && size < FEW ? await endOfLast(folder) : '';
    return { lines: linesOf(before + text), next: `${ino}:${end}`, again: !goesOn };
  } finally {
    await handle.close();
  }
}

/** What is between two places, without a line that is cut at the end, and at the beginning unless that is a line's own. */
async function wholeLines(
  handle: FileHandle,
  from: number,
  to: number,
  isBegin: boolean,
): Promise<{ readonly text: string; readonly end: number }> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from);
  const read = buffer.subarray(0, bytesRead);
  const end = read.lastIndexOf('\n') + 1;
  const begin = isBegin ? 0 : read.indexOf('\n') + 1;
  return { text: read.subarray(begin, Math.max(begin, end)).toString('utf8'), end: from + end };
}

/** The end of the file before this one, which has its time before the name. */
async function endOfLast(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const last = names.filter((name) => name.endsWith(`-${LOG_FILE}`)).toSorted().at(-1); // prettier-ignore
  const handle = last === undefined ? undefined : await open(join(folder, last), 'r').catch(() => undefined);
  if (handle === undefined) return '';
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - FEW);
    return (await wholeLines(handle, from, size, from === 0)).text;
  } finally {
    await handle.close();
  }
}

/** JSON lines as pino writes them; what is none is shown as it stands. */
function linesOf(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(lineOf);
}

function lineOf(line: string): LogLine {
  const read = parsed(line);
  if (read === undefined) return { at: null, level: 'info', text: line };
  const { level, time, msg, ...facts } = read;
  const said = typeof msg === 'string' ? msg : '';
  const of = Object.entries(facts).map(([name, value]) => `${name} ${valueOf(value)}`).join(', '); // prettier-ignore
  return {
    at: typeof time === 'string' ? time : null,
    level: levelOf(Number(level)),
    text: of === '' ? said : said === '' ? of : `${said} (${of})`,
  };
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const read: unknown = JSON.parse(line);
    return typeof read === 'object' && read !== null && !Array.isArray(read) ? { ...read } : undefined;
  } catch {
    return undefined;
  }
}

/** Of an error its message: its stack is in the file. */
function valueOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'message' in value) return String(value.message);
  return JSON.stringify(value) ?? '';
}

/** pino's numbers: 20 debug, 30 info, 40 warn, 50 error. */
function levelOf(level: number): LineLevel {
  if (level >= 50) return 'error';
  if (level >= 40) return 'warn';
  return level >= 30 ? 'info' : 'debug';
}

/** The size of everything in a folder, in bytes; what goes while it is looked at does not count. */
export async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map(async (name) => {
      const found = await stat(join(folder, name)).catch(() => undefined);
      return found?.isFile() === true ? found.size : 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
