// `hearth key`: makes, lists and revokes the keys of callers from elsewhere, in the configuration file. A gateway that
// follows the file takes the change over at once. What is printed on standard output is for programs too.
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { whileLocked, writeKeys } from './config-edit.ts';
import { ConfigFileError, locateConfigFile, readConfigFile } from '../config-file.ts';
import { readKeyWish, type ApiKey, type KeyWish } from '../contract/api-key.ts';
import { resolveConfig } from '../contract/config/config-sources.ts';
import { AppError } from '../contract/errors.ts';
import { addKey, withoutKey } from '../core/access/api-keys.ts';

export const KEY_USAGE = `Usage: hearth key create NAME [options]
       hearth key list [options]
       hearth key revoke NAME [options]

Keys let callers from other machines in (server.lan). They are kept as hashes in the configuration file.

Options:
  --config FILE               configuration, TOML or JSON (else CONFIG_PATH, else ./config.toml)
  --scopes LIST               what a new key is for: chat, cache, manage (default: chat)
  --requests-per-minute N     limit of a new key
  --max-active N              most requests of a new key at once
  --high-priority             a new key may ask to go before normal requests
  --json                      print JSON
`;

/** A mistake on the command line, as a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Output {
  /** Standard output. */
  write(text: string): void;
  /** Standard error: for people. */
  tell(text: string): void;
}

/**
 * Runs one command; `args` begin after "key". Throws UsageError, AppError (invalid_request, not_found) and
 * ConfigFileError, each with a sentence.
 */
export async function keyCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  out: Output,
): Promise<void> {
  const { values, positionals } = read(args);
  const [command, name, ...rest] = positionals;
  if (rest.length > 0) throw new UsageError(`Unknown argument: ${rest.join(' ')}\n\n${KEY_USAGE}`);
  const path = (await locateConfigFile(env, values.config, process.cwd())) ?? resolve('config.toml');
  const needed = (): string => {
    if (name === undefined) throw new UsageError(`The name of the key is missing.\n\n${KEY_USAGE}`);
    return name;
  };
  const print = (data: unknown, text: string): void => out.write(values.json ? `${JSON.stringify(data)}\n` : text);

  switch (command) {
    case 'create': {
      const wish = wishFrom(needed(), values);
      const { secret, key } = await whileLocked(path, async () => {
        const made = addKey(await keysIn(path), wish, new Date());
        await writeKeys(path, made.keys);
        return made;
      });
      const { hash: _hash, ...told } = key;
      print({ ...told, key: secret }, `${secret}\n`);
      out.tell(`"${key.name}" is written to ${path}. The key is shown only now: keep it safe.\n`);
      return;
    }
    case 'list': {
      if (name !== undefined) throw new UsageError(`Unknown argument: ${name}\n\n${KEY_USAGE}`);
      const keys = await keysIn(path);
      const told = keys.map(({ hash: _hash, ...key }) => key);
      print(told, told.map((key) => `${lineOf(key)}\n`).join(''));
      if (keys.length === 0) out.tell(`There are no keys in ${path}.\n`);
      return;
    }
    case 'revoke': {
      const revoked = needed();
      const left = await whileLocked(path, async () => {
        const next = withoutKey(await keysIn(path), revoked);
        await writeKeys(path, next);
        return next.length;
      });
      print({ name, revoked: true }, '');
      out.tell(`"${name}" is revoked.\n`);
      if (left === 0) {
        out.tell(
          'It was the last one. From other machines nobody gets in now, unless server.allow_anonymous is true.\n',
        );
      }
      return;
    }
    default:
      throw new UsageError(command === undefined ? KEY_USAGE : `Unknown command: key ${command}\n\n${KEY_USAGE}`);
  }
}

type Values = ReturnType<typeof read>['values'];

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        scopes: { type: 'string' },
        'requests-per-minute': { type: 'string' },
        'max-active': { type: 'string' },
        'high-priority': { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${KEY_USAGE}`);
  }
}

/** The keys of the file alone: what the environment says of them is not for this file. None where there is no file yet. */
async function keysIn(path: string): Promise<readonly ApiKey[]> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (!isThere) return [];
  const file = await readConfigFile(path);
  const { config, problems } = resolveConfig({ file }, 'headless');
  if (problems.some(({ key }) => key === 'server.api_keys' || key === 'server' || key === '')) {
    throw new ConfigFileError(path, 'server.api_keys is not what it should be. Mend it by hand first.');
  }
  return config.server.api_keys;
}

function wishFrom(name: string, values: Values): KeyWish {
  const scopes = (values.scopes ?? 'chat').split(',').map((scope) => scope.trim());
  const wish = {
    name,
    scopes: [...new Set(scopes)],
    ...limit('requests_per_minute', values['requests-per-minute']),
    ...limit('max_active', values['max-active']),
    ...(values['high-priority'] ? { high_priority: true } : {}),
  };
  try {
    return readKeyWish(wish);
  } catch (error) {
    throw error instanceof AppError ? new UsageError(`${error.message}\n\n${KEY_USAGE}`) : error;
  }
}

function limit(name: string, text: string | undefined): Record<string, number> {
  return text === undefined ? {} : { [name]: /^\d+$/.test(text) ? Number(text) : Number.NaN };
}

function lineOf(key: Omit<ApiKey, 'hash'>): string {
  const { name, scopes, requests_per_minute, max_active, high_priority, created_at } = key;
  const parts = [
    name,
    scopes.join(','),
    requests_per_minute === undefined ? '' : `${requests_per_minute} requests a minute`,
    max_active === undefined ? '' : `${max_active} at once`,
    high_priority === true ? 'high priority' : '',
    created_at === undefined ? '' : `made ${created_at}`,
  ];
  return parts.filter((part) => part !== '').join('  ');
}
