// `hearth config`: the settings in force, with no secret in them, whether a file can be used, and one setting written.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commandLine } from '../../support/command-line.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(
  args: readonly string[],
  env: Record<string, string> = {},
  input = '',
): Promise<[number, string, string]> {
  const { code, out, err } = await commandLine(['config', ...args], { cwd: folder, env, input });
  return [code, out, err];
}

const FILE = `[ollama]
api_url = "https://ada:hunter22@ollama.example"
api_key = "sk-hidden-one"
model = "qwen3:4b"
headers = { "CF-Access-Client-Secret" = "hidden-two" }
`;

test('prints all settings in force as TOML, and no secret', async () => {
  await writeFile(join(folder, 'config.toml'), FILE);
  const [code, out, err] = await run(['--print', '--set', 'queue.max_concurrent=3'], { CACHE__TTL_SECONDS: '77' });
  // What there is to know about it is for people, on standard error.
  expect([code, err]).toEqual([0, expect.stringContaining('Not used beside it')]);
  expect(parse(out)).toMatchObject({
    ollama: {
      api_url: 'https://********@ollama.example',
      api_key: '********',
      model: 'qwen3:4b',
      headers: { 'CF-Access-Client-Secret': '********' },
    },
    cache: { ttl_seconds: 77 },
    queue: { max_concurrent: 3 },
    server: { port: 8080 },
  });
  expect(out).not.toMatch(/hunter22|hidden-/);
});

test('prints the same as JSON', async () => {
  await writeFile(join(folder, 'config.toml'), FILE);
  const [, toml] = await run(['--print']);
  const [code, json] = await run(['--print', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(json)).toEqual(parse(toml));
});

test('says that a file can be used, or what is wrong with it, and quotes no secret', async () => {
  const good = join(folder, 'good.toml');
  const bad = join(folder, 'bad.toml');
  await writeFile(good, FILE);
  await writeFile(bad, '[ollama]\napi_key = "two words hidden-three"\n[queue]\nmax_concurrent = 0\n');
  expect((await run(['--check', good])).slice(0, 2)).toEqual([0, `${good} can be used.\n`]);
  const [code, out, err] = await run(['--check', bad]);
  expect([code, out]).toEqual([78, '']);
  expect(err.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^\S+bad\.toml: ollama\.api_key must be .* It was \(hidden\)\.$/),
    expect.stringMatching(/^\S+bad\.toml: queue\.max_concurrent must be .* It was 0\.$/),
  ]);
});

test.each([[[]], [['--check']], [['--print', 'more']], [['get']], [['set', 'log.level']]])(
  '%j ends with the usage and 64',
  async (args) => {
    const [code, out, err] = await run(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toContain('hearth');
  },
);

test('gives one setting as it is in force, and hides a secret', async () => {
  await writeFile(join(folder, 'config.toml'), FILE);
  expect(await run(['get', 'ollama.model'])).toEqual([0, 'qwen3:4b\n', '']);
  expect(await run(['get', 'ollama.model', '--json'])).toEqual([0, '"qwen3:4b"\n', '']);
  expect(await run(['get', 'queue.max_concurrent'], { QUEUE__MAX_CONCURRENT: '3' })).toEqual([0, '3\n', '']);
  expect(await run(['get', 'ollama.api_key'])).toEqual([0, '********\n', '']);
  const [code, , err] = await run(['get', 'queue.max_concurent']);
  expect([code, err]).toEqual([64, expect.stringContaining('Did you mean queue.max_concurrent?')]);
});

describe('sets one setting in the file', () => {
  const WRITTEN = `# mine
[server]
port = 9000 # why not
allowed_hosts = [
  "a.lan", # one
]

[queue]
# patience
max_wait_ms = 1000
`;
  const edited = async (...args: string[]): Promise<string> => {
    await writeFile(join(folder, 'config.toml'), WRITTEN);
    const [code, , err] = await run(['set', ...args]);
    expect([code, err]).toEqual([0, expect.stringContaining('config.toml')]);
    return readFile(join(folder, 'config.toml'), 'utf8');
  };

  test.each([
    ['in place of the old value', 'server.port', '8081', ['port = 9000 # why not', 'port = 8081 # why not']],
    [
      'at the end of its section',
      'queue.max_concurrent',
      '2',
      ['max_wait_ms = 1000', 'max_wait_ms = 1000\nmax_concurrent = 2'],
    ],
    ['of several lines', 'server.allowed_hosts', 'b.lan', ['[\n  "a.lan", # one\n]', '["b.lan"]']],
    ['in a section that was not there', 'log.level', 'debug', ['1000\n', '1000\n\n[log]\nlevel = "debug"\n']],
    ['below zero', 'ollama.keep_alive', '-1', ['1000\n', '1000\n\n[ollama]\nkeep_alive = "-1"\n']],
  ])('%s', async (_name, key, value, [before, after]) => {
    expect(await edited(key, value)).toBe(WRITTEN.replace(before ?? '', after ?? ''));
  });

  test('a secret comes from standard input; JSON stays JSON; a wrong value changes nothing', async () => {
    const file = join(folder, 'config.json');
    await writeFile(file, '{\n    "log": { "level": "info" }\n}\n');
    expect((await run(['set', 'ollama.api_key', '-', '--config', file], {}, 'sk-1\n'))[0]).toBe(0);
    const text =
      '{\n    "log": {\n        "level": "info"\n    },\n    "ollama": {\n        "api_key": "sk-1"\n    }\n}\n';
    expect(await readFile(file, 'utf8')).toBe(text);
    const [code, , err] = await run(['set', 'log.level', 'loud', '--config', file], { LOG_LEVEL: 'warn' });
    expect([code, err]).toEqual([78, expect.stringMatching(/log\.level must be one of .* It was "loud"\.\n$/)]);
    expect(await readFile(file, 'utf8')).toBe(text);
    expect((await run(['set', 'log.level', 'error', '--config', file], { LOG_LEVEL: 'warn' }))[2]).toContain(
      'LOG_LEVEL is set in the environment, and goes before it.',
    );
  });
});
