// `hearth key`: creates, lists and revokes the keys of callers from elsewhere, in the configuration file. A gateway
// that watches the file applies the change at once. Standard output is for programs too.
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { whileLocked, writeKeys } from './config-edit.ts';
import { ConfigFileError, locateConfigFile, readConfigFile } from '../../config-file.ts';
import { readKeyWish, type ApiKey, type KeyWish } from '../../contract/rules/api-key.ts';
import { resolveConfig } from '../../contract/config/config-sources.ts';
import { AppError } from '../../contract/errors.ts';
import { addKey, withoutKey } from '../../core/access/api-keys.ts';
import type { OptionsOf } from '../command-table.ts';
import { UsageError } from '../exits.ts';
import type { Host, Run } from '../command-host.ts';

/**
 * Creates a key. Throws UsageError, AppError (invalid_request) and ConfigFileError, each with a sentence, as the others
 * do.
 */
export const createKey: Run<'key create'> = async ({ args: [name], options }, host) => {
  const path = await fileOf(options, host);
  const wish = wishFrom(name, options);
  const { secret, key } = await whileLocked(path, async () => {
    const made = addKey(await keysIn(path), wish, new Date(host.now()));
    await writeKeys(path, made.keys);
    return made;
  });
  const { hash: _hash, ...told } = key;
  host.terminal.write(options.json ? `${JSON.stringify({ ...told, key: secret })}\n` : `${secret}\n`);
  host.terminal.tell(`"${key.name}" is written to ${path}. The key is shown only now: keep it safe.\n`);
};

/** Lists the keys with their rights. */
export const listKeys: Run<'key list'> = async ({ options }, host) => {
  const path = await fileOf(options, host);
  const told = (await keysIn(path)).map(({ hash: _hash, ...key }) => key);
  host.terminal.write(options.json ? `${JSON.stringify(told)}\n` : told.map((key) => `${lineOf(key)}\n`).join(''));
  if (told.length === 0) host.terminal.tell(`There are no keys in ${path}.\n`);
};

/** Revokes a key. */
export const revokeKey: Run<'key revoke'> = async ({ args: [name], options }, host) => {
  const path = await fileOf(options, host);
  const left = await whileLocked(path, async () => {
    const next = withoutKey(await keysIn(path), name);
    await writeKeys(path, next);
    return next.length;
  });
  if (options.json) host.terminal.write(`${JSON.stringify({ name, revoked: true })}\n`);
  host.terminal.tell(`"${name}" is revoked.\n`);
  if (left > 0) return;
  host.terminal.tell(
    'It was the last one. From other machines nobody gets in now, unless server.allow_anonymous is true.\n',
  );
};

/** The keys in the default configuration file. */
export async function keysInUse(host: Host): Promise<readonly ApiKey[]> {
  return keysIn(await fileOf({ config: undefined, json: false }, host));
}

/** The file to edit; it may not exist yet. */
async function fileOf({ config }: OptionsOf<'key list'>, { env, cwd }: Host): Promise<string> {
  return (await locateConfigFile(env, config, cwd)) ?? resolve(cwd, 'config.toml');
}

/** The keys in the file alone, without those of the environment. Empty if the file does not exist yet. */
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

function wishFrom(name: string, values: OptionsOf<'key create'>): KeyWish {
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
    throw error instanceof AppError
      ? new UsageError(`${error.message}\n\nUsage: hearth key create NAME (hearth key create --help)`)
      : error;
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
