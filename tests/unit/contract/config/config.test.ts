// The settings: their declarations, the four sources and what is said about mistakes.
// Files on disk are in config-file.test.ts.
import { fc } from '../../../support/property.ts';
import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hostName, upstreamAddress, webOrigin } from '../../../../backend/contract/address.ts';
import { configTables, environment, environmentTable } from '../../../../backend/contract/config/config-docs.ts';
import { problemSentence, resolveConfig } from '../../../../backend/contract/config/config-sources.ts';
import type { ConfigSources } from '../../../../backend/contract/config/config-sources.ts';
import {
  configSchema,
  defaultConfig,
  fields,
  parseField,
  sections,
  untilRestart,
  valueOf,
  withValue,
} from '../../../../backend/contract/config/config.ts';
import { keepAliveSeconds } from '../../../../backend/contract/duration.ts';
import { nearest } from '../../../../backend/contract/nearest.ts';

const KEY = { name: 'phone', hash: `sha256:${'0'.repeat(64)}`, scopes: ['chat'] };
const headless = (sources: ConfigSources) => resolveConfig(sources, 'headless');
const fromFile = (data: unknown) => headless({ file: { path: 'config.toml', data } });
const fromEnv = (env: Record<string, string | undefined>) => headless({ env });
/** How a value that is no port is shown. */
const got = (value: unknown): string | undefined => fromFile({ server: { port: value } }).problems[0]?.got;
const sentences = (sources: ConfigSources): string[] => headless(sources).problems.map(problemSentence);

describe('declarations', () => {
  test('the defaults are those of the product', () => {
    expect(defaultConfig()).toEqual({
      server: {
        host: '127.0.0.1',
        port: 8080,
        workers: 1,
        lan: false,
        allow_anonymous: false,
        allow_management: false,
        allowed_hosts: [],
        max_body_mb: 64,
        max_inflight_mb: 256,
        stalled_reader_s: 300,
        drain_timeout_ms: 10000,
        api_keys: [],
      },
      ollama: {
        api_url: 'http://127.0.0.1:11434',
        api_key: '',
        headers: {},
        ca_file: '',
        model: 'deepseek-r1:8b',
        keep_alive: '15m',
        system_prompt: '',
        timeout_seconds: 300,
        first_token_timeout_seconds: 900,
        stuck_after_seconds: 180,
        connect_timeout_ms: 3000,
        keep_warm: false,
        preload: [],
        num_ctx_policy: 'off',
        num_ctx: 0,
        models: {},
        max_answer_mb: 64,
      },
      upstreams: [],
      models: {},
      cache: {
        enabled: true,
        max_size_mb: 256,
        ttl_seconds: 3600,
        max_entry_mb: 1,
        drop_in: 'deterministic',
        fresh_when: [],
        replay: 'smooth',
        honor_request_cache_control: 'auto',
        stale_model_list_s: 600,
        finish_abandoned: false,
        persist: true,
        disk_max_size_mb: 1024,
        mode: 'live',
      },
      conversation_cache: { max_size_mb: 128, ttl_seconds: 1800 },
      queue: {
        max_concurrent: 1,
        max_queue_size: 100,
        max_wait_ms: 600000,
        estimated_time_per_request_ms: 30000,
        rules: [],
        aging_ms: 60000,
        by_prompt: true,
        settle_ms: 300,
        yield_ms: 2000,
        evict_after_s: 30,
        reserve_interactive: 0,
        retention_seconds: 600,
        retained_max_mb: 64,
        batch_retention_seconds: 604_800,
        max_jobs: 50_000,
        jobs_max_mb: 1024,
      },
      prompts: { keep_stable: true, apps: {} },
      batch: { max_batch_size: 3, batch_timeout_ms: 2000, enable_deduplication: true },
      files: {
        max_file_mb: 200,
        max_total_mb: 2048,
        max_count: 1000,
        max_lines: 50_000,
        lines_at_once: 16,
        keep_days: 30,
      },
      cluster: {
        url: '',
        name: 'hearth',
        node: '',
        ca_file: '',
        cert_file: '',
        key_file: '',
        job_replicas: 0,
        timeout_ms: 250,
      },
      cors: { allowed_origins: ['http://localhost:3000'], blocked_origins: [] },
      log: {
        level: 'info',
        requests: false,
        prompts_mb: 4,
        list_ttl_seconds: 2_592_000,
        list_max: 1_000_000,
        texts_ttl_seconds: 86_400,
        texts_max_mb: 64,
        texts_memory_mb: 8,
      },
      app: {
        start_at_login: false,
        start_ollama: false,
        notifications: true,
        language: 'auto',
        shortcut: '',
        check_updates: true,
      },
    });
  });

  test('a missing section, an empty one and a half-filled one are completed', () => {
    expect(configSchema.parse({})).toEqual(defaultConfig());
    const half = configSchema.parse({ cache: { ttl_seconds: 60 } });
    expect(half.cache).toEqual({ ...defaultConfig().cache, ttl_seconds: 60 });
  });

  test('unknown keys and sections are refused', () => {
    expect(configSchema.safeParse({ caches: {} }).success).toBe(false);
    expect(configSchema.safeParse({ cache: { ttl: 1 } }).success).toBe(false);
  });

  test('nobody can change the defaults of the next reader', () => {
    const first = configSchema.parse({});
    first.cors.allowed_origins.push('http://evil.example');
    first.server.port = 1;
    expect(defaultConfig().cors.allowed_origins).toEqual(['http://localhost:3000']);
    expect(defaultConfig().server.port).toBe(8080);
  });

  test('every default is a value its own field allows, in its proper spelling', () => {
    for (const { path, default: value } of fields) expect([path, parseField(path, value)]).toEqual([path, { value }]);
  });

  test('the list of fields has every key once, labelled, with an environment name each', () => {
    const keys = Object.entries(defaultConfig()).flatMap(([section, values]) =>
      section === 'models' || section === 'upstreams'
        ? [section]
        : Object.keys(values).map((key) => `${section}.${key}`),
    );
    expect(fields.map((field) => field.path)).toEqual(keys);
    expect(sections.map(({ name }) => name)).toEqual(Object.keys(defaultConfig()));
    for (const field of fields) {
      expect(field.path).toBe([field.section, field.key].filter(Boolean).join('.'));
      if (field.key !== undefined) expect(field.env[0]).toBe(field.path.toUpperCase().replace('.', '__'));
      expect(field.title).toMatch(/^[A-Z][^.]*$/);
      expect(field.hint).toMatch(/^\S.*\.$/);
      expect(field.inert ?? 'Because.').toMatch(/^[A-Z].*\.$/);
      expect([undefined, 'number']).toContain(field.unit && field.kind);
    }
    const names = fields.flatMap((field) => field.env);
    expect(new Set(names).size).toBe(names.length);
  });

  test('every number has bounds, which hold and are those of the sentence', () => {
    const numbers = fields.filter((field) => field.kind === 'number');
    expect(numbers.length).toBeGreaterThan(20);
    for (const { path, min = Number.NaN, max = Number.NaN, allowed } of numbers) {
      expect(allowed).toContain(`from ${min} to ${max}`);
      expect([path, parseField(path, min)]).toEqual([path, { value: min }]);
      expect([path, parseField(path, max)]).toEqual([path, { value: max }]);
      for (const wrong of [min - 1, max + 1, Number.NaN, Infinity, String(min), null, undefined]) {
        expect([path, wrong, parseField(path, wrong)]).toEqual([path, wrong, undefined]);
      }
      expect([path, parseField(path, max - 0.5) === undefined]).toEqual([path, allowed.startsWith('a whole number')]);
    }
  });

  test('every choice is a word with a label, and no other word passes', () => {
    const choices = fields.filter((field) => field.kind === 'choice');
    expect(choices.map((field) => field.key)).toEqual([
      'num_ctx_policy',
      'drop_in',
      'replay',
      'honor_request_cache_control',
      'mode',
      'level',
      'language',
    ]);
    for (const field of choices) {
      expect(field.choices?.length).toBeGreaterThan(1);
      for (const { value, label } of field.choices ?? []) {
        expect(label).not.toBe('');
        expect(field.allowed).toContain(`"${value}"`);
        expect(parseField(field.path, value)).toEqual({ value });
      }
      expect(parseField(field.path, 'other')).toBeUndefined();
    }
  });

  test('labels and meanings reach the JSON schema', () => {
    const schema = z.toJSONSchema(configSchema) as {
      properties: Record<string, { properties: Record<string, unknown> }>;
    };
    expect(schema.properties['cache']?.properties['ttl_seconds']).toMatchObject({
      title: 'Keep an answer for',
      unit: 's',
      applies: 'live',
      default: 3600,
      minimum: 1,
      maximum: 604800,
    });
  });

  test('a field that does not exist is not a value', () => {
    expect(parseField('cache.nothing', 1)).toBeUndefined();
  });
});

describe('precedence', () => {
  const file = {
    path: 'config.toml',
    data: { server: { port: 1001 }, cache: { ttl_seconds: 11 }, queue: { max_concurrent: 2 } },
  };

  test('defaults < file < environment < command line', () => {
    const { config, origins, locked, problems } = headless({
      file,
      env: { PORT: '1002', CACHE_TTL_SECONDS: '12' },
      flags: { 'server.port': 1003 },
    });
    expect(config.server.port).toBe(1003);
    expect(config.cache.ttl_seconds).toBe(12);
    expect(config.queue.max_concurrent).toBe(2);
    expect(config.queue.max_queue_size).toBe(100);
    expect(problems).toEqual([]);
    expect(origins).toMatchObject({
      'server.port': 'flag',
      'cache.ttl_seconds': 'env',
      'queue.max_concurrent': 'file',
      'queue.max_queue_size': 'default',
    });
    expect(Object.keys(origins)).toEqual(fields.map((field) => field.path));
    expect(locked).toEqual({ 'cache.ttl_seconds': 'CACHE_TTL_SECONDS' });
  });

  test('SECTION__KEY goes before the short name', () => {
    const both = fromEnv({ PORT: '1002', SERVER__PORT: '1003' });
    expect(both.config.server.port).toBe(1003);
    expect(both.locked['server.port']).toBe('SERVER__PORT');
  });

  test('a wrong value leaves the field to the next weaker source', () => {
    const sources = { file, env: { PORT: 'x', SERVER__PORT: '70000' }, flags: { 'server.port': 'y' } };
    const { config, problems, origins, locked } = headless(sources);
    expect(config.server.port).toBe(1001);
    expect(origins['server.port']).toBe('file');
    expect(locked).toEqual({});
    expect(problems.map(({ source, where, key, kind }) => [source, where, key, kind])).toEqual([
      ['flag', 'command line', 'server.port', 'wrong_value'],
      ['env', 'SERVER__PORT', 'server.port', 'wrong_value'],
      ['env', 'PORT', 'server.port', 'wrong_value'],
    ]);
  });

  test('a wrong value is reported also when a stronger source makes up for it', () => {
    const { config, problems } = headless({
      file: { path: 'f', data: { server: { port: -1 } } },
      env: { PORT: '1002' },
    });
    expect(config.server.port).toBe(1002);
    expect(problems).toHaveLength(1);
  });

  test('no sources give the defaults and nothing to say', () => {
    const resolved = headless({});
    expect(resolved.config).toEqual(defaultConfig());
    expect([resolved.problems, resolved.notices, resolved.locked]).toEqual([[], [], {}]);
    expect(new Set(Object.values(resolved.origins))).toEqual(new Set(['default']));
  });

  test('an empty variable and an undefined option are not set', () => {
    const { config, problems } = headless({
      file,
      env: { PORT: '', CACHE__TTL_SECONDS: undefined },
      flags: { 'server.port': undefined, 'server.x': undefined },
    });
    expect(config.server.port).toBe(1001);
    expect(problems).toEqual([]);
  });

  test('what an object inherits is no setting', () => {
    const heir: unknown = Object.create({ server: { port: 1 } });
    expect(fromFile(heir).config).toEqual(defaultConfig());
    expect(fromFile({ server: Object.create({ port: 1 }) as unknown }).config).toEqual(defaultConfig());
  });
});

describe('environment and command line', () => {
  test.each<[string, string, string, unknown]>([
    ['SERVER__PORT', '0', 'server.port', 0],
    ['SERVER__MAX_BODY_MB', ' 1.5 ', 'server.max_body_mb', 1.5],
    ['SERVER__LAN', 'true', 'server.lan', true],
    ['SERVER__LAN', '1', 'server.lan', true],
    ['CACHE__ENABLED', 'FALSE', 'cache.enabled', false],
    ['CACHE__ENABLED', '0', 'cache.enabled', false],
    ['OLLAMA__PRELOAD', 'a:1b, b:2b ,', 'ollama.preload', ['a:1b', 'b:2b']],
    ['OLLAMA__PRELOAD', '["a:1b","b,c"]', 'ollama.preload', ['a:1b', 'b,c']],
    ['OLLAMA__PRELOAD', '[]', 'ollama.preload', []],
    ['OLLAMA__KEEP_ALIVE', '30m', 'ollama.keep_alive', '30m'],
    ['OLLAMA__KEEP_ALIVE', '-1', 'ollama.keep_alive', '-1'],
    ['OLLAMA__SYSTEM_PROMPT', ' Be brief, "please". ', 'ollama.system_prompt', ' Be brief, "please". '],
    ['CACHE__DROP_IN', 'Always', 'cache.drop_in', 'always'],
    ['SERVER__API_KEYS', JSON.stringify([KEY]), 'server.api_keys', [KEY]],
    ['HOST', '0.0.0.0', 'server.host', '0.0.0.0'],
    ['HOST', '[::1]', 'server.host', '::1'],
    ['PORT', '9000', 'server.port', 9000],
    ['OLLAMA_API_URL', 'http://gpu:11434/', 'ollama.api_url', 'http://gpu:11434'],
    ['OLLAMA_MODEL', 'llama3.2:3b', 'ollama.model', 'llama3.2:3b'],
    ['OLLAMA_API_KEY', ' sk-1 ', 'ollama.api_key', 'sk-1'],
    ['OLLAMA__API_KEY', 'Bearer sk-1', 'ollama.api_key', 'sk-1'],
    ['OLLAMA__CA_FILE', '/etc/ca.pem', 'ollama.ca_file', '/etc/ca.pem'],
    ['OLLAMA__HEADERS', '{"X-Key":" a, b: c "}', 'ollama.headers', { 'X-Key': 'a, b: c' }],
    ['OLLAMA__HEADERS', 'X-Key: a, b: c', 'ollama.headers', { 'X-Key': 'a, b: c' }],
    ['OLLAMA__HEADERS', 'X-One: 1\nX-Two: 2', 'ollama.headers', { 'X-One': '1', 'X-Two': '2' }],
    ['CACHE_MAX_SIZE_MB', '64', 'cache.max_size_mb', 64],
    ['CACHE_TTL_SECONDS', '60', 'cache.ttl_seconds', 60],
    ['LOG_LEVEL', 'WARN', 'log.level', 'warn'],
    ['RUST_LOG', 'debug', 'log.level', 'debug'],
    ['RUST_LOG', 'info,hyper=warn', 'log.level', 'info'],
    ['RUST_LOG', 'hearth=debug', 'log.level', 'debug'],
    ['RUST_LOG', 'hyper,ERROR', 'log.level', 'error'],
    ['RUST_LOG', 'off', 'log.level', 'silent'],
    ['OLLAMA_HOST', 'gpu', 'ollama.api_url', 'http://gpu:11434'],
  ])('%s=%s', (name, text, path, value) => {
    const { config, problems, origins } = fromEnv({ [name]: text });
    expect(problems).toEqual([]);
    expect(origins[path]).toBe('env');
    expect(config).toHaveProperty(path, value);
  });

  test('every field has a SECTION__KEY that sets it', () => {
    for (const field of fields) {
      const text = typeof field.default === 'object' ? JSON.stringify(field.default) : String(field.default);
      const { problems, origins } = fromEnv({ [field.env[0] ?? '']: text });
      expect(problems).toEqual([]);
      expect(origins[field.path]).toBe(text === '' ? 'default' : 'env');
    }
  });

  test('options given as text are read in the same way, and as values they stay what they are', () => {
    expect(headless({ flags: { 'server.port': '81', 'server.lan': true, 'ollama.preload': ['a'] } })).toMatchObject({
      config: { server: { port: 81, lan: true }, ollama: { preload: ['a'] } },
      problems: [],
    });
    expect(headless({ flags: { 'ollama.preload': '' }, env: { OLLAMA__PRELOAD: 'a' } }).config.ollama.preload).toEqual(
      [],
    );
  });

  test('names are case-sensitive', () => {
    expect(fromEnv({ port: '81', server__port: '82' })).toMatchObject({
      config: { server: { port: 8080 } },
      notices: [],
    });
  });

  test('LOG_LEVEL goes before RUST_LOG, which is not ours and never wrong', () => {
    expect(fromEnv({ LOG_LEVEL: 'warn', RUST_LOG: 'debug' }).config.log.level).toBe('warn');
    expect(fromEnv({ RUST_LOG: 'hyper=loud,[span]' })).toMatchObject({
      config: { log: { level: 'info' } },
      problems: [],
      notices: [],
    });
    expect(fromEnv({ RUST_LOG: 'debug' }).locked).toEqual({ 'log.level': 'RUST_LOG' });
  });

  test('an unknown variable with one of our prefixes is a notice, any other is nothing', () => {
    const { problems, notices } = fromEnv({
      CACHE__TTL: '1',
      QUEUE__CONCURRENCY: '1',
      LOG__: '1',
      OLLAMA_NUM_PARALLEL: '4',
      PATH: '/bin',
      CACHE__GONE: '',
    });
    expect(problems).toEqual([]);
    expect(notices).toEqual([
      'CACHE__TTL is not a variable that Hearth knows. Did you mean CACHE__TTL_SECONDS?',
      'QUEUE__CONCURRENCY is not a variable that Hearth knows.',
      'LOG__ is not a variable that Hearth knows.',
    ]);
  });
});

describe('OLLAMA_HOST', () => {
  test.each([
    ['127.0.0.1', 'http://127.0.0.1:11434'],
    ['127.0.0.1:8000', 'http://127.0.0.1:8000'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8000', 'http://127.0.0.1:8000'],
    ['http://0.0.0.0:11434', 'http://127.0.0.1:11434'],
    [':8000', 'http://127.0.0.1:8000'],
    ['http://:8000', 'http://127.0.0.1:8000'],
    ['gpu.lan', 'http://gpu.lan:11434'],
    ['http://gpu.lan', 'http://gpu.lan'],
    ['https://gpu.lan', 'https://gpu.lan'],
    ['HTTPS://GPU.lan:443/', 'https://gpu.lan'],
    ['https://gpu.lan:8443/ollama/', 'https://gpu.lan:8443/ollama'],
    ['gpu.lan/ollama', 'http://gpu.lan:11434/ollama'],
    ['::1', 'http://[::1]:11434'],
    ['[::1]', 'http://[::1]:11434'],
    ['[::1]:8000', 'http://[::1]:8000'],
    ['[::]:8000', 'http://[::1]:8000'],
    [' "gpu:1" ', 'http://gpu:1'],
    ['me:pw@gpu', 'http://me:pw@gpu:11434'],
    ['https://me:p%40w@gpu.lan:443/x/', 'https://me:p%40w@gpu.lan/x'],
    ['http://me:p@w@0.0.0.0:8000', 'http://me:p%40w@127.0.0.1:8000'],
    ['http://:pw@[::]:8000', 'http://:pw@[::1]:8000'],
    ['http://gpu/a@b', 'http://gpu/a@b'],
  ])('%s', (text, url) => {
    const { config, notices } = fromEnv({ OLLAMA_HOST: text });
    expect(config.ollama.api_url).toBe(url);
    expect(notices).toEqual([]);
    expect(upstreamAddress(url)).toBe(url);
  });

  test.each(['ftp://gpu', 'gpu:70000', 'gpu:port', 'http://', 'a b', 'http://gpu?x', 'http://gpu#x', 'gp\nu'])(
    '%j is of no use: a notice, and the default',
    (text) => {
      const { config, notices, problems, origins } = fromEnv({ OLLAMA_HOST: text });
      expect(config.ollama.api_url).toBe('http://127.0.0.1:11434');
      expect(origins['ollama.api_url']).toBe('default');
      expect(problems).toEqual([]);
      expect(notices).toEqual([expect.stringMatching(/^OLLAMA_HOST is not used: it is not an http or https address/)]);
    },
  );

  test('anything said to Hearth itself goes before it, and a form may change what it gives', () => {
    const env = { OLLAMA_HOST: 'guess' };
    const url = (sources: ConfigSources): string => headless(sources).config.ollama.api_url;
    expect(url({ env: { ...env, OLLAMA_API_URL: 'short' } })).toBe('http://short:11434');
    expect(url({ env: { ...env, OLLAMA__API_URL: 'long', OLLAMA_API_URL: 'short' } })).toBe('http://long:11434');
    expect(url({ env, file: { path: 'f', data: { ollama: { api_url: 'file' } } } })).toBe('http://file:11434');
    expect(url({ env, flags: { 'ollama.api_url': 'flag' } })).toBe('http://flag:11434');
    expect(url({ env, flags: { 'ollama.api_url': 'ftp://wrong' } })).toBe('http://guess:11434');
    expect(headless({ env }).locked).toEqual({});
    expect(headless({ env: { OLLAMA_API_URL: 'short' } }).locked).toEqual({ 'ollama.api_url': 'OLLAMA_API_URL' });
    expect(headless({ env: { OLLAMA_HOST: 'ftp://x', OLLAMA_API_URL: 'short' } }).notices).toEqual([]);
  });

  test('set to Hearth for other programs, it does not make Hearth call itself', () => {
    const { config, origins, notices } = fromEnv({ OLLAMA_HOST: 'localhost:9000', PORT: '9000' });
    expect(config.ollama.api_url).toBe('http://127.0.0.1:11434');
    expect(origins['ollama.api_url']).toBe('default');
    expect(notices).toEqual(['OLLAMA_HOST is not used: it is the address of Hearth itself.']);
    expect(fromEnv({ OLLAMA_HOST: 'localhost:9001', PORT: '9000' }).notices).toEqual([]);
    expect(fromEnv({ OLLAMA_HOST: 'gpu:9000', PORT: '9000' }).config.ollama.api_url).toBe('http://gpu:9000');
  });
});

describe('what is said', () => {
  test.each<[string, ConfigSources, string]>([
    [
      'wrong value in a file',
      { file: { path: 'config.toml', data: { cache: { ttl_seconds: '1h' } } } },
      'config.toml: cache.ttl_seconds must be a whole number from 1 to 604800. It was "1h".',
    ],
    [
      'a number as text in a file',
      { file: { path: 'config.toml', data: { server: { port: '8080' } } } },
      'config.toml: server.port must be a whole number from 0 to 65535. It was "8080".',
    ],
    [
      'wrong value in the environment',
      { env: { CACHE__ENABLED: 'yes' } },
      'CACHE__ENABLED: cache.enabled must be true or false. It was "yes".',
    ],
    [
      'a list that is no JSON',
      { env: { CORS__ALLOWED_ORIGINS: '["http://a' } },
      'CORS__ALLOWED_ORIGINS: cors.allowed_origins must be a list of origins such as "http://localhost:3000", without paths, or "*"; one "*" may stand for a whole host, for what comes before a domain, or for the port: "chrome-extension://*", "https://*.example.com", "http://nas.local:*". It was "[\\"http://a".',
    ],
    [
      'wrong value on the command line',
      { flags: { 'cache.replay': 'fast' } },
      'command line: cache.replay must be one of "smooth", "instant", "original". It was "fast".',
    ],
    [
      'null',
      { file: { path: 'config.json', data: { log: { requests: null } } } },
      'config.json: log.requests must be true or false. It was null.',
    ],
    [
      'not a number',
      { file: { path: 'config.toml', data: { ollama: { num_ctx: Number.NaN } } } },
      'config.toml: ollama.num_ctx must be a whole number from 0 to 16777216. It was NaN.',
    ],
    [
      'a mistyped key',
      { file: { path: 'config.toml', data: { cache: { ttl_second: 60 } } } },
      'config.toml: cache.ttl_second is not a known key. Did you mean cache.ttl_seconds?',
    ],
    [
      'a key in another spelling',
      { file: { path: 'config.toml', data: { queue: { maxWaitMs: 60 } } } },
      'config.toml: queue.maxWaitMs is not a known key. Did you mean queue.max_wait_ms?',
    ],
    [
      'a key in the wrong section',
      { file: { path: 'config.toml', data: { server: { keep_warm: true } } } },
      'config.toml: server.keep_warm is not a known key. Did you mean ollama.keep_warm?',
    ],
    [
      'a key outside any section',
      { file: { path: 'config.toml', data: { port: 80 } } },
      'config.toml: port is not a known key. Did you mean server.port?',
    ],
    [
      'a path as one key',
      { file: { path: 'config.json', data: { 'server.port': 80 } } },
      'config.json: server.port is not a known key. Did you mean port inside server?',
    ],
    [
      'a key like nothing',
      { file: { path: 'config.toml', data: { server: { zzz: 1 } } } },
      'config.toml: server.zzz is not a known key.',
    ],
    [
      'a key that would spoil a line',
      { file: { path: 'config.toml', data: { 'a\nb': 1 } } },
      'config.toml: "a\\nb" is not a known key.',
    ],
    [
      'a mistyped section',
      { file: { path: 'config.toml', data: { cach: { ttl_seconds: 60 } } } },
      'config.toml: cach is not a known key. Did you mean cache?',
    ],
    [
      'an unknown option',
      { flags: { 'servr.prot': 1 } },
      'command line: servr.prot is not a known key. Did you mean server.port?',
    ],
    [
      'a section that is no table',
      { file: { path: 'config.toml', data: { batch: 5 } } },
      'config.toml: batch must be a table with max_batch_size, batch_timeout_ms, enable_deduplication. It was 5.',
    ],
    [
      'a section that is a date',
      { file: { path: 'config.toml', data: { log: new Date(0) } } },
      'config.toml: log must be a table with level, requests, prompts_mb, list_ttl_seconds, list_max, texts_ttl_seconds, texts_max_mb, texts_memory_mb. It was "1970-01-01T00:00:00.000Z".',
    ],
    [
      'a file that is no table',
      { file: { path: 'config.json', data: [1] } },
      'config.json: the file must be a table with server, ollama, upstreams, models, cache, conversation_cache, queue, prompts, batch, files, cluster, cors, log, app. It was [1].',
    ],
  ])('%s', (_, sources, sentence) => {
    expect(sentences(sources)).toEqual([sentence]);
    expect(headless(sources).config).toEqual(defaultConfig());
  });

  test('every kind of problem carries what a form needs', () => {
    const { problems } = fromFile({ cache: { ttl_second: 1, replay: 'x' }, log: [] });
    expect(problems).toEqual([
      {
        kind: 'unknown_key',
        source: 'file',
        where: 'config.toml',
        key: 'cache.ttl_second',
        got: '1',
        allowed: expect.stringMatching(/^one of enabled, .*mode$/),
        suggestion: 'cache.ttl_seconds',
      },
      {
        kind: 'wrong_shape',
        source: 'file',
        where: 'config.toml',
        key: 'log',
        got: '[]',
        allowed:
          'a table with level, requests, prompts_mb, list_ttl_seconds, list_max, texts_ttl_seconds, texts_max_mb, texts_memory_mb',
      },
      {
        kind: 'wrong_value',
        source: 'file',
        where: 'config.toml',
        key: 'cache.replay',
        got: '"x"',
        allowed: 'one of "smooth", "instant", "original"',
      },
    ]);
  });

  test('what came is cut at 60 characters and never inside one', () => {
    expect(got('x'.repeat(58))).toBe(`"${'x'.repeat(58)}"`);
    expect(got('x'.repeat(59))).toBe(`"${'x'.repeat(58)}…`);
    expect(got('x'.repeat(57) + '🔥🔥')).toBe(`"${'x'.repeat(57)}…`);
    expect(got(10n)).toBe('10');
    const loop: unknown[] = [];
    loop.push(loop);
    expect(got(loop)).toBe('something that JSON cannot say');
  });

  test.each([
    ['a plain text', ['hearth_secret']],
    ['a plain text in the place of the hash', [{ ...KEY, hash: 'hearth_secret' }]],
    ['two of one name', [KEY, { ...KEY, hash: `sha256:${'1'.repeat(64)}` }]],
    ['one twice', [KEY, { ...KEY, name: 'other' }]],
    ['an unknown scope', [{ ...KEY, scopes: ['everything'] }]],
    ['no scope', [{ ...KEY, scopes: [] }]],
    ['an unknown property', [{ ...KEY, scope: 'chat' }]],
  ])('keys: %s is refused whole, and then nobody gets in by a key', (_what, api_keys) => {
    const { config, problems } = fromFile({ server: { api_keys } });
    expect(config.server.api_keys).toEqual([]);
    expect(problems).toMatchObject([{ key: 'server.api_keys', got: '(hidden)' }]);
  });

  test('secrets are not repeated', () => {
    expect(fromFile({ server: { api_keys: 'sk-123' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ server: { api_key: 'sk-123' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ server: { pasword: { of: ['sk-123', 5] } } }).problems[0]?.got).toBe('{"of":["(hidden)",5]}');
    expect(fromFile({ ollama: 'sk-123' }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile([{ ollama: { api_key: 'sk-123' } }]).problems[0]?.got).toBe('[{"ollama":{"api_key":"(hidden)"}}]');
    expect(fromFile({ ollama: { api_key: 'sk 123' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ ollama: { headers: { Host: 'sk-123' } } }).problems[0]?.got).toBe('{"Host":"********"}');
    expect(fromFile({ ollama: { headers: 'sk-123' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ ollama: { api_url: 'ftp://me:p/w@gpu' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ cluster: { url: 'redis://me:p w@host' } }).problems[0]?.got).toBe('(hidden)');
    expect(fromFile({ ollama: { model: 'http://me:pw@gpu /' } }).problems[0]?.got).toBe('"http://…@gpu /"');
  });

  test('a setting without effect says so when it is set, and only then', () => {
    expect(fromFile({ server: { workers: 4 } }).notices).toEqual([
      'config.toml: server.workers has no effect. One process does all the work.',
    ]);
    expect(fromFile({ server: { workers: 'many' } }).notices).toEqual([]);
  });

  test('settings of the desktop app are without effect on the headless host alone', () => {
    const file = { path: 'f', data: { app: { notifications: false } } };
    expect(resolveConfig({ file }, 'headless').notices).toEqual([
      'f: app.notifications has no effect. Only the desktop app uses it.',
    ]);
    expect(resolveConfig({ file }, 'desktop').notices).toEqual([]);
    expect(resolveConfig({ file }, 'headless').config.app.notifications).toBe(false);
  });

  test('what is allowed and may surprise is a notice', () => {
    const { config, problems, notices } = fromFile({ cors: { allowed_origins: ['*'] } });
    expect(config.cors.allowed_origins).toEqual(['*']);
    expect(problems).toEqual([]);
    expect(notices).toEqual(['cors.allowed_origins has "*": every web page you visit may use your local models.']);
    expect(fromFile({ cors: { allowed_origins: ['https://*', 'https://*.example.com'] } }).notices).toEqual([
      'cors.allowed_origins has "https://*": every web page you visit may use your local models.',
    ]);
    for (const policy of ['fill', 'force']) {
      expect(fromFile({ ollama: { num_ctx_policy: policy } }).notices).toHaveLength(1);
      expect(fromFile({ ollama: { num_ctx_policy: policy, num_ctx: 4096 } }).notices).toEqual([]);
    }
    expect(fromFile({ ollama: { num_ctx_policy: 'max' } }).notices).toEqual([]);
    expect(fromFile({ cache: { max_size_mb: 1, max_entry_mb: 2 } }).notices).toHaveLength(1);
  });
});

describe('forms of a value', () => {
  test.each<[string | number, number]>([
    ['15m', 900],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['.5s', 0.5],
    ['2.m', 120],
    ['300ms', 0.3],
    ['2s500ms', 2.5],
    ['1000000us', 1],
    ['1000000µs', 1],
    ['1000000μs', 1],
    ['1000000000ns', 1],
    ['+30s', 30],
    [' 30s ', 30],
    ['300', 300],
    ['0', 0],
    ['-0', 0],
    ['0s', 0],
    ['-1', -1],
    ['-1m', -1],
    ['-300', -1],
    [90.5, 90.5],
    [0, 0],
    [-0, 0],
    [-5, -1],
  ])('keep_alive %j is %d s', (value, seconds) => {
    expect(keepAliveSeconds(value)).toBeCloseTo(seconds, 9);
    expect(Object.is(keepAliveSeconds(value), -0)).toBe(false);
    expect(parseField('ollama.keep_alive', value)).toEqual({ value });
  });

  test.each([
    '',
    'm',
    '15 m',
    '1d',
    '15M',
    'forever',
    '1.5',
    '1h-30m',
    '--1m',
    '300000000h',
    Number.NaN,
    1e11,
    Infinity,
  ])('keep_alive %j is none', (value) => {
    expect(keepAliveSeconds(value)).toBeNaN();
    expect(parseField('ollama.keep_alive', value)).toBeUndefined();
  });

  test.each([
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://localhost:3000/', 'http://localhost:3000'],
    ['HTTPS://Chat.Example.org:443', 'https://chat.example.org'],
    ['http://[::1]:3000', 'http://[::1]:3000'],
    ['app://hearth', 'app://hearth'],
    ['chrome-extension://abcdef', 'chrome-extension://abcdef'],
    ['*', '*'],
    ['file://', 'file://'],
    ['file://*', 'file://'],
    ['file:///home/me', undefined],
    ['chrome-extension://*', 'chrome-extension://*'],
    ['moz-extension://*/', 'moz-extension://*'],
    ['HTTPS://*.M\u00fcnchen.example:443', 'https://*.xn--mnchen-3ya.example'],
    ['https://*.example.com:8443/', 'https://*.example.com:8443'],
    ['https://app-*.example.com', 'https://app-*.example.com'],
    ['http://0.0.0.0:*', 'http://0.0.0.0:*'],
    ['http://[FD00::7]:*', 'http://[fd00::7]:*'],
    ['http://*:3000', 'http://*:3000'],
    ['http://*', 'http://*'],
    // What would match more than it seems to, or nothing.
    ['http://localhost*', undefined],
    ['https://example.*', undefined],
    ['https://*example.com', undefined],
    ['https://*-app.example.com', undefined],
    ['http://192.168.1.*', undefined],
    ['http://*.1.2.3', undefined],
    ['https://*.example.com:*', undefined],
    ['https://*.*.example.com', undefined],
    ['https://**', undefined],
    ['https://*:443', undefined],
    ['http://a:80:*', undefined],
    ['http://me@a:*', undefined],
    ['http://a:80*', undefined],
    ['https://*.example.com/*', undefined],
    ['https://example.com/*', undefined],
    ['*.example.com', undefined],
    ['*://example.com', undefined],
    ['http*://example.com', undefined],
    ['https://*.', undefined],
    ['null', undefined],
    ['localhost:3000', undefined],
    ['http://a/b', undefined],
    ['http://me@a', undefined],
    ['http://a?b', undefined],
    ['http://', undefined],
    ['', undefined],
  ])('origin %j is %j', (text, origin) => {
    expect(webOrigin(text)).toBe(origin);
    expect(parseField('cors.allowed_origins', [text])).toEqual(origin === undefined ? undefined : { value: [origin] });
  });

  test.each([
    ['localhost', 'localhost'],
    ['Hearth.LAN', 'hearth.lan'],
    ['0.0.0.0', '0.0.0.0'],
    ['::', '::'],
    ['[::1]', '::1'],
    ['my_service', 'my_service'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['localhost:80', undefined],
    ['localhost:8080', undefined],
    ['http://localhost', undefined],
    ['a/b', undefined],
    ['*', undefined],
    ['a b', undefined],
    ['', undefined],
  ])('host %j is %j', (text, host) => {
    expect(hostName(text)).toBe(host);
    expect(parseField('server.host', text)).toEqual(host === undefined ? undefined : { value: host });
    expect(parseField('server.allowed_hosts', [text])).toEqual(host === undefined ? undefined : { value: [host] });
  });

  test('a model name has no white space, and surrounding blanks are dropped', () => {
    expect(parseField('ollama.model', ' llama3.2:3b\n')).toEqual({ value: 'llama3.2:3b' });
    for (const wrong of ['', ' ', 'a b', 'a\u0000', 'x'.repeat(257), 5])
      expect(parseField('ollama.model', wrong)).toBeUndefined();
  });

  test('separators are no mistakes, however many', () => {
    expect(nearest('estimatedTimePerRequestMs', ['estimated_time_per_request_ms'])).toBe(
      'estimated_time_per_request_ms',
    );
  });

  test('lists are bounded', () => {
    expect(
      parseField(
        'ollama.preload',
        Array.from({ length: 16 }, () => 'a'),
      ),
    ).toBeDefined();
    expect(
      parseField(
        'ollama.preload',
        Array.from({ length: 17 }, () => 'a'),
      ),
    ).toBeUndefined();
  });

  test.each([
    ['ttl', 'ttl_seconds'],
    ['ttl_secnods', 'ttl_seconds'],
    ['TTL-Seconds', 'ttl_seconds'],
    ['max', undefined],
    ['mx_size_mb', 'max_size_mb'],
    ['tt', undefined],
    ['x', undefined],
    ['', undefined],
  ])('%j is near to %j', (word, name) => {
    expect(nearest(word, ['enabled', 'max_size_mb', 'max_entry_mb', 'ttl_seconds'])).toBe(name);
  });
});

describe('queue.rules', () => {
  const said = (rule: object): string[] => sentences({ file: { path: 'f', data: { queue: { rules: [OK, rule] } } } });
  const OK = { when: { user_agent: 'curl/*' }, then: { class: 'background' } };

  test.each<[object, RegExp]>([
    [
      { when: { stream: 'yes' }, then: { class: 'normal' } },
      /^f: queue\.rules\[1\]\.when\.stream must be true or false\. It was "yes"\.$/,
    ],
    [
      { then: { class: 'urgent' } },
      /\[1\]\.then\.class must be one of "interactive", "normal", "background"\. It was "urgent"/,
    ],
    [{ when: { useragent: 'x' }, then: { class: 'normal' } }, /\[1\]\.when must be a table with any of user_agent, /],
    [
      { when: { user_agent: ['x', 7] }, then: { class: 'normal' } },
      /\[1\]\.when\.user_agent must be a text .* It was \["x",7\]/,
    ],
    [{ when: { model: 'x' } }, /\[1\]\.then must be a table with any of class, caller, keep_alive\. It was missing\.$/],
    [{ then: {} }, /\[1\]\.then must be a table/],
    [{ name: 'a "b"', then: { class: 'normal' } }, /\[1\]\.name must be 1 to 64 /],
    [{ when: OK.when, class: 'normal', then: OK.then }, /\[1\] must be a table with name, when, then\. It was \{/],
  ])('%j is told at its place', (rule, sentence) => {
    expect(said(rule)).toEqual([expect.stringMatching(sentence)]);
  });

  test('that are no list are told as a whole, and come as JSON from the environment', () => {
    expect(sentences({ env: { QUEUE__RULES: 'curl' } })).toEqual([
      expect.stringMatching(/^QUEUE__RULES: queue\.rules must be a list of at most 100 rules.* It was "curl"\.$/),
    ]);
    expect(fromEnv({ QUEUE__RULES: JSON.stringify([OK]) }).config.queue.rules).toEqual([OK]);
  });
});

// Written as the old backend's users have it.
test('a config.toml of the old backend is accepted unchanged', () => {
  const old = {
    server: { host: '0.0.0.0', port: 8080, workers: 4 },
    ollama: {
      api_url: 'http://localhost:11434',
      model: 'deepseek-r1:8b',
      keep_alive: '15m',
      system_prompt: 'You are a helpful assistant.',
      timeout_seconds: 300,
    },
    cache: { max_size_mb: 256, ttl_seconds: 3600 },
    conversation_cache: { max_size_mb: 128, ttl_seconds: 1800 },
    queue: { max_concurrent: 1, max_queue_size: 100, estimated_time_per_request_ms: 30000 },
    batch: { max_batch_size: 3, batch_timeout_ms: 2000, enable_deduplication: true },
    cors: { allowed_origins: ['http://localhost:3000', 'http://127.0.0.1:3000'] },
  };
  const { config, problems, notices } = fromFile(old);
  expect(problems).toEqual([]);
  expect(config).toMatchObject(old);
  expect(notices.map((notice) => notice.split(' ')[1])).toEqual(['server.workers']);
});

describe('for any input', () => {
  /** JSON that is near enough to a configuration to get past the first check. */
  const nearlyConfig = fc.dictionary(
    fc.constantFrom(...sections.map(({ name }) => name), 'cach', '__proto__', 'constructor'),
    fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...fields.flatMap(({ key = [] }) => key), 'ttl'), fc.jsonValue()),
    ),
  );

  test('the configuration is valid, and each problem is a sentence of one line', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), nearlyConfig),
        fc.dictionary(fc.constantFrom(...environment.map(({ name }) => name), 'APP__X'), fc.string()),
        fc.dictionary(fc.constantFrom(...fields.map(({ path }) => path), 'server.x'), fc.anything()),
        (data, env, flags) => {
          const { config, problems } = headless({ file: { path: 'f', data }, env, flags });
          expect(configSchema.parse(config)).toEqual(config);
          for (const problem of problems) {
            expect(problemSentence(problem)).toMatch(/^[^\n]+[.?]$/);
            expect(problem.got.length).toBeLessThanOrEqual(60);
          }
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe('a change while the gateway runs', () => {
  /** Other values than the defaults for every setting; no whole configuration that anybody could start with. */
  const other = fields.reduce<object>((data, field) => withValue({ ...data }, field, `new ${field.path}`), {}) as never;

  test.each(fields.map(({ path, applies }) => [path, applies]))('%s: %s', (path, applies) => {
    const field = fields.find((each) => each.path === path) as (typeof fields)[number];
    const running = defaultConfig();
    expect(valueOf(untilRestart(running, other), field)).toEqual(
      applies === 'restart' ? valueOf(running, field) : `new ${path}`,
    );
  });

  test('only addresses, who may come in there, and what is laid out at the start need a restart', () => {
    expect(fields.filter(({ applies }) => applies === 'restart').map(({ path }) => path)).toEqual([
      'server.host',
      'server.port',
      'server.workers',
      'server.lan',
      'server.allow_anonymous',
      'ollama.connect_timeout_ms',
      'upstreams',
      'cache.persist',
      'cache.disk_max_size_mb',
      'queue.retained_max_mb',
      'cluster.url',
      'cluster.name',
      'cluster.node',
      'cluster.ca_file',
      'cluster.cert_file',
      'cluster.key_file',
      'cluster.job_replicas',
      'cluster.timeout_ms',
    ]);
  });
});

describe('documents', { timeout: 60_000 }, () => {
  test('the tables name every field with its bounds, and prettier leaves them as they are', async () => {
    const tables = configTables();
    expect(await format(tables, { parser: 'markdown' })).toBe(`${tables}\n`);
    const rows = tables.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.map((row) => /^\| `([^`]+)`/.exec(row)?.[1])).toEqual(fields.map(({ path }) => path));
    const row = rows.find((line) => line.includes('`cache.ttl_seconds`'))?.split(/ *\| */);
    expect(row?.slice(1, 7)).toEqual([
      '`cache.ttl_seconds`',
      'Keep an answer for',
      '`3600` s',
      'a whole number from 1 to 604800',
      'at once',
      'The clock starts when the answer is stored, and reading does not start it again. A change counts for answers stored from then on.',
    ]);
    expect(rows.find((line) => line.includes('`server.workers`'))).toContain(
      'No effect yet: One process does all the work.',
    );
    expect(rows.find((line) => line.includes('`app.check_updates`'))).toContain('Desktop app only.');
  });

  test('the names in the environment include those that the hosts read', async () => {
    const table = environmentTable();
    expect(await format(table, { parser: 'markdown' })).toBe(`${table}\n`);
    expect([...table.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name)).toEqual([
      'HOST',
      'PORT',
      'OLLAMA_API_URL',
      'OLLAMA_HOST',
      'OLLAMA_API_KEY',
      'OLLAMA_MODEL',
      'HEARTH_UPSTREAMS',
      'HEARTH_MODELS',
      'CACHE_TTL_SECONDS',
      'CACHE_MAX_SIZE_MB',
      'LOG_LEVEL',
      'RUST_LOG',
      'CONFIG_PATH',
      'HEARTH_DATA_DIR',
      'HEARTH_CODE_CACHE',
    ]);
    expect(environment.filter(({ sets }) => sets !== undefined).map(({ name }) => name)).toEqual(
      fields.flatMap((field) => field.env),
    );
  });
});

test('two profiles whose names are one to Ollama are refused, and the sentence names both', () => {
  const models = { fast: { model: 'llama3.2' }, 'Fast:latest': { model: 'qwen3' } };
  expect(sentences({ file: { path: 'config.toml', data: { models } } })).toEqual([
    'config.toml: models.Fast:latest must be another name than fast, since both are one to Ollama. It was "Fast:latest".',
  ]);
  const others = { fast: { model: 'llama3.2' }, 'fast:8b': { model: 'qwen3' } };
  expect(sentences({ file: { path: 'config.toml', data: { models: others } } })).toEqual([]);
});
