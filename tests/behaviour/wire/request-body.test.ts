// The promise: a body never takes more memory than server.max_body_mb, and whoever is refused reads why.
// Real clients and bare sockets against a real server; what is in a body is unit/body.test.ts.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { deferContinue, endEarly, readBody } from '../../../backend/http/wire/body.ts';
import { exchange, openDoor, openWire, type Door, type DoorOptions } from '../../support/door.ts';
import { eventually } from '../../support/waiting.ts';
import { zstdBomb, zstdPlain } from '../../support/zstd-packed.ts';

const MB = 1024 * 1024;
const LIMIT = 64 * MB;
const BIG = 70 * MB;

let door: Door;
afterEach(() => door.close());

/** The request that came last. */
let last: IncomingMessage | undefined;

/** A door whose inside tells the size of the body. */
const openFor = (limit: number, options?: DoorOptions, signal?: AbortSignal): Promise<Door> =>
  openDoor(async (req) => {
    last = req;
    return `${(await readBody(req, limit, signal)).length} bytes`;
  }, options);
const open = async (...how: Parameters<typeof openFor>): Promise<void> => {
  door = await openFor(...how);
};
const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(door.url, { method: 'POST', body, headers });
const head = (...lines: string[]): string =>
  ['POST / HTTP/1.1', `Host: localhost:${door.port}`, ...lines, '', ''].join('\r\n');

/** Its best compression takes seconds and would make the bomb no bigger. */
const quickBrotli = (bytes: Buffer): Buffer<ArrayBuffer> =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

/** 70 MB in pieces; without Content-Length it goes out chunked. */
function* pieces(): Generator<Buffer> {
  for (let sent = 0; sent < BIG; sent += MB) yield Buffer.alloc(MB, 'x');
}

const failed = (): Promise<boolean> => eventually('the reading failed', () => door.failures.length > 0);

describe('a body over the limit gets its 413', () => {
  const refused = { status: 413, body: expect.stringContaining('"code":"too_large"') as string };

  test.each([{ 'Content-Length': BIG }, { 'Transfer-Encoding': 'chunked' }])('node:http, with %j', async (headers) => {
    await open(LIMIT);
    const req = send(door.url, { method: 'POST', headers, agent: false });
    req.on('error', () => undefined); // it may still be sending when the answer has come and the door is closed
    for (const piece of pieces()) req.write(piece);
    req.end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect({ status: res.statusCode, body: await text(res) }).toEqual(refused);
    expect(res.headers.connection).toBe('close');
    expect(door.failures).toEqual(['too_large']);
  });

  test('a client that reads nothing before it has sent all', async () => {
    await open(LIMIT);
    const { socket, send, closed } = await openWire(door.port);
    socket.pause();
    send(head(`Content-Length: ${BIG}`));
    for (const piece of pieces()) {
      if (!socket.write(piece)) await once(socket, 'drain');
    }
    socket.resume();
    expect(await closed()).toMatch(/^HTTP\/1\.1 413 .*"code":"too_large"/s);
  });

  test('fetch, with Content-Length and chunked', async () => {
    await open(LIMIT);
    const whole = await post(Buffer.alloc(BIG));
    expect({ status: whole.status, body: await whole.text() }).toEqual(refused);
    const stream = Readable.toWeb(Readable.from(pieces())) as ReadableStream;
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body: stream, duplex: 'half' };
    const chunked = await fetch(door.url, init);
    expect({ status: chunked.status, body: await chunked.text() }).toEqual(refused);
  });

  test.each([
    ['Content-Length', ['Expect:'], /\d+$/],
    ['chunked', ['Expect:', 'Transfer-Encoding: chunked'], /\d+$/],
    ['Expect: 100-continue, and sends nothing then', ['Expect: 100-continue'], / 0$/],
  ])('curl, with %s', async (_name, headers, sent) => {
    await open(LIMIT);
    const lines = headers.flatMap((line) => ['-H', line]);
    const format = ' %{http_code} %{size_upload}';
    const curl = promisify(execFile)('curl', ['-sS', '-w', format, '--data-binary', '@-', ...lines, door.url]);
    curl.child.stdin?.on('error', () => undefined).end(Buffer.alloc(BIG));
    const { stdout } = await curl;
    expect(stdout).toMatch(/"code":"too_large".* 413 \d+$/);
    expect(stdout).toMatch(sent);
  });

  test('also where the answer is ended plainly: the connection lives on and can be used again', async () => {
    await open(1000, { end: (res, payload) => void res.end(payload) });
    const wire = await openWire(door.port);
    wire.send(head('Content-Length: 5000000') + 'x'.repeat(1000));
    await wire.until(/^HTTP\/1\.1 413.*too_large/s);
    for (let sent = 1000; sent < 5_000_000; sent += 1000) wire.send('y'.repeat(1000));
    wire.send(`${head('Content-Length: 2', 'Connection: close')}ok`);
    expect(await wire.closed()).toMatch(/200 OK.*2 bytes/s);
  });

  test('the answer comes before the body has, and the body goes nowhere', async () => {
    await open(1000);
    const wire = await openWire(door.port);
    wire.send(head('Transfer-Encoding: chunked') + `3e9\r\n${'x'.repeat(1001)}\r\n`);
    await wire.until(/^HTTP\/1\.1 413.*Connection: close.*too_large/s);
    expect(wire.socket.closed).toBe(false);
    wire.send('0\r\n\r\n');
    await wire.closed();
    expect(door.failures).toEqual(['too_large']);
  });

  test('a refused body that stops coming is waited for 5 s, no longer, however the answer is ended', async () => {
    const plainly = (res: ServerResponse, payload: string): void => void res.end(payload);
    // Beside each other: each waits for the five seconds.
    const waited = [{ end: plainly }, {}].map(async (options) => {
      const own = await openFor(1000, options);
      const wire = await openWire(own.port);
      wire.send(['POST / HTTP/1.1', `Host: localhost:${own.port}`, 'Content-Length: 5000', '', 'hello'].join('\r\n'));
      const before = performance.now();
      expect(await wire.closed()).toMatch(/^HTTP\/1\.1 413 /);
      expect(performance.now() - before).toBeGreaterThan(4000);
      await own.close();
    });
    await Promise.all(waited);
    door = await openFor(1000);
  });

  test('the limit itself is still allowed', async () => {
    await open(1000);
    expect(await (await post('x'.repeat(1000))).text()).toBe('1000 bytes');
    const response = await post('x'.repeat(1001));
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: 'The body is over 1000 bytes. Send less, or raise server.max_body_mb.',
    });
  });
});

const ZSTD = { 'Content-Encoding': 'zstd' };
const UNPACKED = JSON.stringify({ model: 'm', input: 'Why does bread rise? '.repeat(20) });
/** The same as the program `zstd` packs it, with a check at its end. */
const PACKED = 'KLUv/QRYtQEA1AJ7Im1vZGVsIjoibSIsImlucHV0IjoiV2h5IGRvZXMgYnJlYWQgcmlzZT8gIn0BAGNEdZYBFcED6A==';

describe('packed bodies', () => {
  test.each([
    ['gzip', gzipSync],
    ['x-gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', (text: string) => zstdPlain(Buffer.from(text))],
  ])('%s is unpacked', async (coding, pack) => {
    await open(1000);
    const response = await post(pack('x'.repeat(900)), { 'Content-Encoding': coding });
    expect(await response.text()).toBe('900 bytes');
  });

  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', quickBrotli],
    ['zstd', (bytes: Buffer) => zstdBomb(bytes.length)],
  ])('a %s bomb is refused without being unpacked', async (coding, pack) => {
    await open(MB);
    const bomb = pack(Buffer.alloc(100 * MB));
    expect(bomb.length).toBeLessThan(MB);
    const before = process.memoryUsage();
    const response = await post(bomb, { 'Content-Encoding': coding });
    expect(response.status).toBe(413);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(10 * MB);
  });

  test('one byte over the limit after unpacking is too much', async () => {
    await open(1000);
    expect((await post(gzipSync('x'.repeat(1000)), { 'Content-Encoding': 'gzip' })).status).toBe(200);
    expect((await post(gzipSync('x'.repeat(1001)), { 'Content-Encoding': 'gzip' })).status).toBe(413);
  });

  test('zstd as its own program packs it, also in several frames', async () => {
    const packed = Buffer.from(PACKED, 'base64');
    door = await openDoor(async (req) => (await readBody(req, 10_000)).toString());
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
    const response = await post(Buffer.concat([packed, skipped, zstdPlain(Buffer.from(' and ')), packed]), ZSTD);
    expect(await response.text()).toBe(`${UNPACKED} and ${UNPACKED}`);
  });

  test('zstd: the limit is that of the unpacked bytes, to the byte, and one empty body is empty', async () => {
    const packed = Buffer.from(PACKED, 'base64');
    await open(UNPACKED.length);
    expect(await (await post(packed, ZSTD)).text()).toBe(`${UNPACKED.length} bytes`);
    expect((await post(Buffer.concat([packed, zstdPlain(Buffer.from('x'))]), ZSTD)).status).toBe(413);
    expect(await (await post(zstdPlain(Buffer.alloc(0)), ZSTD)).text()).toBe('0 bytes');
  });

  test.each([
    ['not packed at all', Buffer.from('{"a":1,"b":2}')],
    ['cut short', Buffer.from(PACKED, 'base64').subarray(0, -3)],
    ['cut in its head', Buffer.from(PACKED, 'base64').subarray(0, 5)],
    ['changed on its way', Buffer.from(PACKED.replace('Im1vZGVs', 'Im1vZGVt'), 'base64')],
    ['with a window for archives', zstdPlain(Buffer.from('x'), 27)],
  ])('zstd, %s: 400', async (_name, body) => {
    await open(10_000);
    const response = await post(body, ZSTD);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'The body is not valid zstd. Send it again, or plain.' });
  });

  test.each(['lzma', 'gzip, br', 'constructor'])('%s is not known', async (coding) => {
    await open(1000);
    const response = await post('x', { 'Content-Encoding': coding });
    expect(response.status).toBe(415);
    expect(await response.json()).toMatchObject({
      error: `The body is packed as "${coding}". Send it plain, or as gzip, deflate, br or zstd.`,
    });
  });

  test('identity is plain, and nothing stays nothing', async () => {
    await open(1000);
    expect(await (await post('abc', { 'Content-Encoding': 'identity' })).text()).toBe('3 bytes');
    expect(await (await post('', { 'Content-Encoding': 'gzip' })).text()).toBe('0 bytes');
  });

  test.each([
    ['not packed at all', Buffer.from('{"a":1}')],
    ['cut short', gzipSync('x'.repeat(900)).subarray(0, 20)],
  ])('%s: 400', async (_name, body) => {
    await open(1000);
    const response = await post(body, { 'Content-Encoding': 'gzip' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'The body is not valid gzip. Send it again, or plain.' });
  });
});

describe('a body that does not come', () => {
  test.each(['Content-Length: 100', 'Transfer-Encoding: chunked'])(
    '%s: the caller leaves in the middle',
    async (line) => {
      await open(1000);
      const wire = await openWire(door.port);
      const sent = `${head(line)}5\r\nhello`;
      wire.send(sent);
      await eventually('all has come', () => last?.socket.bytesRead === sent.length);
      wire.socket.destroy();
      await failed();
      expect(door.failures).toEqual(['cancelled']);
    },
  );

  test('broken chunks end the connection with 400', async () => {
    await open(1000);
    const answer = await exchange(door.port, `${head('Transfer-Encoding: chunked')}zz\r\nhello`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 .*"code":"invalid_request"/s);
    await failed();
    expect(door.failures).toEqual(['cancelled']);
  });

  test('a signal ends the reading with its reason, and the answer arrives', async () => {
    const stop = new AbortController();
    await open(1000, {}, stop.signal);
    const wire = await openWire(door.port);
    const sent = `${head('Content-Length: 100')}hello`;
    wire.send(sent);
    await eventually('all has come', () => last?.socket.bytesRead === sent.length);
    stop.abort(new Error('stopped'));
    await wire.until(/^HTTP\/1\.1 500/);
    wire.send('x'.repeat(95));
    await wire.closed();
    expect((await post('abc')).status).toBe(500); // aborted before it began
  });
});

describe('Expect: 100-continue', () => {
  test('the body is asked for when somebody reads it', async () => {
    await open(1000);
    const wire = await openWire(door.port);
    wire.send(head('Content-Length: 5', 'Expect: 100-continue', 'Connection: close'));
    expect(await wire.until(/\r\n\r\n/)).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    wire.send('hello');
    expect(await wire.closed()).toMatch(/200 OK.*5 bytes/s);
  });

  test.each([
    ['too large', 'Content-Length: 5000', 413],
    ['from a foreign page', 'Content-Length: 5\r\nOrigin: https://evil.com', 403],
  ])('%s: refused before it is on its way', async (_name, line, status) => {
    await open(1000);
    const wire = await openWire(door.port);
    wire.send(head(line, 'Expect: 100-continue'));
    const answer = await wire.closed();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('Connection: close');
  });

  test('deferContinue runs the handler as it is', () => {
    const seen: unknown[] = [];
    const req = {} as never;
    deferContinue((...args) => void seen.push(...args))(req, 'res' as never);
    expect(seen).toEqual([req, 'res']);
  });
});

test('endEarly is a plain end where there is no body to wait for', async () => {
  door = await openDoor((_req, res) => {
    endEarly(res, 'short');
    return '';
  });
  const wire = await openWire(door.port);
  for (const line of ['GET / HTTP/1.1', 'POST / HTTP/1.1']) {
    wire.send(`${line}\r\nHost: localhost:${door.port}\r\n\r\n`);
    await wire.until(new RegExp(`(?:short.*){${line.startsWith('GET') ? 1 : 2}}`, 's'));
  }
  expect(wire.received).not.toContain('Connection: close');
  wire.socket.destroy();
});
