// `hearth cache`: recordings into a file and out of one, beside a gateway that runs or without one. Which lines there are is
// core/recordings/recording-line.ts.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { systemClock } from '../clock.ts';
import type { Config } from '../contract/config/config.ts';
import { AppError } from '../contract/errors.ts';
import type { Log } from '../core/ports.ts';
import { lineOf, recordingsIn } from '../core/recordings/recording-line.ts';
import type { Recording, Recordings } from '../core/recordings/recordings.ts';
import { withRecordings } from '../storage/recording-file.ts';
import { keepAll, recordingShare } from '../storage/recording-store.ts';
import { UsageError, type Output } from './key-command.ts';

export const CACHE_USAGE = `Usage: hearth cache export FILE [options]
       hearth cache import FILE [options]
       hearth cache clear [options]

Recordings as a file: one line of JSON for each question and its answer, always in the same order, so that it can be kept in
a repository. A FILE of - is standard output or input. They work while a gateway runs, and while none does.

Recordings are made with cache.mode "record" (hearth serve --mode record). What is kept in the usual mode is not exported:
its questions are known by their hashes alone. Pictures stand in the file as their hashes. clear removes all recordings, and
nothing else.

Options:
  --data DIR          the folder where Hearth keeps its data (else HEARTH_DATA_DIR, else that of hearth serve)
  --replace           import: remove what was recorded before; else it stays, but for the questions in the file
  --config FILE       configuration, TOML or JSON (else CONFIG_PATH, else ./config.toml)
`;

export interface CacheHost {
  /** The settings by which `hearth serve` would run with this configuration. */
  configOf(path: string | undefined): Promise<Config>;
  /** Where Hearth keeps its data, unless it is said otherwise. */
  readonly dataFolder: string;
  readonly log: Log;
  readonly stdin: NodeJS.ReadableStream;
}

/**
 * Runs one command; `args` begin after "cache". Throws UsageError, AppError with a sentence, and the system's errors; a file is
 * imported as a whole or not at all, and written as a whole or not at all.
 */
export async function cacheCommand(args: readonly string[], out: Output, host: CacheHost): Promise<void> {
  const { values, positionals } = read(args);
  const [command, file, ...rest] = positionals;
  const wantsFile = command === 'export' || command === 'import';
  if ((!wantsFile && command !== 'clear') || (wantsFile ? rest.length > 0 : file !== undefined)) {
    throw new UsageError(CACHE_USAGE);
  }
  const config = await host.configOf(values.config);
  const within: Within = (work) =>
    withRecordings(
      {
        folder: values.data ?? host.dataFolder,
        create: command === 'import',
        maxBytes: () => recordingShare(config.cache),
        clock: systemClock,
        log: host.log,
      },
      work,
    );
  const say = (total: number, what: string): void =>
    out.tell(`${total} ${total === 1 ? 'answer' : 'answers'} ${what}.\n`);
  if (!wantsFile)
    return say(
      within((recordings) => recordings.clear().removed),
      'removed',
    );
  if (file === undefined) throw new UsageError(`The file is missing.\n\n${CACHE_USAGE}`);
  if (command === 'export') say(await exported(file, within, out), 'exported');
  else say(await imported(file, within, values.replace, host), 'imported');
}

type Within = <T>(work: (recordings: Recordings) => T) => T;

async function exported(file: string, within: Within, out: Output): Promise<number> {
  const lines = within((recordings) => Array.from(recordings.all(), lineOf));
  const written = lines.map((line) => `${line}\n`).join('');
  if (file === '-') out.write(written);
  else await writeWhole(file, written);
  return lines.length;
}

async function imported(file: string, within: Within, replace: boolean, { stdin }: CacheHost): Promise<number> {
  const recordings = recordingsFrom(file === '-' ? await text(stdin) : await readRecordingFile(file), file);
  within((store) => keepAll(store, recordings, replace));
  return recordings.length;
}

/** The recordings of a file. Throws AppError with the file and line that is wrong. */
export async function recordingsOf(file: string): Promise<readonly Recording[]> {
  return recordingsFrom(await readRecordingFile(file), file);
}

function recordingsFrom(lines: string, file: string): readonly Recording[] {
  try {
    return recordingsIn(lines);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError('invalid_request', `${file === '-' ? 'Standard input' : file}: ${error.message}`, {
      cause: error,
    });
  }
}

async function readRecordingFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('not_found', `${file} cannot be read: ${why}.`, { cause: error });
  }
}

/** So that no half file takes the place of a whole one. */
async function writeWhole(file: string, written: string): Promise<void> {
  const beside = `${file}.${process.pid}.part`;
  try {
    await writeFile(beside, written, { mode: 0o600 });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new AppError('invalid_request', `${file} cannot be written: ${why}.`, { cause: error });
  }
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        config: { type: 'string' },
        replace: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${CACHE_USAGE}`);
  }
}
