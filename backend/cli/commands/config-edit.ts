// Writes a setting into a configuration file that people edit by hand: comments and order are kept. A new text is
// written only after it was parsed and nothing else has changed. toml-edit.ts edits TOML.
import { randomUUID } from 'node:crypto';
import { chown, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { parse as parseToml } from 'smol-toml';
import { ConfigFileError } from '../../config-file.ts';
import type { ApiKey } from '../../contract/rules/api-key.ts';
import { withValue, type FieldInfo } from '../../contract/config/config.ts';
import { withKeyTables, withSetting } from './toml-edit.ts';

type Data = Record<string, unknown>;

/**
 * How long an edit waits for another one to end, and the interval of its checks; milliseconds. An edit takes a few of
 * them.
 */
const LOCK = { patienceMs: 5000, everyMs: 20 } as const;

/**
 * Runs an edit of a file while no other edit runs: otherwise the later of two edits would undo the earlier one, and a
 * revoked key would be valid again. The lock is a file beside it, as in git. Throws ConfigFileError, also if the lock
 * is not released in time.
 */
export async function whileLocked<T>(
  named: string,
  edit: () => Promise<T>,
  patienceMs: number = LOCK.patienceMs,
): Promise<T> {
  const path = await realpath(named).catch(() => named);
  const lock = join(dirname(path), `.${basename(path)}.lock`);
  // Counted from the first attempt.
  const until = performance.now() + patienceMs;
  for (;;) {
    try {
      await writeFile(lock, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      break;
    } catch (cause) {
      if ((cause as { code?: unknown }).code !== 'EEXIST') throw unwritable(path, cause);
      if (performance.now() > until) {
        const reason = `another program is writing it, or was killed while it did. If none is, remove ${lock}.`;
        throw new ConfigFileError(path, `${reason} Nothing has changed.`, { cause });
      }
      await sleep(LOCK.everyMs);
    }
  }
  try {
    return await edit();
  } finally {
    await rm(lock, { force: true });
  }
}

/**
 * Replaces server.api_keys in a file, which is created if missing. JSON is detected as in readConfigFile. The new file
 * replaces the old one atomically, readable by its owner only. Throws ConfigFileError if the text cannot be edited
 * safely, and then nothing has changed.
 */
export async function writeKeys(path: string, keys: readonly ApiKey[]): Promise<void> {
  await rewrite(path, 'server.api_keys', {
    inData: (data) => withKeys(data, keys),
    inToml: (old) => [withKeyTables(old, keys)],
  });
}

/** Sets one setting in a file, as writeKeys does; `value` must be valid for the setting. Throws as writeKeys does. */
export async function writeSetting(path: string, field: FieldInfo, value: unknown): Promise<void> {
  await rewrite(path, field.path, {
    inData: (data) => withValue(data, field, value) as Data,
    inToml: (old) => withSetting(old, field, value),
  });
}

interface Edit {
  /** The data that the file should have. */
  inData(data: Data): Data;
  /** Candidate texts for that data, the best first. */
  inToml(old: string): Iterable<string>;
}

async function rewrite(path: string, what: string, edit: Edit): Promise<void> {
  const old = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return '';
    throw error;
  });
  const ending = extname(path).toLowerCase();
  const isJson = ending === '.json' || (ending !== '.toml' && old.trimStart().startsWith('{'));
  await replace(path, isJson ? inJson(old, edit) : inToml(path, old, what, edit));
}

function inJson(old: string, edit: Edit): string {
  const data = old.trim() === '' ? {} : (JSON.parse(old.replace(/^\uFEFF/, '')) as Data);
  const indent = /^[ \t]+(?=")/m.exec(old)?.[0] ?? '  ';
  return `${JSON.stringify(edit.inData(data), null, indent)}\n`;
}

function inToml(path: string, old: string, what: string, edit: Edit): string {
  const wanted = plain(edit.inData(readToml(old) ?? {}));
  for (const text of edit.inToml(old)) if (isDeepStrictEqual(plain(readToml(text)), wanted)) return text;
  throw new ConfigFileError(path, `${what} is written in a way that Hearth does not edit. Change it there by hand.`);
}

function readToml(text: string): Data | undefined {
  try {
    return parseToml(text) as Data;
  } catch {
    return undefined;
  }
}

function withKeys(data: Data, keys: readonly ApiKey[]): Data {
  const { server, ...others } = data;
  const { api_keys: _old, ...settings } = (server ?? {}) as Data;
  const next = keys.length === 0 ? settings : { ...settings, api_keys: keys };
  return Object.keys(next).length === 0 ? others : { ...data, server: next };
}

/** Removes the prototypes and dates of the TOML reader, and a section that has become empty. */
function plain(data: Data | undefined): unknown {
  if (data === undefined) return undefined;
  const { server, ...others } = JSON.parse(JSON.stringify(data)) as Data;
  return server === undefined || Object.keys(server as Data).length === 0 ? others : { ...others, server };
}

/** Works behind a symbolic link too, and keeps the file's owner and mode. */
async function replace(named: string, text: string): Promise<void> {
  const path = await realpath(named).catch(() => named);
  const before = await stat(path).catch(() => undefined);
  const next = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await writeFile(next, text, { mode: (before?.mode ?? 0o600) & 0o777, flush: true });
    // Only an administrator can change the owner, and only then it matters.
    if (before !== undefined) await chown(next, before.uid, before.gid).catch(() => undefined);
    await rename(next, path);
  } catch (cause) {
    await rm(next, { force: true });
    throw unwritable(path, cause);
  }
}

function unwritable(path: string, cause: unknown): ConfigFileError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new ConfigFileError(path, `it cannot be written (${code}). Nothing has changed.`, { cause });
}
