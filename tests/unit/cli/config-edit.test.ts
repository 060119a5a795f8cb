// The keys in a configuration file that people write by hand: everything else stays as it was written.
import { fc } from '../../support/property.ts';
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { whileLocked, writeKeys } from '../../../backend/cli/commands/config-edit.ts';
import { ConfigFileError, readConfigFile } from '../../../backend/config-file.ts';
import type { ApiKey } from '../../../backend/contract/rules/api-key.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { addKey, findKey } from '../../../backend/core/access/api-keys.ts';
import { commandLine } from '../../support/command-line.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-edit-'));
});
afterEach(() => rm(folder, { recursive: true }));

const keyOf = (name: string): ApiKey => addKey([], { name, scopes: ['chat'] }, new Date(0)).key;
const [A, B] = [keyOf('a'), keyOf('b')];

/** What a text becomes. */
async function edited(text: string, keys: readonly ApiKey[], name = 'config.toml'): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  await writeKeys(path, keys);
  const file = await readConfigFile(path);
  expect(resolveConfig({ file }, 'headless').config.server.api_keys).toEqual(keys);
  return readFile(path, 'utf8');
}

describe('TOML', () => {
  const written = '# mine\n[server]\nport = 9000 # why not\n\n[queue]\n# patience\nmax_concurrent = 2\n';

  test('keys are put at the end; comments, order and spelling stay', async () => {
    const text = await edited(written, [A]);
    expect(text.startsWith(written.trimEnd())).toBe(true);
    expect(text).toContain('[[server.api_keys]]\nname = "a"\n');
  });

  test('one more, one less, none: what is not a key is never touched', async () => {
    const two = await edited(await edited(written, [A]), [A, B]);
    expect(two.match(/\[\[server\.api_keys\]\]/g)).toHaveLength(2);
    const one = await edited(two, [B]);
    expect(one).not.toContain('name = "a"');
    expect(await edited(one, [])).toBe(written);
  });

  test('what stands behind a key stays, with its comments', async () => {
    const text = await edited(`${await edited('', [A])}# about the log\n[log]\nlevel = "debug"\n`, []);
    expect(text).toBe('# about the log\n[log]\nlevel = "debug"\n');
  });

  test('line ends stay as they are in the file', async () => {
    const windows = written.replaceAll('\n', '\r\n');
    const text = await edited(windows, [A, B]);
    expect(text.startsWith(windows)).toBe(true);
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    expect(await edited(text, [])).toBe(windows);
  });

  test('an empty list written by hand gives way', async () => {
    expect(parse(await edited('[server]\napi_keys = [] # none yet\nport = 1\n', [A]))).toMatchObject({
      server: { port: 1 },
    });
  });

  test.each([
    ['a list in one line', '[server]\napi_keys = [{ name = "a" }]\n'],
    ['a dotted key', 'server.api_keys = [{ name = "a" }]\n'],
    ['an inline section', 'server = { port = 1 }\n'],
    ['a text with lines that look like keys', '[ollama]\nsystem_prompt = """\n[[server.api_keys]]\nx = 1\n"""\n'],
    ['what is no TOML', '[server\n'],
  ])('%s is not edited, and the file stays as it was', async (_what, text) => {
    await expect(edited(text, [B])).rejects.toThrow(ConfigFileError);
    expect(await readFile(join(folder, 'config.toml'), 'utf8')).toBe(text);
    expect(await readdir(folder)).toEqual(['config.toml']);
  });
});

test('JSON keeps its indent and its other keys', async () => {
  const text = await edited('{\n    "$schema": "x",\n    "server": { "port": 1 }\n}\n', [A], 'config.json');
  expect(JSON.parse(text)).toEqual({ $schema: 'x', server: { port: 1, api_keys: [A] } });
  expect(text).toContain('\n    "server": {\n');
  expect(JSON.parse(await edited(text, [], 'config.json'))).toEqual({ $schema: 'x', server: { port: 1 } });
});

// Windows knows no rights of owner, group and others.
test.skipIf(process.platform === 'win32')(
  'a new file is for its owner alone; an old one keeps its rights',
  async () => {
    const path = join(folder, 'new.toml');
    await writeKeys(path, [A]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await chmod(path, 0o640);
    await writeKeys(path, [B]);
    expect((await stat(path)).mode & 0o777).toBe(0o640);
  },
);

test('behind a symbolic link the file is changed, not the link', async () => {
  await writeFile(join(folder, 'real.toml'), 'a = 1\n'.replace('a = 1', '[server]\nport = 1'));
  const link = join(folder, 'link.toml');
  await symlink(join(folder, 'real.toml'), link);
  await writeKeys(link, [A]);
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(join(folder, 'real.toml'), 'utf8')).toContain('name = "a"');
});

test('what cannot be written says so', async () => {
  await expect(writeKeys(join(folder, 'no', 'such', 'config.toml'), [A])).rejects.toThrow(
    /cannot be written \(ENOENT\)/,
  );
});

describe('edits at the same time', () => {
  const run = async (...args: string[]): Promise<void> => {
    const { code, err } = await commandLine(['key', ...args, '--config', join(folder, 'config.toml')]);
    if (code !== 0) throw new Error(err);
  };

  test('all count: no new key is lost and no revoked one is good again', async () => {
    await writeFile(join(folder, 'config.toml'), '[server]\nport = 1\n');
    await run('create', 'old');
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all([...names.map((name) => run('create', name)), run('revoke', 'old')]);
    const file = await readConfigFile(join(folder, 'config.toml'));
    const kept = resolveConfig({ file }, 'headless').config.server.api_keys.map(({ name }) => name);
    expect(kept.toSorted()).toEqual(names);
    expect(await readdir(folder)).toEqual(['config.toml']);
  });

  test('a lock left behind is named and nothing is changed, and a failed edit leaves none', async () => {
    const path = join(folder, 'config.toml');
    await expect(whileLocked(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await writeFile(join(folder, '.config.toml.lock'), '1\n');
    await expect(whileLocked(path, () => writeKeys(path, [A]), 50)).rejects.toThrow(
      /remove .*\.config\.toml\.lock\. Nothing has changed/,
    );
    expect(await readdir(folder)).toEqual(['.config.toml.lock']);
  });
});

describe('keys', () => {
  test('no two are alike, only the hash is kept, and it is found by the key alone', () => {
    const first = addKey([], { name: 'a', scopes: ['chat'] }, new Date(0));
    const second = addKey(first.keys, { name: 'b', scopes: ['cache', 'manage'], max_active: 3 }, new Date(0));
    expect(first.secret).toMatch(/^hearth_[\w-]{43}$/);
    expect(JSON.stringify(second.keys)).not.toContain(first.secret.slice(7));
    expect(findKey(second.keys, first.secret)?.name).toBe('a');
    expect(findKey(second.keys, second.secret)).toEqual(second.key);
    for (const wrong of ['', 'hearth_', `${first.secret}x`, first.secret.slice(0, -1), first.key.hash]) {
      expect(findKey(second.keys, wrong)).toBeUndefined();
    }
  });

  test('no text that was not given out is a key', () => {
    const { keys } = addKey([], { name: 'a', scopes: ['chat'] }, new Date(0));
    fc.assert(fc.property(fc.string(), (text) => findKey(keys, text) === undefined));
  });
});
