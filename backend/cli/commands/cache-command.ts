// `hearth cache`: exports recordings to a file and imports them, with or without a running gateway.
// core/recordings/recording-line.ts defines the lines.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { systemClock } from '../../clock.ts';
import { AppError } from '../../contract/errors.ts';
import type { Log } from '../../core/ports.ts';
import { lineOf, recordingsIn } from '../../core/recordings/recording-line.ts';
import type { Recording, Recordings } from '../../core/recordings/recordings.ts';
import { withRecordings } from '../../storage/shelves/recording-file.ts';
import { keepAll, recordingShare } from '../../storage/shelves/recording-store.ts';
import type { OptionsOf } from '../command-table.ts';
import { dataPlace } from '../data-place.ts';
import type { Host, Input, Output, Run } from '../command-host.ts';
import { settingsUsed } from './settings-used.ts';

/** Writes the file as a whole or not at all. These commands throw AppError with a sentence, and system errors. */
export const exportRecordings: Run<'cache export'> = async ({ args: [file], options }, host) => {
  say(host, await exported(file, await storeOf(options, host, false), host.terminal), 'exported');
};

/** Imports a file as a whole or not at all. */
export const importRecordings: Run<'cache import'> = async ({ args: [file], options }, host) => {
  const within = await storeOf(options, host, true);
  say(host, await imported(file, within, options.replace, host.terminal.stdin), 'imported');
};

export const clearRecordings: Run<'cache clear'> = async ({ options }, host) => {
  const within = await storeOf(options, host, false);
  say(
    host,
    within((recordings) => recordings.clear().removed),
    'removed',
  );
};

function say({ terminal }: Host, total: number, what: string): void {
  terminal.tell(`${total} ${total === 1 ? 'answer' : 'answers'} ${what}.\n`);
}

/** Errors are thrown and printed then. */
const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** Opens the store of recordings. */
async function storeOf(options: OptionsOf<'cache clear'>, host: Host, create: boolean): Promise<Within> {
  const { config } = await settingsUsed({ config: options.config }, host);
  return (work) =>
    withRecordings(
      {
        folder: options.data ?? dataPlace(host.env),
        create,
        maxBytes: () => recordingShare(config.cache),
        clock: systemClock,
        log: SILENT,
      },
      work,
    );
}

type Within = <T>(work: (recordings: Recordings) => T) => T;

async function exported(file: string, within: Within, out: Output): Promise<number> {
  const lines = within((recordings) => Array.from(recordings.all(), lineOf));
  const written = lines.map((line) => `${line}\n`).join('');
  if (file === '-') out.write(written);
  else await writeWhole(file, written);
  return lines.length;
}

async function imported(file: string, within: Within, replace: boolean, stdin: Input): Promise<number> {
  const recordings = recordingsFrom(file === '-' ? await stdin.text() : await readRecordingFile(file), file);
  within((store) => keepAll(store, recordings, replace));
  return recordings.length;
}

/** Reads the recordings in a file. Throws AppError with the file and line of an error. */
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

/** Writes to a temporary file first, so that no partial file replaces a complete one. */
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
