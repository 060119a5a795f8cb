// Where a caller is, as proxies say it: what names this machine alone is from here, all else is not.
import { describe, expect, test } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isForwarding, placedElsewhereBy } from '../../../../backend/http/door/forwarded.ts';

/** What proxies, tunnels and clouds send; some of it as one of them documents it, some as programs have looked for it. */
const FORWARDING = `
  forwarded x-forwarded x-forwarded-for forwarded-for x-forwarded-host x-forwarded-ip x-original-forwarded-for
  x-real-ip real-ip client-ip x-client-ip x-clientip x-client-addr x-realip x-userip x-forwardedfor x-remote-ip x-remote-addr remote-addr
  x-originating-ip x-source-ip x-true-ip x-ip-address x-proxyuser-ip x-host x-original-host x-remote-host
  x-cluster-client-ip x-envoy-external-address x-azure-clientip x-azure-socketip x-appengine-user-ip true-client-ip
  cf-connecting-ip cf-connecting-ipv6 cf-pseudo-ipv4 do-connecting-ip fastly-client-ip fly-client-ip
  x-vercel-forwarded-for x-vercel-proxied-for x-nf-client-connection-ip cloudfront-viewer-address incap-client-ip
  x-sucuri-clientip ali-cdn-real-ip cdn-src-ip wl-proxy-client-ip proxy-client-ip z-forwarded-for
  x_forwarded_for x_real_ip client_ip http_client_ip x_forwarded-host`
  .trim()
  .split(/\s+/);

describe('from elsewhere', () => {
  test.each(FORWARDING)('%s names another machine', (name) => {
    expect(isForwarding(name)).toBe(true);
    const value = name.endsWith('forwarded') ? 'for=203.0.113.7' : '203.0.113.7';
    expect(placedElsewhereBy({ [name]: value })).toBe(name);
    const here = name.endsWith('forwarded') ? 'for=127.0.0.1' : '127.0.0.1';
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
    ['x-forwarded-for', '::ffff:cb00:7107'],
    ['x-forwarded-for', '::7f00:1'],
    ['x-forwarded-for', '[::ffff:cb00:7107]:51324'],
    ['x-forwarded', '203.0.113.7'],
    ['x-forwarded', '127.0.0.1, 203.0.113.7'],
    ['cloudfront-viewer-address', '203.0.113.7:51324'],
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
    ['x-forwarded-for', '::ffff:7f00:1'],
    ['x-forwarded-for', '::FFFF:7F00:0001'],
    ['x-forwarded-for', '0:0:0:0:0:ffff:7f00:1'],
    ['x-forwarded-for', '[::ffff:7f00:1]'],
    ['x-forwarded-for', '[::ffff:127.0.0.1]:51324'],
    ['x-forwarded-for', '0:0:0:0:0:0:0:1'],
    ['x-forwarded-for', '[0000:0000:0000:0000:0000:0000:0000:0001]:51324'],
    ['x-forwarded-for', '127.8.9.10:51324'],
    ['x-forwarded-for', '[::1]:51324'],
    ['x-forwarded-for', '"127.0.0.1:51324", "[::1]:51324"'],
    ['x-forwarded', '127.0.0.1'],
    ['x-forwarded', 'for=127.0.0.1;host=localhost'],
    ['x-real-ip', '::ffff:7f00:1'],
    ['x-host', 'localhost:3000'],
    ['forwarded', 'for="[::ffff:7f00:1]:4711"'],
    ['forwarded', 'for="::ffff:7f00:1";host="[0:0:0:0:0:0:0:1]:3000"'],
    ['forwarded', 'for=[::1]'],
    ['forwarded', 'For="127.0.0.1:80"'],
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
    ['x-forwarded-prefix', '/hearth'],
    ['x-forwarded-scheme', 'https'],
    // Words that only look like it.
    ['host', 'box.lan'],
    ['x-membership', 'gold'],
    ['x-clip', '1'],
    ['accept-encoding-gzip', 'zip'],
    ['x-timer', 'for now'],
    ['x-vercel-ip-country', 'AT'],
    ['cf-ipcountry', 'AT'],
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

test('no header of real apps and libraries, except those of a development server here', () => {
  const folder = fileURLToPath(new URL('../../../data/traffic/', import.meta.url));
  const sent = readdirSync(folder)
    .flatMap((name) =>
      readFileSync(folder + name, 'utf8')
        .trim()
        .split('\n'),
    )
    .flatMap((line) => Object.keys((JSON.parse(line) as { headers: object }).headers));
  expect([...new Set(sent)].filter(isForwarding)).toEqual(['x-forwarded-host']);
});
