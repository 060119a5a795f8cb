// `hearth`: the gateway without a desktop (serve), its keys (key), its settings (config), its recordings (cache). Reads the configuration, starts the backend, says one line when it listens,
// follows changes of its file, and drains when it is told to stop. Everything that answers requests is in backend.ts.
import { pino, type Logger } from 'pino';
import { startBackend } from '../backend.ts';
import type { Backend } from '../hosting.ts';
import { CONFIG_USAGE, configCommand } from './config-command.ts';
import { dataPlace } from './data-place.ts';
import { KEY_USAGE, keyCommand, UsageError } from './key-command.ts';
import { ConfigFileError, locateConfigFile, readConfigFile, watchConfigFile } from '../config-file.ts';
import { problemSentence, resolveConfig, type ResolvedConfig } from '../contract/config/config-sources.ts';
import { changedFields, type Config } from '../contract/config/config.ts';
import { AppError } from '../contract/errors.ts';
import { ListenError } from '../http/wire/listen.ts';
import { openLogOutput, type LogOutput } from '../log-output.ts';
import { CACHE_USAGE, cacheCommand, type CacheHost, recordingsOf } from './cache-command.ts';
import { readFlags, SERVE_OPTIONS, type ServeFlags } from './serve-flags.ts';
import { VERSION } from './version.ts';

/** Exit codes of sysexits(3). */
const EXIT = { ok: 0, usage: 64, data: 65, unavailable: 69, software: 70, io: 74, config: 78 } as const;

/** How long the last lines of the log may take, where somebody reads them slowly. Milliseconds. */
const LAST_LINES_MS = 1000;

const USAGE = `Usage: hearth serve [options]
       hearth key create | list | revoke   (hearth key --help)
       hearth config --print | --check     (hearth config --help)
       hearth cache export | import | clear (hearth cache --help)

serve runs the gateway. It prints one line with its address when it listens, and its log as JSON lines on standard error.

${SERVE_OPTIONS}`;

/** Ends the program with a sentence for the person who started it. */
class Exit extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

async function readSettings(path: string | undefined, flags: ServeFlags): Promise<ResolvedConfig> {
  const file = path === undefined ? {} : { file: await readConfigFile(path) };
  return resolveConfig({ ...file, env: process.env, flags: flags.values }, 'headless');
}

interface Settings extends ResolvedConfig {
  readonly flags: ServeFlags;
  /** The file that they were read from, if any. */
  readonly path: string | undefined;
}

/** The settings by which `hearth serve` with these arguments runs. Throws Exit where it cannot. */
async function settingsFor(args: readonly string[]): Promise<Settings> {
  const flags = readFlags(args, USAGE);
  const path = await locateConfigFile(process.env, flags.config, process.cwd());
  return { ...usable(await readSettings(path, flags)), flags, path };
}

/** The same settings. Throws Exit with a sentence for each mistake in them. */
function usable(settings: ResolvedConfig): ResolvedConfig {
  const { problems } = settings;
  if (problems.length > 0) throw new Exit(EXIT.config, problems.map(problemSentence).join('\n'));
  return settings;
}

async function serve(args: readonly string[]): Promise<void> {
  const { config, notices, flags, path } = await settingsFor(args);
  const output = openLogOutput(process.stderr, Date.now);
  const log = pino({ level: config.log.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, output);
  for (const notice of notices) log.warn({}, notice);
  const recorded = flags.recording === undefined ? {} : { recordings: await recordingsOf(flags.recording) };
  const dataFolder = dataPlace(process.env);
  const backend = await startBackend({ config, log, version: VERSION, dataFolder, ...recorded });
  const life = new AbortController();
  const served: Served = { backend, log, output, life };
  // Before the ready line: a program that waited for it may end this one at once.
  stopOnSignals(served);
  const { url } = backend;
  process.stdout.on('error', ({ message }) => log.warn({ url }, `The ready line could not be written: ${message}.`));
  process.stdout.write(`hearth ready ${url}\n`);
  if (path !== undefined) await followFile({ path, flags, started: config }, served);
  // Without a handler the signal would end the process.
  else process.on('SIGHUP', () => log.info({}, 'there is no configuration file to read again'));
}

/** A gateway that runs, and what its host needs beside it. */
interface Served {
  readonly backend: Backend;
  readonly log: Logger;
  readonly output: LogOutput;
  /** Ends when the gateway is told to stop. */
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

/** The file of settings, the options beside it, and what the gateway was started with. */
interface FollowedFile {
  readonly path: string;
  readonly flags: ServeFlags;
  readonly started: Config;
}

/** Takes over each good edit of the file; a bad one is reported and the old values stay. */
async function followFile({ path, flags, started }: FollowedFile, { backend, log, life }: Served): Promise<void> {
  let current = started;
  const reread = async (): Promise<void> => {
    const { config, problems, notices } = await readSettings(path, flags);
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
    // Catches an edit made between the first read and the start of the watch.
    queueReread();
  } catch (error) {
    log.warn({ err: error }, `Changes of ${path} are not seen. Send SIGHUP to have it read again.`);
  }
}

const TERMINAL = {
  write: (text: string): void => void process.stdout.write(text),
  tell: (text: string): void => void process.stderr.write(text),
};

const cacheHost = (): CacheHost => ({
  configOf: async (path) => (await settingsFor(path === undefined ? [] : ['--config', path])).config,
  dataFolder: dataPlace(process.env),
  log: pino({ level: 'silent' }),
  stdin: process.stdin,
});

/** What `--help` prints of a command that has more to say. */
const HELP: Readonly<Record<string, string>> = { key: KEY_USAGE, config: CONFIG_USAGE, cache: CACHE_USAGE };

async function main(args: readonly string[]): Promise<void> {
  const [command, ...rest] = args;
  if (command !== 'serve') process.stdout.on('error', cannotPrint);
  if (args.includes('--help') || args.includes('-h')) process.stdout.write(HELP[command ?? ''] ?? USAGE);
  else if (args.includes('--version')) process.stdout.write(`hearth ${VERSION}\n`);
  else if (command === 'serve') await serve(rest);
  else if (command === 'key') await keyCommand(rest, process.env, TERMINAL);
  else if (command === 'config') await configCommand(rest, TERMINAL, { settingsFor, usable });
  else if (command === 'cache') await cacheCommand(rest, TERMINAL, cacheHost());
  else throw new Exit(EXIT.usage, command === undefined ? USAGE : `Unknown command: ${command}\n\n${USAGE}`);
}

/** A command has nothing but its output: a full disk, or `hearth key list | head -1`. */
function cannotPrint({ message }: Error): void {
  process.stderr.write(`Standard output cannot be written: ${message}.\n`);
  process.exit(EXIT.io);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof Exit) return error.code;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof AppError) return EXIT.data;
  if (error instanceof ConfigFileError) return EXIT.config;
  if (error instanceof ListenError) return EXIT.unavailable;
  return EXIT.software;
}

/** Runs a command line without the program's name in front. Ends the process with a sentence when it cannot. */
export function run(args: readonly string[]): void {
  main(args).catch((error: unknown) => {
    const code = exitCodeOf(error);
    const text =
      error instanceof Error && code !== EXIT.software
        ? error.message
        : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`${text.trimEnd()}\n`);
    process.exit(code);
  });
}
