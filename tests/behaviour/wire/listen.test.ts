// The promise: one port on every address, a plain word when it is taken, and an end that cuts no answer.
// Which addresses may be used at all is unit/guard.test.ts.
import { once } from 'node:events';
import { createServer as createHttp, type RequestListener, type Server as HttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { listen, ListenError, type ListenOptions, type Listening } from '../../../backend/http/wire/listen.ts';
import { exchange, openWire } from '../../support/door.ts';
import { eventually } from '../../support/waiting.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
const BOTH = ['127.0.0.1', '::1'];

const toClose: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(toClose.splice(0).map((close) => close()));
});

async function start(handler: RequestListener, options: Partial<ListenOptions> = {}): Promise<Listening> {
  const listening = await listen(handler, { hosts: ['127.0.0.1'], port: 0, ...options });
  toClose.push(() => listening.close(AbortSignal.abort()));
  return listening;
}

const answer: RequestListener = (_req, res) => void res.end('here');

/** Takes a free port with a server of somebody else. */
async function occupy(server: Server | HttpServer, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  server.listen(0, host);
  await once(server, 'listening');
  toClose.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** How often this machine had no room for a connection that nobody had taken yet. */
async function turnedAway(): Promise<number> {
  const lines = (await readFile('/proc/net/netstat', 'utf8')).split('\n').filter((line) => line.startsWith('TcpExt:'));
  const [names = [], values = []] = lines.map((line) => line.split(' '));
  return Number(values[names.indexOf('ListenOverflows')]);
}

async function refusal(options: Partial<ListenOptions>): Promise<ListenError> {
  const error: unknown = await start(answer, options).catch((reason: unknown) => reason);
  if (error instanceof ListenError) return error;
  throw new Error('it listens');
}

describe('one port on every address', () => {
  test.runIf(hasIpv6)('IPv4 and IPv6', async () => {
    const { port, hosts } = await start(answer, { hosts: BOTH });
    expect(hosts).toEqual(BOTH);
    for (const host of ['127.0.0.1', '[::1]', 'localhost']) {
      expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('here');
    }
  });

  test.runIf(hasIpv6)('all addresses of both families', async () => {
    const { port } = await start(answer, { hosts: ['0.0.0.0', '::'] });
    for (const host of ['127.0.0.1', '[::1]']) {
      expect(await (await fetch(`http://${host}:${port}`)).text()).toBe('here');
    }
  });

  test.runIf(process.platform === 'linux')('600 callers in one moment: the system turns none away', async () => {
    const { port } = await start(answer);
    const before = await turnedAway();
    const callers = Array.from({ length: 600 }, () => connect(port, '127.0.0.1'));
    await Promise.all(callers.map((caller) => once(caller, 'connect')));
    for (const caller of callers) caller.destroy();
    expect(await turnedAway()).toBe(before);
  });

  test('an address that this machine does not have is left out while another works', async () => {
    const { hosts } = await start(answer, { hosts: ['127.0.0.1', '2001:db8::1'] });
    expect(hosts).toEqual(['127.0.0.1']);
    const error = await refusal({ hosts: ['192.0.2.1'] });
    expect(error.message).toBe(
      'This machine has no address 192.0.2.1. Set server.host to one it has, or to 127.0.0.1.',
    );
  });

  test('a free port is drawn again when it is taken on the second address, but not for ever', async () => {
    // The first draw meets itself, and so does not get the port a second time.
    const draws = [
      ['127.0.0.1', '127.0.0.1'],
      ['127.0.0.1', '127.0.0.2'],
    ];
    const hosts = Object.assign(['127.0.0.1', '127.0.0.2'], {
      [Symbol.iterator]: () => (draws.shift() ?? []).values(),
    });
    expect((await start(answer, { hosts })).hosts).toEqual(['127.0.0.1', '127.0.0.2']);
    expect((await refusal({ hosts: ['127.0.0.1', '127.0.0.1'] })).code).toBe('EADDRINUSE');
  });

  test('where one address fails, the others are closed again', async () => {
    const port = await occupy(createServer(), '127.0.0.2');
    await refusal({ hosts: ['127.0.0.1', '127.0.0.2'], port });
    expect((await start(answer, { port })).port).toBe(port);
  });
});

const unknown = (port: number): string =>
  `Port ${port} is taken by another program. It does not say which. Close it, or use another port.`;

describe('a port that is taken', () => {
  const HEALTH = { status: 'degraded', version: '1.3.2', uptime_ms: 5, upstream: {}, more: true };
  test('by another Hearth', async () => {
    const port = await occupy(
      createHttp((req, res) => res.end(req.url === '/health' && req.method === 'GET' ? JSON.stringify(HEALTH) : '')),
    );
    const error = await refusal({ port });
    expect(error.message).toBe(
      `Port ${port} is taken by another Hearth. Version 1.3.2 answers there. Stop that one, or use another port.`,
    );
    expect(error).toMatchObject({ code: 'EADDRINUSE', port, heldBy: '1.3.2' });
  });

  test.each<[string, RequestListener]>([
    ['something else', (_req, res) => void res.end('<html>')],
    ['a health of other shape', (_req, res) => void res.end('{"status":"healthy"}')],
    ['a version that is none', (_req, res) => void res.end(JSON.stringify({ ...HEALTH, version: '1\n2' }))],
    ['one who says nothing', () => undefined],
    ['one who hangs up', (req) => void req.socket.destroy()],
  ])('by %s', async (_name, handler) => {
    const port = await occupy(createHttp(handler));
    const before = performance.now();
    const error = await refusal({ port });
    expect(performance.now() - before).toBeLessThan(2500);
    expect(error.message).toBe(unknown(port));
    expect(error.heldBy).toBeUndefined();
  });

  test('by one who never ends: not listened to for long', async () => {
    let sent = 0;
    const port = await occupy(
      createHttp((_req, res) => {
        const more = (): void => {
          if (res.destroyed) return;
          sent += 10_000;
          res.write(' '.repeat(10_000));
          setImmediate(more);
        };
        more();
      }),
    );
    expect((await refusal({ port })).message).toBe(unknown(port));
    expect(sent).toBeLessThan(20_000_000);
  });

  test('by what speaks no HTTP', async () => {
    const port = await occupy(createServer((socket) => socket.end('220 mail\r\n')));
    expect((await refusal({ port })).message).toBe(unknown(port));
  });
});

describe('what is no HTTP', () => {
  test.each([
    ['a line of nonsense', 'nonsense\r\n\r\n', 400],
    ['headers over 16 KB', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s gets JSON and the end of the connection', async (_name, text, status) => {
    const { port } = await start(answer, { newId: () => 'the-id' });
    const [headers = '', body = ''] = (await exchange(port, text)).split('\r\n\r\n');
    expect(headers).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
    expect(headers).toContain('Connection: close');
    expect(headers).toContain('X-Request-ID: the-id');
    expect(headers).toContain(`Content-Length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid_request', request_id: 'the-id', retryable: false });
  });

  test('in the middle of an answer it ends the connection without a word', async () => {
    const { port } = await start((_req, res) => void res.write('half an answer'));
    const wire = await openWire(port);
    wire.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await wire.until(/half an answer/);
    wire.send('nonsense\r\n\r\n');
    expect(await wire.closed()).not.toContain('400');
  });
});

describe('time limits', () => {
  test('headers must come within a minute; bodies and answers may take as long as they like', async () => {
    const { servers } = await start(answer);
    expect(servers).toHaveLength(1);
    for (const server of servers) {
      expect(server).toMatchObject({ headersTimeout: 60_000, requestTimeout: 0, timeout: 0, keepAliveTimeout: 75_000 });
    }
  });
});

describe('the end', () => {
  test('idle and mute connections close at once, a busy one after its answer', async () => {
    let finish: (() => void) | undefined;
    let answerLate: (() => void) | undefined;
    let bytesRead = (): number => 0;
    const { port, close } = await start((req, res) => {
      if (req.url === '/idle') {
        bytesRead = () => req.socket.bytesRead;
        return void res.end('done');
      }
      if (req.url === '/late') return void (answerLate = () => void res.end('late'));
      res.write('begun ');
      finish = () => void res.end('and ended');
    });
    const [mute, idle] = await Promise.all([openWire(port), openWire(port)]);
    const [busy, late] = await Promise.all([openWire(port), openWire(port)]);
    idle.send('GET /idle HTTP/1.1\r\nHost: localhost\r\n\r\n');
    busy.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    late.send('GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await Promise.all([idle.until(/done/), busy.until(/begun/)]);
    await eventually('it is asked', () => answerLate !== undefined);
    const before = bytesRead();
    idle.send('GET / HT'); // the beginning of another request does not count
    await eventually('it has come', () => bytesRead() > before);

    const closing = close(AbortSignal.timeout(10_000));
    const began = performance.now();
    await Promise.all([mute.closed(), idle.closed()]);
    expect(busy.socket.closed).toBe(false);
    await expect(openWire(port)).rejects.toThrow('ECONNREFUSED');
    // A proxy that keeps connections must not take this one for the next request.
    answerLate?.();
    expect(await late.closed()).toMatch(/^Connection: close\r\n.*late/ims);
    finish?.();
    expect(await busy.closed()).toMatch(/begun .*and ended/s);
    await closing;
    expect(performance.now() - began).toBeLessThan(1000); // and not keepAliveTimeout
  });

  test('what does not end is cut when the signal aborts, or after a second', async () => {
    for (const signal of [AbortSignal.timeout(100), AbortSignal.abort(), undefined]) {
      const { port, close } = await start((_req, res) => void res.write('for ever'));
      const wire = await openWire(port);
      wire.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
      await wire.until(/for ever/);
      const before = performance.now();
      await close(signal);
      expect(performance.now() - before).toBeLessThan(2000);
      await wire.closed();
    }
  });

  test('closing twice is closing once, and the second may be in more of a hurry', async () => {
    const { port, close } = await start((_req, res) => void res.write('for ever'));
    const wire = await openWire(port);
    wire.send('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await wire.until(/for ever/);
    const patient = close(AbortSignal.timeout(60_000));
    await close(AbortSignal.abort());
    await patient;
    await close();
    expect(await wire.closed()).toContain('for ever');
  });
});
