// The configuration file: finding it, reading it, and hearing of its changes, on a real disk.
// What its settings mean is in config.test.ts.
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '../../support/property.ts';
import { stringify } from 'smol-toml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigFileError, locateConfigFile, readConfigFile, watchConfigFile } from '../../../backend/config-file.ts';
import type { ConfigFileEvent } from '../../../backend/config-file.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { configSchema, defaultConfig, fields } from '../../../backend/contract/config/config.ts';
import type { FieldInfo } from '../../../backend/contract/config/config.ts';

/** For tests that wait for the disk or try many inputs: enough on a machine that is busy with something else. */
const PATIENT = 60_000;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-config-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Writes a file and gives its path. */
async function put(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

/** The ConfigFileError of a promise that should fail with one. */
async function failure(promise: Promise<unknown>): Promise<ConfigFileError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigFileError)) throw new Error(`expected a ConfigFileError, got ${String(error)}`);
  return error;
}

describe('finding', () => {
  test('--config goes before CONFIG_PATH, and that before ./config.toml', async () => {
    const [a, b, c] = [await put('a.toml', ''), await put('b.json', '{}'), await put('config.toml', '')];
    expect(await locateConfigFile({ CONFIG_PATH: b }, a, folder)).toBe(a);
    expect(await locateConfigFile({ CONFIG_PATH: b }, undefined, folder)).toBe(b);
    expect(await locateConfigFile({}, undefined, folder)).toBe(c);
  });

  test('names are seen from the current folder', async () => {
    await put('a.toml', '');
    expect(await locateConfigFile({}, 'a.toml', folder)).toBe(join(folder, 'a.toml'));
    expect(await locateConfigFile({ CONFIG_PATH: './a.toml' }, undefined, folder)).toBe(join(folder, 'a.toml'));
  });

  test('without a named file and without config.toml there is none', async () => {
    expect(await locateConfigFile({}, undefined, folder)).toBeUndefined();
    expect(await locateConfigFile({ CONFIG_PATH: '' }, undefined, folder)).toBeUndefined();
  });

  test('a named file that is missing is an error, also beside a config.toml', async () => {
    await put('config.toml', '');
    const path = join(folder, 'no.toml');
    const byOption = await failure(locateConfigFile({}, 'no.toml', folder));
    expect(byOption.message).toBe(`${path}: there is no such file, but --config names it.`);
    expect(byOption.path).toBe(path);
    const byVariable = await failure(locateConfigFile({ CONFIG_PATH: path }, undefined, folder));
    expect(byVariable.message).toBe(`${path}: there is no such file, but CONFIG_PATH names it.`);
  });
});

describe('reading', () => {
  const toml = '# old\n[server]\nport = 81\n\n[cors]\nallowed_origins = ["http://a"]\n';
  const json = '{"server": {"port": 81}, "cors": {"allowed_origins": ["http://a"]}}';
  const data = { server: { port: 81 }, cors: { allowed_origins: ['http://a'] } };

  test.each([
    ['config.toml', toml],
    ['config.json', json],
    ['CONFIG.JSON', json],
    ['hearth.conf', toml],
    ['hearth.conf', `\n ${json}`],
    ['bom.toml', `\uFEFF${toml}`],
    ['bom.json', `\uFEFF${json}`],
    ['windows.toml', toml.replaceAll('\n', '\r\n')],
  ])('%s', async (name, text) => {
    const path = await put(name, text);
    expect(await readConfigFile(path)).toEqual({ path, data });
  });

  test('an empty TOML file sets nothing', async () => {
    expect((await readConfigFile(await put('config.toml', ''))).data).toEqual({});
  });

  test.each([
    ['toml', '[server]\nport = 81\nhost = x\n', 3],
    ['toml', '[server]\nport = 81\nport = 82\n', 3],
    ['toml', '{"server": {}}', 1],
    ['json', '{\n  "server": {\n    "port": x\n  }\n}', 3],
    ['json', '{\n  "server": {},\n}', 3],
    ['json', '{"a": [\n1,\n2\n3]}', 4],
    ['json', '{"a": "one\ntwo"}', 1],
    ['json', '{"a": "\\x"}', 1],
    ['json', '{\n"a": 01}', 2],
    ['json', '{\n"a": TRUE}', 2],
    ['json', '{"a": {}}\n}', 2],
    ['json', '{"a": "b\\"", "c": [true, null, -1.5e3, {}, []],\n"d" 1}', 2],
    ['json', '{"a": 1,\n', 2],
    ['json', '', 1],
    ['json', '[server]\nport = 81\n', 1],
    ['JSON', '[server]\nport = 81\n', 1],
    ['TOML', '\n\n{"server": {}}', 3],
  ])('a mistake in %s is told with its line: %j', async (kind, text, line) => {
    const path = await put(`config.${kind}`, text);
    const error = await failure(readConfigFile(path));
    expect(error.line).toBe(line);
    expect(error.path).toBe(path);
    expect(error.message.startsWith(`${path}, line ${line}: this is not valid ${kind.toUpperCase()}`)).toBe(true);
    expect(error.message).toMatch(/^[^\n]+[^.]\.$/);
  });

  test('a file that is missing, a folder or no text is an error without a line', async () => {
    const missing = await failure(readConfigFile(join(folder, 'no.toml')));
    expect([missing.message, missing.line]).toEqual([`${join(folder, 'no.toml')}: there is no such file.`, undefined]);
    expect((await failure(readConfigFile(folder))).message).toBe(`${folder}: it is a folder, not a file.`);
    const utf16 = await put('config.toml', Buffer.from('\uFEFF[server]', 'utf16le'));
    expect((await failure(readConfigFile(utf16))).message).toBe(`${utf16}: it is not UTF-8 text.`);
  });
});

// As the old backend's users have it on disk.
test('the old config.toml is read and accepted unchanged', async () => {
  const path = await put(
    'config.toml',
    `# Chatbot backend
[server]
host = "0.0.0.0"
port = 8080
workers = 4

[ollama]
api_url = "http://localhost:11434"
model = "deepseek-r1:8b"
keep_alive = "15m"
system_prompt = """
You are a helpful assistant.
Answer briefly."""
timeout_seconds = 300

[cache]
max_size_mb = 256
ttl_seconds = 3600

[conversation_cache]
max_size_mb = 128
ttl_seconds = 1800

[queue]
max_concurrent = 1
max_queue_size = 100
estimated_time_per_request_ms = 30000

[batch]
max_batch_size = 3
batch_timeout_ms = 2000
enable_deduplication = true

[cors]
allowed_origins = ["http://localhost:3000"]
`,
  );
  const { config, problems } = resolveConfig({ file: await readConfigFile(path) }, 'headless');
  expect(problems).toEqual([]);
  const defaults = defaultConfig();
  expect(config).toEqual({
    ...defaults,
    server: { ...defaults.server, host: '0.0.0.0', workers: 4 },
    ollama: {
      ...defaults.ollama,
      api_url: 'http://localhost:11434',
      system_prompt: 'You are a helpful assistant.\nAnswer briefly.',
    },
  });
});

/** Any value that a field allows. */
function valueOf({ path, kind, min = 0, max = 0, choices = [], allowed }: FieldInfo): fc.Arbitrary<unknown> {
  switch (path) {
    case 'server.host':
      return fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    case 'server.allowed_hosts':
      return fc.array(fc.domain(), { maxLength: 3 });
    case 'server.api_keys':
      return fc.uniqueArray(
        fc.record(
          {
            name: fc.stringMatching(/^[\w.@-]{1,64}$/),
            hash: fc.stringMatching(/^sha256:[0-9a-f]{64}$/),
            scopes: fc.subarray(['chat', 'cache', 'manage'], { minLength: 1 }),
            requests_per_minute: fc.integer({ min: 1, max: 100_000 }),
          },
          { requiredKeys: ['name', 'hash', 'scopes'] },
        ),
        { maxLength: 3, selector: ({ name }) => name },
      );
    case 'ollama.api_key':
      return fc.stringMatching(/^[\x21-\x7e]{0,100}$/);
    case 'ollama.headers':
      return fc.dictionary(
        fc.stringMatching(/^x-[a-z\d][\w!#$%&'*+.^`|~-]{0,40}$/),
        fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,40}[\x21-\x7e])?$/),
        { maxKeys: 4, noNullPrototype: true },
      );
    case 'cluster.url':
      return fc.constantFrom('', 'redis://127.0.0.1:6379', 'valkeys://me:p%40ss@cache.example:7000/3');
    case 'cluster.name':
    case 'cluster.node':
      return fc.stringMatching(/^[\w.-]{1,64}$/);
    case 'cluster.ca_file':
    case 'ollama.ca_file':
      return fc.stringMatching(/^(\/[\w. -]{0,20}[\w-]){0,3}$/);
    case 'ollama.keep_alive':
      return fc.oneof(fc.constantFrom('15m', '0', '-1', '1h30m'), fc.integer({ min: -5, max: 5000 }));
    case 'queue.rules':
      return fc.array(
        fc.record(
          {
            name: fc.constant('nightly report'),
            when: fc.record(
              {
                user_agent: fc.constantFrom('a*', ['a', 'b']),
                stream: fc.boolean(),
                header: fc.constant({ 'X-Job': '"*"' }),
              },
              { requiredKeys: [] },
            ),
            then: fc.constantFrom({ class: 'background' }, { caller: 'the {X-Job}' }),
          },
          { requiredKeys: ['when', 'then'] },
        ),
        { maxLength: 3 },
      );
    case 'cache.fresh_when':
      return fc.array(fc.stringMatching(/^[\w!#$%&'*+.^`|~-]{1,64}$/), { maxLength: 16 });
    case 'ollama.models':
      return fc.dictionary(
        fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/),
        fc.record({ num_ctx: fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 131_072 })) }),
        { maxKeys: 3, noNullPrototype: true },
      );
    case 'prompts.apps':
      return fc.dictionary(
        fc.constantFrom('Claude Code', '*', 'my "own" app'),
        fc.record({ clock: fc.constantFrom('to_end', 'to_day', 'as_sent'), billing_line: fc.constantFrom('pin') }),
        { maxKeys: 3, noNullPrototype: true },
      );
    case 'upstreams':
      return fc.uniqueArray(
        fc
          .record(
            {
              name: fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/),
              priority: fc.integer({ min: 1, max: 100 }),
              models: fc.constant(['llama3*', 'qwen3:4b']),
              wake: fc.constant({ mac: '3c:7c:3f:12:ab:90', patience_s: 40 }),
            },
            { requiredKeys: ['name'], noNullPrototype: true },
          )
          .map((entry) => ({ ...entry, url: `http://${entry.name}.lan:11434` })),
        { maxLength: 3, selector: ({ name }) => name },
      );
    case 'models':
      return fc.dictionary(
        fc.stringMatching(/^[a-z][a-z0-9]{0,10}$/),
        fc.record(
          {
            model: fc.stringMatching(/^[a-z][a-z0-9.:-]{0,20}[a-z0-9]$/),
            options: fc.record({ temperature: fc.double({ min: 0, max: 2, noNaN: true }) }),
            system_prompt: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
            class: fc.constantFrom('interactive', 'normal', 'background'),
          },
          { requiredKeys: ['model'], noNullPrototype: true },
        ),
        { maxKeys: 3, noNullPrototype: true },
      );
    case 'app.shortcut':
      return fc.constantFrom('', 'Ctrl+Shift+H', 'Alt+Space');
    case 'ollama.preload':
      return fc.array(fc.stringMatching(/^[a-z][a-z0-9.:-]{0,20}$/), { maxLength: 16 });
    case 'cors.allowed_origins':
    case 'cors.blocked_origins':
      return fc.array(
        fc.oneof(
          fc.webUrl({ withFragments: false }).map((url) => new URL(url).origin),
          fc.constant('*'),
        ),
        {
          maxLength: 3,
        },
      );
    default:
  }
  switch (kind) {
    case 'number':
      return allowed.startsWith('a whole') ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
    case 'switch':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...choices.map(({ value }) => value));
    case 'url':
      return fc.webUrl({ withFragments: false });
    case 'model':
      return fc.stringMatching(/^[a-z][a-z0-9.:-]{0,20}$/);
    default:
      return fc.string({ unit: 'grapheme', maxLength: 200 });
  }
}

test.each(['toml', 'json'])(
  'any valid configuration survives being written as %s and read again',
  async (kind) => {
    const path = join(folder, `config.${kind}`);
    const anyConfig = fc
      .record(Object.fromEntries(fields.map((field) => [field.path, valueOf(field)])))
      .map((flags) => resolveConfig({ flags }, 'desktop'));
    await fc.assert(
      fc.asyncProperty(anyConfig, async ({ config, problems }) => {
        expect(problems).toEqual([]);
        await writeFile(path, kind === 'toml' ? stringify(config) : JSON.stringify(config, null, 2));
        const again = resolveConfig({ file: await readConfigFile(path) }, 'desktop');
        expect(again.problems).toEqual([]);
        expect(again.config).toEqual(config);
        expect(configSchema.parse(config)).toEqual(config);
      }),
      { numRuns: 50 },
    );
  },
  PATIENT,
);

/** How many watches this process holds with the system. */
const watches = (): number => process.getActiveResourcesInfo().filter((name) => name === 'FSEventWrap').length;

/** What a watcher has told, to be awaited one by one. */
class Heard {
  readonly #events: string[] = [];
  #wake: (() => void) | undefined;

  readonly hear = (event: ConfigFileEvent): void => {
    this.#events.push(event.kind);
    this.#wake?.();
  };

  /** Everything told since the last call. */
  take(): string[] {
    return this.#events.splice(0);
  }

  /** Resolves when the watcher has told this, with all it told since the last call. */
  async until(kind: ConfigFileEvent['kind']): Promise<string[]> {
    while (!this.#events.includes(kind)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.take();
  }
}

describe('watching', { timeout: PATIENT }, () => {
  let stop: AbortController;
  let path: string;

  beforeEach(async () => {
    stop = new AbortController();
    path = await put('config.toml', 'a = 0');
  });

  afterEach(() => {
    stop.abort();
  });

  async function watching(file = path): Promise<Heard> {
    const heard = new Heard();
    await watchConfigFile(file, heard.hear, stop.signal);
    return heard;
  }

  test('a long write is told when it is complete, not before', async () => {
    const seen: string[] = [];
    const heard = new Heard();
    const look = (event: ConfigFileEvent): void => {
      seen.push(readFileSync(path, 'utf8'));
      heard.hear(event);
    };
    await watchConfigFile(path, look, stop.signal, 1000);
    for (let i = 0; i < 500; i += 1) await appendFile(path, `\nb${i} = 1`);
    await heard.until('changed');
    expect(seen[0]).toMatch(/b499 = 1$/);
  });

  test('an editor that puts a new file in its place is noticed, each time', async () => {
    const heard = await watching();
    for (const value of [1, 2, 3]) {
      await rename(await put('config.toml.new', `a = ${value}`), path);
      await heard.until('changed');
      expect((await readConfigFile(path)).data).toEqual({ a: value });
    }
  });

  test('an editor that moves the old file away first is noticed, and what it writes later too', async () => {
    const heard = await watching();
    for (const value of [1, 2]) {
      await rename(path, `${path}~`);
      await writeFile(path, `a = ${value}`);
      await heard.until('changed');
    }
    await writeFile(path, 'a = 3');
    await heard.until('changed');
    expect((await readConfigFile(path)).data).toEqual({ a: 3 });
  });

  test('a file that vanishes and comes back is told as such', async () => {
    const heard = await watching();
    for (const value of [1, 2]) {
      await rm(path);
      expect(await heard.until('gone')).toContain('gone');
      await writeFile(path, `a = ${value}`);
      expect(await heard.until('changed')).toContain('changed');
    }
  });

  test('what is there already is not told, and other files of the folder are not its business', async () => {
    await mkdir(join(folder, 'sub'));
    const other = await put('other.toml', 'a = 0');
    const heard = await watching();
    const witness = await watching(other); // tells when the system has told about the other file
    await put('sub/config.toml', 'a = 1');
    await writeFile(other, 'a = 1');
    await witness.until('changed');
    await rm(path);
    expect(await heard.until('gone')).toEqual(['gone']);
  });

  test('an end while it starts is no failure', async () => {
    const starting = watchConfigFile(path, () => undefined, stop.signal);
    stop.abort();
    await expect(starting).resolves.toBeUndefined();
    await expect.poll(watches, { timeout: 10_000 }).toBe(0);
  });

  test('nothing is told after the end, and an ended signal starts nothing', async () => {
    const ended = await watching();
    stop.abort();
    const neverStarted = await watching();
    stop = new AbortController();
    const alive = await watching();
    await writeFile(path, 'a = 1');
    await alive.until('changed');
    expect([ended.take(), neverStarted.take()]).toEqual([[], []]);
    expect(watches()).toBeGreaterThan(0);
    stop.abort();
    await expect.poll(watches, { timeout: 10_000 }).toBe(0); // the system gives them back a moment later
  });
});
