// What of a text may be kept: no secret, no file, no more than a bound.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  isSecretHeader,
  MOST_BYTES,
  shownBody,
  shownText,
  withoutSecrets,
} from '../../../../backend/core/requests/shown-text.ts';
import { fc } from '../../../support/property.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** As random as a key. */
const RANDOM = 'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z';

describe('a secret', () => {
  const keys = ['sk-', 'sk-ant-api03-', 'hearth_', 'ghp_', 'github_pat_', 'glpat-', 'xoxb-', 'hf_'].map(
    (start) => start + RANDOM,
  );
  const tokens = [...keys, `AIza${RANDOM}`, 'AKIAABCDEFGHIJKLMNOP', `eyJhbGciOiJI.eyJzdWIi${RANDOM}.${RANDOM}`];
  test.each(tokens)('%s is hidden by its look', (token) => {
    expect(withoutSecrets(`Use ${token}, please`)).toBe('Use ********, please');
  });

  test.each([
    ['{"api_key":"abc","model":"m"}', '{"api_key":"********","model":"m"}'],
    ['{ "clientSecret" : "a\\"b" , "n": 1}', '{ "clientSecret" : "********" , "n": 1}'],
    [
      String.raw`{"arguments":"{\"password\":\"x y\",\"to\":\"me\"}"}`,
      String.raw`{"arguments":"{\"password\":\"********\",\"to\":\"me\"}"}`,
    ],
    ["{'x-api-key': 'abc', 'n': 1}", "{'x-api-key': '********', 'n': 1}"],
    ['{"HF_TOKEN":"abc","max_tokens":12}', '{"HF_TOKEN":"********","max_tokens":12}'],
    ['export OPENAI_API_KEY=abc123def', 'export OPENAI_API_KEY=********'],
    ['password: hunter2!', 'password: ********'],
    ['https://x.test/a?q=1&key=abc&n=2', 'https://x.test/a?q=1&key=********&n=2'],
    ['postgres://me:pw@db.test/x', 'postgres://********@db.test/x'],
    ['Authorization: Bearer abcdef.ghijkl', 'Authorization: Bearer ********'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMII\nabc\n-----END RSA PRIVATE KEY-----.', '********.'],
  ])('%s', (text, safe) => {
    expect(withoutSecrets(text)).toBe(safe);
  });

  test.each([
    'What makes a good password: length or symbols?',
    'The token is the smallest unit a model reads; max_tokens: 4096',
    '{"tokens":["a","b"],"secretary":"Ann","keyword":"bread"}',
    'See https://example.com/docs?page=2#keys, or ask user@example.com.',
    'git clone https://github.com/hearth/hearth',
  ])('is not seen in: %s', (text) => {
    expect(withoutSecrets(text)).toBe(text);
  });

  test('a text of JSON stays one, whatever is in it', () => {
    const names = fc.constantFrom('password', 'api_key', 'text', 'Authorization');
    const words = fc.oneof(
      fc.string(),
      fc.constantFrom('sk-abcdefghijklmnopqrst', '"', '\\', '\\"', 'Bearer abcdefgh1', 'a=1&key=2'),
    );
    const nested = fc.dictionary(
      names,
      fc.oneof(
        words,
        fc.dictionary(names, words).map((value) => JSON.stringify(value)),
      ),
    );
    fc.assert(
      fc.property(nested, (value) => {
        const safe = JSON.parse(withoutSecrets(JSON.stringify(value))) as typeof value;
        expect(Object.keys(safe)).toEqual(Object.keys(value));
        if (value['password'] !== undefined && value['password'] !== '') expect(safe['password']).toBe('********');
      }),
    );
  });

  test.each([
    'authorization',
    'x-api-key',
    'api-key',
    'cookie',
    'x-goog-api-key',
    'proxy-authorization',
    'x-auth-token',
  ])('is in the header %s', (name) => {
    expect(isSecretHeader(name)).toBe(true);
  });
  test.each(['content-type', 'user-agent', 'x-queue-priority', 'anthropic-version', 'x-stainless-lang'])(
    'is not in the header %s',
    (name) => {
      expect(isSecretHeader(name)).toBe(false);
    },
  );
});

describe('an image or a file', () => {
  const image = Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 251));

  test.each([
    ['as it is', image.toString('base64')],
    ['with escaped slashes', image.toString('base64').replaceAll('/', String.raw`\/`)],
    ['in the alphabet of addresses', image.toString('base64url')],
  ])('%s is told by its hash and size', (_how, base64) => {
    const { text, bytes } = shownText(`{"images":["${base64}"],"prompt":"What is it?"}`);
    expect(text).toBe(`{"images":["[3000 bytes, sha256 ${sha256(image)}]"],"prompt":"What is it?"}`);
    expect(bytes).toBe(base64.length + '{"images":[""],"prompt":"What is it?"}'.length);
  });

  test('a long word is none', () => {
    expect(shownText('a'.repeat(5000)).text).toBe('a'.repeat(5000));
  });

  test('a body that is no text is told by its hash', () => {
    expect(shownBody(image)).toEqual({ text: `[3000 bytes, sha256 ${sha256(image)}]`, bytes: 3000, cut: 0 });
  });
});

describe('a long text', () => {
  const words = (count: number): string => Array.from({ length: count }, (_, i) => `word ${i} `).join('');

  test('has its beginning and its end, and says what is left out between them', () => {
    const text = words(60_000);
    const shown = shownText(text);
    const [head = '', tail = ''] = shown.text.split(`\n… ${shown.cut} characters are left out here …\n`);
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(head.length + tail.length + shown.cut).toBe(text.length);
    expect(head.length).toBeGreaterThan(tail.length);
    expect(tail.length).toBeGreaterThan(40_000);
  });

  test('is bounded in bytes, whatever its letters are', () => {
    const shown = shownText('日本語 '.repeat(60_000));
    expect(Buffer.byteLength(shown.text)).toBeLessThan(MOST_BYTES + 100);
    expect(shown.text).not.toContain('�');
  });

  test('has no part of a secret where it is cut, wherever that is', () => {
    const secret = `sk-${RANDOM.repeat(20)}`;
    for (let at = 180_000; at < 215_000; at += 2917) {
      const text = `${words(40_000).slice(0, at)} ${secret} ${words(40_000)}`;
      expect(shownText(text).text).not.toContain(RANDOM.slice(5, 20));
    }
  });
});
