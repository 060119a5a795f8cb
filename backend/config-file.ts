// The configuration file of the headless host: where it is, what it contains, and when it changes.
// It does not validate settings (contract/config/config-sources.ts does) and never writes the file.
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { parse as parseToml, TomlError } from 'smol-toml';
import { onAbort } from './core/abort.ts';

/** Errors of a file as a whole, for callers with their own wording. */
export type FileMistake = 'missing' | 'folder' | 'forbidden' | 'unreadable' | 'no_text' | 'no_json' | 'no_toml';

/** A configuration file that cannot be used at all. The message is a sentence that names the file and the line. */
export class ConfigFileError extends Error {
  override readonly name = 'ConfigFileError';
  readonly path: string;
  /** Line of a syntax error, counted from 1. */
  readonly line: number | undefined;
  /** The message without the parser's words. */
  readonly plain: string;
  readonly mistake: FileMistake | undefined;

  constructor(
    path: string,
    reason: string,
    more: {
      readonly mistake?: FileMistake;
      readonly line?: number;
      readonly parser?: string;
      readonly cause?: unknown;
    } = {},
  ) {
    const { mistake, line, parser, cause } = more;
    const place = `${path}${line === undefined ? '' : `, line ${line}`}`;
    super(`${place}: ${reason}${parser === undefined ? '' : `: ${parser}`}.`, { cause });
    this.path = path;
    this.line = line;
    this.plain = `${place}: ${reason}.`;
    this.mistake = mistake;
  }
}

/**
 * Finds the configuration file: that of --config, else of CONFIG_PATH, else config.toml in the current folder. Returns
 * an absolute path, or undefined if no file is named and config.toml does not exist. Throws ConfigFileError if a named
 * file is missing: starting without it would look like starting with it.
 */
export async function locateConfigFile(
  env: Readonly<Record<string, string | undefined>>,
  flag: string | undefined,
  cwd: string,
): Promise<string | undefined> {
  const named = flag ?? (env['CONFIG_PATH'] || undefined);
  const path = resolve(cwd, named ?? 'config.toml');
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) return path;
  if (named === undefined) return undefined;
  throw new ConfigFileError(
    path,
    `there is no such file, but ${flag === undefined ? 'CONFIG_PATH' : '--config'} names it`,
  );
}

/**
 * Reads a configuration file: TOML or JSON by its extension, else by its first character. The result is a `file` for
 * resolveConfig. Throws ConfigFileError if the file cannot be read, or is not valid TOML or JSON (with the line).
 */
export async function readConfigFile(path: string): Promise<{ readonly path: string; readonly data: unknown }> {
  const text = decode(path, await readFile(path).catch((error: unknown) => Promise.reject(unreadable(path, error))));
  const ending = extname(path).toLowerCase();
  const isJson = ending === '.json' || (ending !== '.toml' && text.trimStart().startsWith('{'));
  return { path, data: isJson ? fromJson(path, text) : fromToml(path, text) };
}

function unreadable(path: string, cause: unknown): ConfigFileError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const known = new Map<string, readonly [FileMistake, string]>([
    ['ENOENT', ['missing', 'there is no such file']],
    ['EISDIR', ['folder', 'it is a folder, not a file']],
    ['EACCES', ['forbidden', 'Hearth may not read it']],
  ]);
  const [mistake, reason] = known.get(code) ?? ['unreadable', `it cannot be read (${code})`];
  return new ConfigFileError(path, reason, { mistake, cause });
}

function decode(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes); // drops a byte order mark too
  } catch (cause) {
    throw new ConfigFileError(path, 'it is not UTF-8 text', { mistake: 'no_text', cause });
  }
}

function fromToml(path: string, text: string): unknown {
  try {
    return parseToml(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const [reason = ''] = cause.message.replace(/^Invalid TOML document: /, '').split('\n');
    const more = { line: cause.line, parser: reason, cause };
    throw new ConfigFileError(path, 'this is not valid TOML', { mistake: 'no_toml', ...more });
  }
}

function fromJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const line = text.slice(0, jsonMistakeAt(text)).split('\n').length;
    throw new ConfigFileError(path, 'this is not valid JSON', { mistake: 'no_json', line, cause });
  }
}

/**
 * Index of the first error in a text that is not JSON. JSON.parse reports it only for some errors, in words that change
 * with the engine, so this parses the text once more.
 */
function jsonMistakeAt(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const all = (item: () => boolean, close: RegExp): boolean => {
    if (take(close)) return true;
    while (item()) {
      if (take(close)) return true;
      if (!take(/[ \t\r\n]*,/y)) return false;
    }
    return false;
  };
  const string = /[ \t\r\n]*"(?:[ !#-[\]-\uFFFF]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/y;
  const scalar = /[ \t\r\n]*(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
  const pair = (): boolean => take(string) && take(/[ \t\r\n]*:/y) && value();
  const value = (): boolean => {
    if (take(/[ \t\r\n]*\{/y)) return all(pair, /[ \t\r\n]*\}/y);
    if (take(/[ \t\r\n]*\[/y)) return all(value, /[ \t\r\n]*\]/y);
    return take(string) || take(scalar);
  };
  value();
  take(/[ \t\r\n]*/y);
  return at;
}

/** What happened to a watched file. */
export type ConfigFileEvent =
  | { readonly kind: 'changed' }
  | { readonly kind: 'gone' }
  // The system no longer reports changes.
  | { readonly kind: 'blind'; readonly reason: unknown };

/**
 * Watches one file until the signal aborts. Resolves once changes are seen; a change between an earlier read and that
 * moment is not reported. `onChange` gets `changed` after a complete write, also for a file that came back, and `gone`
 * when the file is missing. Rejects when the folder cannot be watched. A write counts as complete when the size stayed
 * the same for `quietMs` milliseconds.
 */
export async function watchConfigFile(
  path: string,
  onChange: (event: ConfigFileEvent) => void,
  signal: AbortSignal,
  quietMs = 100,
): Promise<void> {
  if (signal.aborted) return;
  const file = resolve(path);
  const folder = dirname(file);
  // Watch the folder, not the file: editors replace the file, and a watch on it would stay with the old one.
  // Imported here only: without a file to watch the program does not load it.
  const { watch } = await import('chokidar');
  const watcher = watch(folder, {
    depth: 0,
    ignored: (name) => resolve(name) !== folder && resolve(name) !== file,
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: quietMs, pollInterval: 20 },
  });
  onAbort(signal, () => void watcher.close());
  try {
    await once(watcher, 'ready', { signal });
  } catch (error) {
    if (signal.aborted) return;
    await watcher.close();
    throw error;
  }
  watcher.on('add', () => onChange({ kind: 'changed' }));
  watcher.on('change', () => onChange({ kind: 'changed' }));
  watcher.on('unlink', () => onChange({ kind: 'gone' }));
  watcher.on('error', (reason) => onChange({ kind: 'blind', reason }));
}
