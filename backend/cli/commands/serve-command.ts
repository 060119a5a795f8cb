// `hearth serve`: the gateway without a desktop. Starts the backend, prints one line when it listens, watches the
// configuration file, and drains when it is told to stop. backend.ts has everything that answers requests.
import { pino, type Logger } from 'pino';
import { startBackend } from '../../backend.ts';
import { watchConfigFile } from '../../config-file.ts';
import { problemSentence } from '../../contract/config/config-sources.ts';
import { changedFields, type Config } from '../../contract/config/config.ts';
import type { Backend } from '../../hosting.ts';
import { openLogOutput, type LogOutput } from '../../log-output.ts';
import type { OptionsOf } from '../command-table.ts';
import { dataPlace } from '../data-place.ts';
import { EXIT, UsageError } from '../exits.ts';
import type { Host, Run } from '../command-host.ts';
import { VERSION } from '../version.ts';
import { recordingsOf } from './cache-command.ts';
import { readSettings, settingsUsed, type SettingsUsed } from './settings-used.ts';

/** Time for the last log lines when their reader is slow. Milliseconds. */
const LAST_LINES_MS = 1000;

/** Resolves when the gateway listens; it runs until the process is told to stop. */
export const serve: Run<'serve'> = async ({ options }, host) => {
  const used = await settingsUsed(options, host, replayed(options));
  const { config, notices, path } = used;
  const output = openLogOutput(process.stderr, Date.now);
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  for (const notice of notices) log.warn({}, notice);
  const recorded = options.recording === undefined ? {} : { recordings: await recordingsOf(options.recording) };
  const dataFolder = dataPlace(host.env);
  const backend = await startBackend({ config, log, version: VERSION, dataFolder, ...recorded });
  const life = new AbortController();
  const served: Served = { backend, log, output, life };
  // Before the ready line: a program that waited for it may end this process at once.
  stopOnSignals(served);
  const { url } = backend;
  process.stdout.on('error', ({ message }) => log.warn({ url }, `The ready line could not be written: ${message}.`));
  host.terminal.write(`hearth ready ${url}\n`);
  if (path !== undefined) await followFile(path, used, served, host);
  // Without a handler the signal would end the process.
  else process.on('SIGHUP', () => log.info({}, 'there is no configuration file to read again'));
};

/** The settings implied by `--recording`. */
function replayed({ recording, mode = 'replay' }: OptionsOf<'serve'>): Record<string, unknown> {
  if (recording === undefined) return {};
  if (mode.toLowerCase() === 'replay') return { 'cache.mode': 'replay' };
  throw new UsageError('--recording is for replay alone. Record without it, and then: hearth cache export FILE');
}

/** A running gateway, and what its host needs beside it. */
interface Served {
  readonly backend: Backend;
  readonly log: Logger;
  readonly output: LogOutput;
  /** Aborts when the gateway is told to stop. */
  readonly life: AbortController;
}

function stopOnSignals({ backend, log, output, life }: Served): void {
  let stopping = false;
  const exit = (code: number): void => void output.flushed(LAST_LINES_MS).then(() => process.exit(code));
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) {
      log.warn({ signal }, 'told to stop again: stopping without waiting');
      process.exit(EXIT.software);
    }
    stopping = true;
    log.info({ signal }, 'stopping: no new work, running answers may end');
    life.abort();
    backend.stop().then(
      () => exit(EXIT.ok),
      (error: unknown) => {
        log.error({ err: error }, 'could not stop cleanly');
        exit(EXIT.software);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** Applies each valid edit of the file; an invalid one is reported and the old values stay. */
async function followFile(
  path: string,
  { config: started, flags }: SettingsUsed,
  { backend, log, life }: Served,
  { env }: Host,
): Promise<void> {
  let current: Config = started;
  const reread = async (): Promise<void> => {
    const { config, problems, notices } = await readSettings(path, flags, env);
    if (problems.length > 0) {
      log.error({}, `${problems.map(problemSentence).join(' ')} The old values stay in use.`);
      return;
    }
    for (const notice of notices) log.warn({}, notice);
    const changed = changedFields(current, config);
    if (changed.length === 0) return;
    current = config;
    log.level = config.log.level;
    backend.configure(config);
    const later = changedFields(started, config).filter(({ applies }) => applies === 'restart');
    log.info({ changed: changed.map((field) => field.path) }, 'configuration changed');
    if (later.length > 0) {
      log.warn({ fields: later.map((field) => field.path) }, 'these settings change after a restart of the gateway');
    }
  };
  // One after the other, so that the later of two quick edits wins.
  let reading = Promise.resolve();
  const queueReread = (): void => {
    reading = reading.then(reread).catch((error: unknown) => {
      log.error({}, `${error instanceof Error ? error.message : String(error)} The old values stay in use.`);
    });
  };
  process.on('SIGHUP', queueReread);
  try {
    await watchConfigFile(
      path,
      (event) => {
        if (event.kind === 'changed') queueReread();
        else if (event.kind === 'gone') log.warn({}, `${path} is gone. The old values stay in use.`);
        else
          log.warn({ err: event.reason }, `Changes of ${path} are no longer seen. Send SIGHUP to have it read again.`);
      },
      life.signal,
    );
    log.info({ path }, 'configuration is followed');
    // Catches an edit between the first read and the start of the watch.
    queueReread();
  } catch (error) {
    log.warn({ err: error }, `Changes of ${path} are not seen. Send SIGHUP to have it read again.`);
  }
}
