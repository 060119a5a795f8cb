// Where a caller is, as proxies say it: what names this machine alone is from here, all else is not.
import { describe, expect, test } from 'vitest';
import { FORWARDING_HEADERS, placedElsewhereBy } from '../../backend/http/forwarded.ts';

describe('from elsewhere', () => {
  test.each(FORWARDING_HEADERS.map((name) => [name]))('%s names another machine', (name) => {
    const value = name === 'forwarded' ? 'for=203.0.113.7' : '203.0.113.7';
    expect(placedElsewhereBy({ [name]: value })).toBe(name);
    const here = name === 'forwarded' ? 'for=127.0.0.1' : '127.0.0.1';
    expect(placedElsewhereBy({ [name]: here })).toBeUndefined();
    // The nearest proxy adds at the end what it saw; a caller may put anything before that.
    expect(placedElsewhereBy({ [name]: `${here}, ${value}` })).toBe(name);
    expect(placedElsewhereBy({ [name]: `${value}, ${here}` })).toBe(name);
  });

  test.each([
    ['x-forwarded-for', '10.0.0.1:51324'],
    ['x-forwarded-for', '2001:db8::1'],
    ['x-forwarded-for', '[2001:db8::1]:51324'],
    ['x-forwarded-for', '::ffff:203.0.113.7'],
    ['x-forwarded-for', 'unknown'],
    ['x-forwarded-for', 'unix:'],
    ['x-forwarded-for', '0.0.0.0'],
    ['x-forwarded-for', '127.0.0.1 10.0.0.1'],
    ['x-forwarded-for', '127.0.0.1.evil.com'],
    ['x-forwarded-host', '192.168.1.5:3000'],
    ['x-forwarded-host', 'box.lan'],
    ['x-forwarded-host', 'localhost.evil.com'],
    ['x-forwarded-host', 'localhost:3000, box.lan'],
    ['forwarded', 'for="[2001:db8::1]:4711"'],
    ['forwarded', 'For=203.0.113.7;proto=https'],
    ['forwarded', 'for=127.0.0.1, for=203.0.113.7'],
    ['forwarded', 'for=127.0.0.1;host=box.lan'],
    ['forwarded', 'for="203.0.113.7\\""'],
    ['forwarded', 'for=unknown'],
    ['forwarded', 'for=_hidden'],
    ['forwarded', 'for="127.0.0.1'],
    ['forwarded', 'for=127.0.0.1 for=203.0.113.7'],
    ['forwarded', 'nonsense'],
  ])('%s: %s', (name, value) => expect(placedElsewhereBy({ [name]: value })).toBe(name));
});

describe('from here', () => {
  test.each([
    ['x-forwarded-for', '::1'],
    ['x-forwarded-for', '::ffff:127.0.0.1'],
    ['x-forwarded-for', '[::1]:51324'],
    ['x-forwarded-for', '127.0.0.1:51324, ::1'],
    ['x-forwarded-for', ''],
    ['x-forwarded-host', 'LocalHost:3000'],
    ['x-forwarded-host', 'app.localhost'],
    ['forwarded', 'for="[::1]:4711";host="localhost:3000";proto=http'],
    ['forwarded', 'proto=https;by=203.0.113.43'],
    ['forwarded', ' for=127.0.0.1 , For=127.0.0.2;'],
    ['forwarded', ''],
    // What is said of the proxy, and not of its caller.
    ['via', '1.1 box.lan'],
    ['x-forwarded-proto', 'https'],
    ['x-forwarded-port', '443'],
    ['x-forwarded-server', 'box.lan'],
  ])('%s: %s', (name, value) => expect(placedElsewhereBy({ [name]: value })).toBeUndefined());

  test('nothing at all', () => expect(placedElsewhereBy({ host: 'localhost' })).toBeUndefined());
});

test.each([
  ['spaces', `${' '.repeat(16_000)}x`],
  ['a long token', `a=${'b'.repeat(16_000)} x`],
  ['quotes without end', `for="${'\\"'.repeat(8000)}`],
])('a long header of a hostile caller, %s, may be anybody', (_name, forwarded) => {
  expect(placedElsewhereBy({ forwarded })).toBe('forwarded');
});
