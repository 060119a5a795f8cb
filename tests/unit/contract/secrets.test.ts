// Secrets among the settings: marked where they are declared, and by that mark hidden from the window, from exports and
// from every sentence; what is hidden stays as it is when the form gives it back.
import { describe, expect, test } from 'vitest';
import { defaultConfig, fields, parseField } from '../../../backend/contract/config/config.ts';
import { resolveConfig } from '../../../backend/contract/config/config-sources.ts';
import { HIDDEN, masked, unmasked, withoutSecret } from '../../../backend/contract/secret.ts';
import { accessOf } from '../../../backend/upstream/access.ts';
import { Settings } from '../../../main/settings/settings.ts';

type Data = Readonly<Record<string, unknown>>;

const SECRETS = {
  api_url: 'https://me:SECRET-pw@gpu.lan:8443/ollama',
  api_key: 'SECRET-key',
  headers: { 'CF-Access-Client-Id': 'SECRET-id', 'CF-Access-Client-Secret': 'SECRET-value' },
};

function open(data: Data = { ollama: SECRETS }, env: Record<string, string> = {}): Settings {
  return new Settings({ data, env, path: '/data/config.json', save: () => undefined });
}

const said = (act: () => unknown): string => {
  try {
    return JSON.stringify(act());
  } catch (error) {
    return String(error);
  }
};

test('the marked settings', () => {
  expect(Object.fromEntries(fields.filter(({ secret }) => secret).map(({ path, secret }) => [path, secret]))).toEqual({
    'server.api_keys': 'hashed',
    'ollama.api_url': 'userinfo',
    'ollama.api_key': 'value',
    'ollama.headers': 'values',
    upstreams: 'upstreams',
    'cluster.url': 'userinfo',
  });
});

describe('the window', () => {
  test('gets dots', () => {
    const { values } = open().view(undefined);
    expect(values).toMatchObject({
      'ollama.api_url': `https://${HIDDEN}@gpu.lan:8443/ollama`,
      'ollama.api_key': HIDDEN,
      'ollama.headers': { 'CF-Access-Client-Id': HIDDEN, 'CF-Access-Client-Secret': HIDDEN },
    });
    expect(open({}).view(undefined).values).toMatchObject({
      'ollama.api_url': 'http://127.0.0.1:11434',
      'ollama.api_key': '',
      'ollama.headers': {},
    });
  });

  test('gets nothing else of them: not from the environment, not as a problem, not in a refusal', () => {
    const other = open({ ollama: SECRETS }, { OLLAMA_API_KEY: 'SECRET-of-the-environment' });
    const wrong = open({ ollama: { api_key: 'SECRET key', headers: { Host: 'SECRET' }, api_url: 'ftp://a:SECRET@b' } });
    const texts = [
      JSON.stringify(other.view(defaultConfig())),
      JSON.stringify([wrong.view(undefined), wrong.problems]),
      said(() => open().set('ollama.api_key', 'two words')),
      said(() => open().set('ollama.headers', { Host: 'SECRET' })),
      said(() => open().set('ollama.api_url', 'ftp://me:SECRET@b')),
      said(() => open({ ollama: { api_url: 'http://me:SECRET-pw@127.0.0.1:11434' } }).set('server.port', 11_434)),
      said(() => open().set('ollama.api_url', 'http://me:SECRET-pw@127.0.0.1:8080')),
      said(() => open().import({ ollama: { api_key: ['SECRET'] } }, 'f')),
    ];
    for (const text of texts) expect(text).not.toContain('SECRET');
    expect(texts[2]).toContain(`It is still "${HIDDEN}".`);
    expect(texts[5]).toContain('Ollama answers there (http://127.0.0.1:11434)');
  });

  test('gives back what is hidden, and it stays', () => {
    const settings = open();
    settings.set('ollama.api_key', HIDDEN);
    settings.set('ollama.headers', { 'CF-Access-Client-Secret': HIDDEN, 'X-New': 'new' });
    settings.set('ollama.api_url', `http://${HIDDEN}@other.lan`);
    expect(settings.config.ollama).toMatchObject({
      api_key: 'SECRET-key',
      headers: { 'CF-Access-Client-Secret': 'SECRET-value', 'X-New': 'new' },
      api_url: 'http://me:SECRET-pw@other.lan',
    });
    settings.set('ollama.api_url', 'http://other.lan');
    settings.set('ollama.api_key', '');
    settings.set('ollama.headers', {});
    expect(settings.config.ollama).toMatchObject({ api_url: 'http://other.lan', api_key: '', headers: {} });
  });

  test('cannot give back what is not there', () => {
    const settings = open({});
    for (const [path, value] of [
      ['ollama.api_key', HIDDEN],
      ['ollama.headers', { 'X-Key': HIDDEN }],
      ['ollama.api_url', `http://${HIDDEN}@gpu`],
    ] as const) {
      expect(() => settings.set(path, value)).toThrow(/not there any more\. Write it again/);
    }
    expect(settings.config.ollama).toEqual(defaultConfig().ollama);
  });
});

describe('an export', () => {
  test('has none of them, and says which settings had some', () => {
    const { data, leftOut } = open({ ollama: { ...SECRETS, model: 'a' }, cache: { ttl_seconds: 5 } }).exported();
    expect(data).toEqual({ ollama: { api_url: 'https://gpu.lan:8443/ollama', model: 'a' }, cache: { ttl_seconds: 5 } });
    expect(leftOut).toEqual(['Address', 'Key for Ollama', 'Headers for Ollama']);
    expect(open({ ollama: { api_key: '' } }).exported()).toEqual({ data: {}, leftOut: [] });
  });

  test('an export brought back changes nothing, and with another address takes no secret along', () => {
    const settings = open();
    const { data } = settings.exported();
    expect(settings.import(data, 'f')).toEqual({ changed: 0, problems: [] });
    expect(settings.config.ollama).toMatchObject(SECRETS);
    settings.import({ ollama: { api_url: 'https://other.lan' } }, 'f');
    expect(settings.config.ollama.api_url).toBe('https://other.lan');
    const fresh = open({});
    fresh.import(data, 'f');
    expect(fresh.config.ollama).toMatchObject({ api_url: 'https://gpu.lan:8443/ollama', api_key: '', headers: {} });
  });

  test('of hashed keys stays whole, as hashes tell nothing', () => {
    const key = { name: 'phone', hash: `sha256:${'0'.repeat(64)}`, scopes: ['chat'] };
    expect(open({ server: { api_keys: [key] } }).exported().data).toEqual({ server: { api_keys: [key] } });
  });
});

test('masking and unmasking are each other’s way back, whatever the mark', () => {
  const samples: readonly (readonly [Parameters<typeof masked>[0], unknown])[] = [
    ['value', 'abc'],
    ['value', ''],
    ['values', { A: 'b', c: '' }],
    ['values', {}],
    ['userinfo', 'http://a:b@c'],
    ['userinfo', 'http://c/d@e'],
    ['hashed', [1]],
    [undefined, { any: 'thing' }],
  ];
  for (const [part, value] of samples) {
    expect(unmasked(part, masked(part, value), value)).toEqual(value);
    if (part === undefined || part === 'hashed') expect(withoutSecret(part, value)).toBe(value);
  }
});

describe('headers', () => {
  test.each([
    'Host',
    'CONNECTION',
    'content-length',
    'Content-Type',
    'Transfer-Encoding',
    'Via',
    'TE',
    'Trailer',
    'Upgrade',
    'Keep-Alive',
    'Expect',
    'Accept-Encoding',
    'a b',
    'a:b',
    '',
    'ü',
    '__proto__',
  ])('%s is refused', (name) => {
    const data = {
      ollama: { headers: JSON.parse(JSON.stringify({ 'X-Fine': 'x' }).replace('X-Fine', name)) as unknown },
    };
    const { config, problems } = resolveConfig({ file: { path: 'f', data } }, 'headless');
    expect(problems.length === 1 || Object.keys(config.ollama.headers).length === 0).toBe(true);
    expect(parseField('ollama.headers', { [`${name} `]: 'x' })).toBeUndefined();
  });

  test.each(['', 'a\r\nHost: b', 'a\nb', 'a\0b', 'a\x7f', '→', 'x'.repeat(8193)])('a value is refused: %j', (value) => {
    expect(parseField('ollama.headers', { 'X-Key': value })).toBeUndefined();
  });

  test('the same name in other letters is the same name', () => {
    expect(parseField('ollama.headers', { 'X-Key': 'a', 'x-key': 'b' })).toBeUndefined();
  });

  test('blanks around names and values are left out, those inside stay', () => {
    expect(parseField('ollama.headers', { ' X-Key ': ' a b, c ' })?.value).toEqual({ 'X-Key': 'a b, c' });
  });
});

describe('from the environment', () => {
  const read = (env: Record<string, string>) => {
    const { config, problems } = resolveConfig({ env }, 'headless');
    return problems.length > 0 ? undefined : config.ollama;
  };
  test.each([
    ['X-A: a\r\nX-B: b:c\r\n', { 'X-A': 'a', 'X-B': 'b:c' }],
    ['\nX-A: a\n\nX-B: b\n', { 'X-A': 'a', 'X-B': 'b' }],
    ['{"X-A":"a"}', { 'X-A': 'a' }],
    ['X-A: a\nX-A: b', undefined],
    ['X-A: a\nx-a: b', undefined],
    ['X-A', undefined],
    ['{"X-A":1}', undefined],
  ])('headers %j', (text, expected) => {
    expect(read({ OLLAMA__HEADERS: text })?.headers).toEqual(expected);
  });

  test.each(['Bearer', 'bearer ', ' Bearer  \n'])('a word before a key without the key is no key: %j', (text) => {
    expect(read({ OLLAMA_API_KEY: text })?.api_key).toBe('');
  });
});

describe('which one wins', () => {
  const shown = (ollama: Data) => {
    const { config, problems, notices } = resolveConfig({ file: { path: 'f', data: { ollama } } }, 'headless');
    expect(problems).toEqual([]);
    return { ...accessOf(config.ollama), notices };
  };

  test('headers, then the key, then the user in the address; what is not used is said', () => {
    const api_url = 'http://me:pw@gpu';
    expect(shown({ api_url })).toMatchObject({ headers: { authorization: `Basic ${btoa('me:pw')}` }, notices: [] });
    expect(shown({ api_url, api_key: 'k' })).toMatchObject({
      headers: { authorization: 'Bearer k' },
      from: 'ollama.api_key',
      notices: ['To Ollama goes ollama.api_key. Not used beside it: the user in ollama.api_url.'],
    });
    expect(shown({ api_url, api_key: 'k', headers: { Authorization: 'X y' } })).toMatchObject({
      headers: { authorization: 'X y' },
      from: 'ollama.headers',
      notices: [
        'To Ollama goes an Authorization in ollama.headers. Not used beside it: ollama.api_key, the user in ollama.api_url.',
      ],
    });
    expect(shown({ api_key: 'k', headers: { 'X-Tenant': 'y' } })).toMatchObject({
      headers: { authorization: 'Bearer k', 'x-tenant': 'y' },
      from: 'ollama.api_key and ollama.headers',
      notices: [],
    });
    expect(shown({})).toMatchObject({ headers: {}, from: undefined, notices: [] });
  });
});

describe('a text that came back has no secret in it', () => {
  const secret = String.raw`k3y/"q"&<x>'=+\\d%-€wörd`;
  const access = accessOf({ ...defaultConfig().ollama, api_url: `http://me:${encodeURIComponent(secret)}@gpu` });
  const php = JSON.stringify(secret).replaceAll('/', String.raw`\/`);
  const go = JSON.stringify(secret).replace(/[<>&]/g, (each) => `\\u00${each.charCodeAt(0).toString(16)}`);
  const ascii = JSON.stringify(secret).replace(
    /[^ -~]/g,
    (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const page = secret.replace(/[&<>"]/g, (each) => `&${{ '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' }[each]};`);
  test.each([
    ['as it is', secret],
    ['in other letters', secret.toUpperCase()],
    ['as JSON', JSON.stringify(secret)],
    ['as JSON in JSON', JSON.stringify(JSON.stringify(secret))],
    ['as JSON in JSON in JSON', JSON.stringify(JSON.stringify(JSON.stringify(secret)))],
    ['as JSON of PHP', php],
    ['as JSON of Go', go],
    ['as JSON of Python', ascii],
    ['in an address', encodeURIComponent(secret)],
    ['in a page', page],
    ['in a page, by number', page.replaceAll("'", '&#x27;').replaceAll('/', '&#47;')],
    ['in bytes read as latin1', Buffer.from(secret).toString('latin1')],
    ['as it was sent', Buffer.from(`me:${secret}`).toString('base64')],
  ])('%s', (_how, written) => {
    expect(access.withoutSecrets(`before ${written} after`)).toMatch(/^before ["\\]*\*{8}["\\]* after$/);
  });

  test('and is searched in linear time', () => {
    const slashes = '\\'.repeat(64 * 1024);
    expect(access.withoutSecrets(slashes)).toBe(slashes);
    const long = accessOf({ ...defaultConfig().ollama, headers: { 'X-Key': '/+"\\'.repeat(2000) } });
    expect(long.withoutSecrets(slashes + '/+"\\'.repeat(2000))).toMatch(/^[\\*]+$/);
  });
});
