// `hearth config` as a process: the settings in force, with no secret in them, and whether a file can be used.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCli } from '../../support/built-cli.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-config-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function run(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<[number | null, string, string]> {
  const cli = startCli({ args: ['config', ...args], cwd: folder, env });
  const code = await cli.exit();
  return [code, cli.out, cli.err];
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

test.each([[[]], [['--check']], [['--print', 'more']], [['print']]])('%j ends with the usage and 64', async (args) => {
  const [code, out, err] = await run(args);
  expect([code, out]).toEqual([64, '']);
  expect(err).toContain('hearth');
});
