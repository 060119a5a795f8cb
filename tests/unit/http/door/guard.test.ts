// The rules of the front door, header by header: which Host, which Origin, where to listen.
// The same door on real sockets is in behaviour/front-door.test.ts.
import { fc } from '../../../support/property.ts';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { configSchema, type Config } from '../../../../backend/contract/config/config.ts';
import { AppError } from '../../../../backend/contract/errors.ts';
import { OriginApprovals } from '../../../../backend/core/access/origin-approvals.ts';
import { effectiveBind } from '../../../../backend/http/door/bind.ts';
import { createGuard, type Guard } from '../../../../backend/http/door/guard.ts';
import { isLoopbackOrigin } from '../../../../backend/http/door/loopback.ts';

const LAN = ['192.168.1.5', 'fd00::5'];
const configured = (server: object = {}, cors: object = {}): Config => configSchema.parse({ server, cors });
const guardOf = (config: Config, port = 8080, originApprovals = new OriginApprovals()): Guard =>
  createGuard({
    config: () => config,
    port: () => port,
    lanAddresses: () => LAN,
    originApprovals,
    keys: { check: () => undefined },
    via: '1.1 hearth-test',
  });

type Headers = Readonly<Record<string, string>>;

function knock(guard: Guard, headers: Headers, method = 'GET'): ServerResponse | AppError {
  const req = new IncomingMessage(new Socket());
  req.method = method;
  for (const [name, value] of Object.entries(headers)) {
    req.headers[name] = value;
    req.rawHeaders.push(name, value);
  }
  const res = new ServerResponse(req);
  try {
    guard.admit(req, res);
    return res;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

const codeOf = (outcome: ServerResponse | AppError): string =>
  outcome instanceof AppError ? outcome.code : 'admitted';

const byHost = (host: string, config = configured(), port = 8080): string =>
  codeOf(knock(guardOf(config, port), { host }));
/** The sentence of a refusal under the default configuration. */
const say = (headers: Headers): string => {
  const outcome = knock(guardOf(configured()), headers);
  return outcome instanceof AppError ? outcome.message : 'admitted';
};

describe('Host', () => {
  test.each([
    'localhost:8080',
    'LocalHost:8080',
    'localhost.:8080',
    'hearth.localhost:8080',
    'a.b.localhost.:8080',
    '127.0.0.1:8080',
    '127.255.255.254:8080',
    '[::1]:8080',
  ])('%s is let in', (host) => expect(byHost(host)).toBe('admitted'));

  test.each([
    'evil.com:8080',
    'evil.com',
    'localhost.evil.com:8080',
    'notlocalhost:8080',
    '.localhost:8080',
    'a..localhost:8080',
    'localhost..:8080',
    '127.0.0.1.evil.com:8080',
    '127.0.0.256:8080',
    '127.1:8080',
    '127.0.0.01:8080',
    '128.0.0.1:8080',
    '0.0.0.0:8080',
    '[::]:8080',
    '[::1.]:8080',
    '[::1].:8080',
    '[127.0.0.1]:8080',
    '[localhost]:8080',
    '::1:8080',
    '192.168.1.5:8080',
    'localhost:',
    'localhost:8080:8080',
    'localhost:08080x',
    'localhost:73616', // 8080 + 65536, and no port
    'localhost:-8080',
    'evil.com@localhost:8080',
    'localhost:8080@evil.com',
    'localhost:8080/',
    'http://localhost:8080',
    'localhost :8080',
    'localhost:8080, evil.com',
    'lоcalhost:8080', // a Cyrillic о
    '',
    ' ',
  ])('%j is refused', (host) => expect(byHost(host)).toBe('host_not_allowed'));

  const BROWSERS: readonly Headers[] = [
    { origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-mode': 'navigate' },
    { 'sec-fetch-dest': 'document' },
  ];

  test.each(['localhost:9000', 'localhost', '127.0.0.1', '[::1]:1', 'x.localhost:65535'])(
    '%s with another port is refused to browsers alone, since no program is misled by a name',
    (host) => {
      expect(byHost(host)).toBe('admitted');
      for (const headers of BROWSERS) {
        expect(codeOf(knock(guardOf(configured()), { host, ...headers }))).toBe('host_not_allowed');
        expect(codeOf(knock(guardOf(configured()), { host: 'localhost:8080', ...headers }))).toBe('admitted');
      }
    },
  );

  test('a program may leave it out, as in HTTP/1.0; a browser never does', () => {
    const guard = guardOf(configured());
    expect(codeOf(knock(guard, {}))).toBe('admitted');
    for (const headers of BROWSERS) expect(codeOf(knock(guard, headers))).toBe('host_not_allowed');
  });

  test('that a program got in with another port lets no browser in after it', () => {
    const guard = guardOf(configured());
    expect(codeOf(knock(guard, { host: 'localhost:9000' }))).toBe('admitted');
    expect(codeOf(knock(guard, { host: 'localhost:9000', 'sec-fetch-site': 'none' }))).toBe('host_not_allowed');
  });

  test('without a port it is meant for port 80', () => {
    const ask = (host: string): string => codeOf(knock(guardOf(configured(), 80), { host, 'sec-fetch-site': 'none' }));
    expect([ask('localhost'), ask('localhost:80'), ask('localhost:8080')]).toEqual([
      'admitted',
      'admitted',
      'host_not_allowed',
    ]);
  });

  test('listed names are let in with any port, and nothing around them', () => {
    const config = configured({ allowed_hosts: ['box.lan', 'fd00::9'] });
    for (const host of ['box.lan', 'BOX.lan.', 'box.lan:8443', '[fd00::9]:1']) {
      expect(byHost(host, config)).toBe('admitted');
    }
    for (const host of ['x.box.lan', 'box.lan.evil.com', 'box-lan', 'fd00::9']) {
      expect(byHost(host, config)).toBe('host_not_allowed');
    }
  });

  test.each([
    ['lan', { lan: true, allow_anonymous: true }],
    ['host', { host: '0.0.0.0', allow_anonymous: true }],
  ])('beyond loopback (%s) this machine is known by its addresses, and other names stay out', (_name, server) => {
    const config = configured(server);
    for (const host of ['192.168.1.5:8080', '[FD00::5]:8080', 'localhost:8080']) {
      expect(byHost(host, config)).toBe('admitted');
    }
    for (const host of ['192.168.1.6:8080', '192.168.1.5:9000', 'evil.com:8080', '0.0.0.0:8080', 'box.lan:8080']) {
      expect(byHost(host, config)).toBe('host_not_allowed');
    }
    // A published container port: the number outside is not the one inside.
    for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000', 'localhost']) {
      expect(byHost(host, config)).toBe('admitted');
    }
  });

  test('a wish for LAN that was not granted opens nothing', () => {
    const config = configured({ lan: true, host: '0.0.0.0' });
    expect(byHost('192.168.1.5:8080', config)).toBe('host_not_allowed');
    const page = { host: 'localhost:9000', origin: 'http://localhost:9000' };
    expect(codeOf(knock(guardOf(config), page))).toBe('host_not_allowed');
  });

  test('the answer follows the configuration and the port', () => {
    let config = configured({ allowed_hosts: ['box.lan'] });
    let port = 8080;
    const guard = createGuard({
      config: () => config,
      port: () => port,
      lanAddresses: () => [],
      originApprovals: new OriginApprovals(),
      keys: { check: () => undefined },
      via: '1.1 hearth-test',
    });
    const ask = (host: string): string => codeOf(knock(guard, { host, 'sec-fetch-site': 'none' }));
    expect([ask('box.lan'), ask('localhost:8080')]).toEqual(['admitted', 'admitted']);
    config = configured();
    expect([ask('box.lan'), ask('localhost:8080')]).toEqual(['host_not_allowed', 'admitted']);
    port = 8081;
    expect([ask('localhost:8080'), ask('localhost:8081')]).toEqual(['host_not_allowed', 'admitted']);
  });

  test('the sentences say what came and what to do', () => {
    expect(say({ host: 'evil.com' })).toBe(
      'The Host header says "evil.com". Hearth answers to localhost and 127.0.0.1 only. To use another name, add it to server.allowed_hosts.',
    );
    const page = { origin: 'http://localhost:9000' };
    expect(say({ host: 'localhost:9000', ...page })).toBe(
      'The Host header says "localhost:9000", but Hearth listens on port 8080. Use that port, or add "localhost" to server.allowed_hosts.',
    );
    expect(say({ host: '[::1]', ...page })).toContain('add "::1" to server.allowed_hosts');
    expect(say(page)).toBe('The request has no Host header. Send one with localhost:8080.');
    expect(say({ host: 'localhost:8080', Host: 'localhost:8080' })).toBe('The request has two Host headers. Send one.');
    expect(say({ host: 'x'.repeat(5000) }).length).toBeLessThan(300);
  });

  test('what is said to do helps', () => {
    const config = configured({ allowed_hosts: ['::1', 'localhost'] });
    for (const name of ['[::1]', 'localhost:9000']) {
      expect(codeOf(knock(guardOf(config), { host: name, origin: 'http://localhost:9000' }))).toBe('admitted');
    }
  });
});

describe('Origin', () => {
  const host = 'localhost:8080';
  const byOrigin = (origin: string, config = configured(), method = 'POST'): string =>
    codeOf(knock(guardOf(config), { host, origin }, method));

  test.each([
    'http://localhost',
    'https://localhost',
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'http://127.8.9.10',
    'http://[::1]:3000',
    'http://app.localhost:3000',
    'https://tauri.localhost',
    'http://tauri.localhost',
    'app://obsidian.md',
    'app://-',
    'tauri://localhost',
    'vscode-webview://0c1dvq2hjj3t6ll1nj8h1l5sb1lmhk4i',
    'vscode-file://vscode-app',
    'file://',
    'http://0.0.0.0',
    'https://0.0.0.0:3000',
    'http://localhost:3000',
  ])('%s is let in', (origin) => {
    expect(byOrigin(origin)).toBe('admitted');
  });

  test.each([
    'null',
    '',
    'https://evil.com',
    'http://localhost.evil.com',
    'http://localhost.evil.com:3000',
    'http://127.0.0.1.evil.com',
    'http://evil-localhost',
    'http://evillocalhost',
    'http://.localhost',
    'http://localhost@evil.com',
    'http://evil.com@localhost',
    'http://user:pw@localhost',
    'http://localhost:3000@evil.com',
    'http://localhost:3000/',
    'http://localhost/evil.com',
    'http://evil.com/localhost',
    'http://evil.com#.localhost',
    'http://evil.com?.localhost',
    'http://evil.com\\.localhost',
    'http://LOCALHOST:3000',
    'HTTP://localhost:3000',
    'http://localhost:',
    'http://localhost:99999',
    'http://localhost:80a',
    'http://localhost, http://localhost',
    'http://localhost http://evil.com',
    ' http://localhost',
    'ftp://localhost',
    'file:///',
    'file:///home/me/page.html',
    'file://localhost',
    'vscode-file://',
    'vscode-file://vscode-app/out',
    'localhost:3000',
    '//localhost',
    'http:localhost',
    'http:///localhost',
    'http://0.0.0.0.evil.com:3000',
    'http://0.0.0.1:3000',
    'http://127.1',
    'http://2130706433',
    'http://0x7f.0.0.1',
    'http://127.0.0.256',
    'http://192.168.1.5:8080',
    'app://',
    'app://x/',
    'app://x/y',
    'app://user@x',
    'APP://x',
    'xapp://x',
    'app:x',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'capacitor://localhost',
    '*',
  ])('%j is refused', (origin) => {
    expect(byOrigin(origin)).toBe('origin_not_allowed');
    expect(byOrigin(origin, configured(), 'GET')).toBe('origin_not_allowed');
    expect(byOrigin(origin, configured(), 'OPTIONS')).toBe('origin_not_allowed');
  });

  test('listed origins are let in, and nothing around them', () => {
    const config = configured({}, { allowed_origins: ['https://notes.example.com', 'chrome-extension://abc'] });
    expect(byOrigin('https://notes.example.com', config)).toBe('admitted');
    expect(byOrigin('chrome-extension://abc', config)).toBe('admitted');
    for (const origin of [
      'http://notes.example.com',
      'https://notes.example.com:8443',
      'https://notes.example.com.evil.com',
      'https://x.notes.example.com',
      'https://notes.example.com/',
      'chrome-extension://abcd',
      'null',
    ]) {
      expect(byOrigin(origin, config)).toBe('origin_not_allowed');
    }
  });

  test.each([
    ['chrome-extension://*', ['chrome-extension://abcdefghijklmnop'], ['chrome-extension://', 'moz-extension://abc']],
    [
      'https://*.example.com',
      ['https://a.example.com', 'https://a.b.example.com', 'https://a-b.example.com'],
      [
        'https://example.com',
        'http://a.example.com',
        'https://a.example.com:8443',
        'https://evilexample.com',
        'https://.example.com',
        'https://a..example.com',
        'https://a.example.com.evil.com',
        'https://a.exampleXcom',
        'https://evil.com/.example.com',
        'https://evil.com?.example.com',
        'https://evil.com#.example.com',
        'https://evil.com@a.example.com',
        'https://evil.com:1.example.com',
        'https://a.example.com/',
        'https://evil.com https://a.example.com',
      ],
    ],
    [
      'https://*.example.com:8443',
      ['https://a.example.com:8443'],
      ['https://a.example.com', 'https://a.example.com:1'],
    ],
    [
      'https://app-*.example.com',
      ['https://app-7.example.com'],
      ['https://app-.example.com', 'https://xapp-7.example.com', 'https://app-7.evil.com'],
    ],
    [
      'http://nas.local:*',
      ['http://nas.local:8123', 'http://nas.local:1'],
      [
        'http://nas.local',
        'http://nas.local:',
        'http://nas.local:1.evil.com',
        'http://nasxlocal:1',
        'http://nas.local:1/',
      ],
    ],
    ['http://[fd00::7]:*', ['http://[fd00::7]:3000'], ['http://[fd00::8]:3000', 'http://[fd00::7]']],
    ['http://*:3000', ['http://a.b:3000', 'http://[fd00::7]:3000'], ['http://a.b', 'http://a.b:30001', 'http://:3000']],
    ['https://*', ['https://a.b', 'https://a.b:8443'], ['http://a.b', 'https://a.b/c', 'https://a@b', 'xhttps://a.b']],
  ])('%s in cors.allowed_origins lets in what it says', (pattern, good, bad) => {
    const config = configured({}, { allowed_origins: [pattern] });
    for (const origin of good) expect([origin, byOrigin(origin, config)]).toEqual([origin, 'admitted']);
    for (const origin of [...bad, 'null', '', pattern]) {
      expect([origin, byOrigin(origin, config)]).toEqual([origin, 'origin_not_allowed']);
    }
    // And keeps out the same where it is blocked, also a page that was let in by itself.
    const blocked = configured({}, { allowed_origins: ['*'], blocked_origins: [pattern] });
    for (const origin of good) expect([origin, byOrigin(origin, blocked)]).toEqual([origin, 'origin_not_allowed']);
  });

  test('"*" lets every origin in, pages without one too', () => {
    const config = configured({}, { allowed_origins: ['*'] });
    expect(['https://evil.com', 'null', 'file://'].map((origin) => byOrigin(origin, config))).toEqual(
      Array(3).fill('admitted'),
    );
    expect(codeOf(knock(guardOf(config), { host: 'evil.com', origin: 'https://evil.com' }))).toBe('host_not_allowed');
  });

  test('a wrong Host is named before a wrong Origin', () => {
    expect(codeOf(knock(guardOf(configured()), { host: 'evil.com', origin: 'http://evil.com' }))).toBe(
      'host_not_allowed',
    );
  });

  test('the sentences say what is so and what to do', () => {
    expect(say({ host, origin: 'https://notes.example.com' })).toBe(
      'https://notes.example.com may not use this gateway. Add it to cors.allowed_origins to let it in.',
    );
    expect(say({ host, origin: 'null' })).toBe(
      'A page without an origin may not use this gateway. Serve it from http://localhost to let it in.',
    );
    expect(say({ host, origin: `https://${'x'.repeat(5000)}` }).length).toBeLessThan(300);
  });

  const foreignEmbed = { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  test('an image or a script of a foreign page is refused; links, own pages and programs are not', () => {
    const ask = (headers: Headers, config = configured()): string => codeOf(knock(guardOf(config), headers));
    expect(ask(foreignEmbed)).toBe('origin_not_allowed');
    expect(ask(foreignEmbed, configured({}, { allowed_origins: ['*'] }))).toBe('admitted');
    expect(ask({ ...foreignEmbed, 'sec-fetch-mode': 'navigate' })).toBe('admitted');
    expect(ask({ ...foreignEmbed, 'sec-fetch-mode': 'cors' })).toBe('admitted');
    expect(ask({ ...foreignEmbed, 'sec-fetch-site': 'same-site' })).toBe('admitted');
    expect(ask({ ...foreignEmbed, 'sec-fetch-site': 'none' })).toBe('admitted');
    expect(ask({ ...foreignEmbed, origin: 'http://localhost:3000' })).toBe('admitted');
  });
});

/** What a browser would connect to, by the platform's own parser: written without a look at ours. */
function pointsHere(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  if (text === 'file://') return true;
  if (['app:', 'tauri:', 'vscode-file:', 'vscode-webview:'].includes(url.protocol)) {
    return url.hostname !== '' && url.pathname === '';
  }
  const host = url.hostname.replace(/\.$/, '').split('.');
  const here =
    url.hostname === '[::1]' ||
    url.hostname === '0.0.0.0' ||
    host.at(-1) === 'localhost' ||
    (host.length === 4 && host[0] === '127' && !Number.isNaN(Number(host.join(''))));
  return here && url.pathname === '/' && ['http:', 'https:'].includes(url.protocol);
}

describe('a page that nobody has said anything about', () => {
  const page = 'https://notes.example.com';
  const refusals = (origin: string, cors: object = {}): readonly { origin: string; times: number }[] => {
    const originApprovals = new OriginApprovals();
    const guard = guardOf(configured({}, cors), 8080, originApprovals);
    knock(guard, { host: 'localhost:8080', origin });
    knock(guard, { host: 'localhost:8080', origin });
    return originApprovals.list();
  };

  test('is refused, and the user can be asked about it', () => {
    expect(refusals(page)).toEqual([{ origin: page, times: 2 }]);
    expect(refusals('chrome-extension://abcdefgh')).toHaveLength(1);
    expect(refusals('http://[fd00::7]:3000')).toHaveLength(1);
  });

  test.each([
    'null',
    'https://notes.example.com/path',
    'nonsense',
    `https://${'a'.repeat(300)}.example`,
    'https://A.example',
  ])('nobody is asked about %s', (origin) => expect(refusals(origin)).toEqual([]));

  test('nor about one that is blocked, which stays out even where every page may come in', () => {
    expect(refusals(page, { blocked_origins: [page] })).toEqual([]);
    const guard = guardOf(configured({}, { allowed_origins: ['*'], blocked_origins: [page, 'http://localhost:5173'] }));
    for (const origin of [page, 'http://localhost:5173']) {
      const refused = knock(guard, { host: 'localhost:8080', origin });
      expect(refused).toMatchObject({
        code: 'origin_not_allowed',
        message: expect.stringContaining('blocked_origins'),
      });
    }
    expect(codeOf(knock(guard, { host: 'localhost:8080', origin: 'https://other.example' }))).toBe('admitted');
  });

  test('once allowed for the session it comes in, and others do not', () => {
    const originApprovals = new OriginApprovals();
    const guard = guardOf(configured(), 8080, originApprovals);
    const ask = (origin: string): string => codeOf(knock(guard, { host: 'localhost:8080', origin }));
    expect(ask(page)).toBe('origin_not_allowed');
    originApprovals.admit(page);
    expect([ask(page), ask('https://other.example')]).toEqual(['admitted', 'origin_not_allowed']);
    expect(originApprovals.list()).toEqual([{ origin: 'https://other.example', times: 1 }]);
  });

  test('only the latest few are kept, however many names a page asks under', () => {
    const originApprovals = new OriginApprovals();
    for (let i = 0; i < 100; i += 1) originApprovals.refused(`https://x${i}.example`);
    expect(originApprovals.list().map(({ origin }) => origin)).toEqual(
      [95, 96, 97, 98, 99].map((i) => `https://x${i}.example`),
    );
  });
});

describe('no foreign origin ever passes', () => {
  const names = 'localhost 127.0.0.1 127.1 [::1] ::1 0.0.0.0 evil.com LOCALHOST x 127 1 256 2130706433'.split(' ');
  const signs = '. .. - _ @ : / \\ # ? %2e %00 , ı 。 * [ ]'.split(' ');
  const part = fc.constantFrom(...names, ...signs, '\t', ' ', '');
  const crooked = fc
    .tuple(
      fc.constantFrom(
        'http://',
        'https://',
        'HTTP://',
        'http:/',
        '//',
        'ftp://',
        'app://',
        'tauri://',
        'vscode-webview://',
        'vscode-file://',
        'file://',
        'null',
        '',
      ),
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(
        '',
        '',
        ':80',
        ':3000',
        ':0',
        ':65536',
        ':',
        ':3000:80',
        ':3000/',
        '/',
        '.evil.com',
        '@evil.com',
        '?',
        '#',
      ),
    )
    .map(([scheme, middle, tail]) => scheme + middle.join('') + tail);
  const origins = fc.oneof(
    { weight: 5, arbitrary: crooked },
    fc.webUrl(),
    fc.webUrl().map((url) => new URL(url).origin),
    fc.string(),
  );

  test('whatever is let in points to this machine', () => {
    let passed = 0;
    fc.assert(
      fc.property(origins, (origin) => {
        if (!isLoopbackOrigin(origin)) return;
        passed += 1;
        expect(pointsHere(origin)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
    expect(passed).toBeGreaterThan(60); // else the property would say nothing
  });

  const label = fc.stringMatching(/^[a-z][a-z\d]{0,8}$/);
  const octet = fc.nat(255);
  const name = fc.oneof(
    fc.constantFrom('localhost', '[::1]'),
    fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => `${labels.join('.')}.localhost`),
    fc.tuple(octet, octet, octet).map((rest) => `127.${rest.join('.')}`),
  );
  test('every loopback origin, as a browser spells it, is let in; every other name is not', () => {
    fc.assert(
      fc.property(fc.constantFrom('http', 'https'), name, fc.nat(65_535), label, (scheme, host, port, other) => {
        const { origin } = new URL(`${scheme}://${host}:${port}`);
        expect(isLoopbackOrigin(origin)).toBe(true);
        expect(isLoopbackOrigin(`${scheme}://${host}.${other}`)).toBe(false);
        expect(isLoopbackOrigin(`${scheme}://${other}${host}`)).toBe(host.endsWith('.localhost'));
      }),
    );
  });

  test('a Host that passes points to this machine and this port', () => {
    const guard = guardOf(configured());
    let passed = 0;
    const hosts = fc
      .tuple(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', ':8080', ':8081', ':80', '.:8080', ':8080/'),
      )
      .map(([middle, tail]) => middle.join('') + tail);
    fc.assert(
      fc.property(hosts, (host) => {
        if (codeOf(knock(guard, { host, 'sec-fetch-site': 'none' })) !== 'admitted') return;
        passed += 1;
        expect(pointsHere(`http://${host}`)).toBe(true);
        expect(new URL(`http://${host}`).port).toBe('8080');
      }),
      { numRuns: 20_000 },
    );
    expect(passed).toBeGreaterThan(100);
  });
});

describe('where to listen', () => {
  const both = ['127.0.0.1', '::1'];
  test.each([
    [{}, both],
    [{ host: 'localhost' }, both],
    [{ host: 'hearth.localhost' }, both],
    [{ host: '127.0.0.2' }, ['127.0.0.2']],
    [{ host: '::1' }, ['::1']],
    [{ allow_anonymous: true }, both],
  ])('%j: loopback', (server, hosts) => {
    expect(effectiveBind(configured(server))).toEqual({ hosts, beyondLoopback: false });
  });

  test.each([
    [{ host: '0.0.0.0' }, ['0.0.0.0']],
    [{ host: '192.168.1.5' }, ['192.168.1.5']],
    [{ host: '::' }, ['::']],
    [{ lan: true }, ['0.0.0.0', '::']],
    [{ lan: true, host: '192.168.1.5' }, ['0.0.0.0', '::']],
  ])('%j: beyond, when allow_anonymous agrees', (server, hosts) => {
    expect(effectiveBind(configured({ ...server, allow_anonymous: true }))).toEqual({ hosts, beyondLoopback: true });
    const refused = effectiveBind(configured(server));
    expect(refused).toMatchObject({ hosts: both, beyondLoopback: false });
    expect(refused.refusedBecause).toMatch(
      /^server\.(?:lan|host) is .* Add a key, .*server\.allow_anonymous to true\.$/,
    );
    const key = { name: 'phone', hash: `sha256:${'0'.repeat(64)}`, scopes: ['chat'] };
    const keyed = effectiveBind(configured({ ...server, api_keys: [key] }));
    expect(keyed).toEqual(effectiveBind(configured({ ...server, allow_anonymous: true })));
  });
});
