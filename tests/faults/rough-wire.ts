// The network between the gateway and the simulated Ollama, as bad as one likes: it passes bytes on, and does to the answer
// of a chat what it was told to. It reads no more of them than which request is a chat.
import { createServer, connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of one answer. Bytes are counted from the first of its status line on. */
export interface Roughness {
  /** The connection is reset behind so many bytes. */
  readonly cutAfter?: number;
  /** From this byte on one at a time, `count` of them, with so many milliseconds between them. */
  readonly slow?: { readonly from: number; readonly count: number; readonly byteMs: number };
  /** In place of the answer's body: so many bytes without a line end. */
  readonly endless?: number;
}

export interface RoughWire {
  /** Ollama's address, as the gateway is to know it. */
  readonly url: string;
  /** What becomes of the answers to the next chats, in their order. */
  next(...all: readonly Roughness[]): void;
  /** Bytes of the last answer to a chat. */
  readonly bytes: number;
  close(): Promise<void>;
}

const FLOOD = Buffer.alloc(256 * 1024, 'x');
const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n';

/** Passes on to this port of the loopback. */
export async function roughWire(target: number): Promise<RoughWire> {
  const waiting: Roughness[] = [];
  const sockets = new Set<Socket>();
  let last = 0;
  const server = createServer((near) => {
    const far = connect(target, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.once('close', () => sockets.delete(socket));
    }
    let rough: Roughness | undefined;
    let passed = 0;
    near.on('data', (bytes) => {
      if (/^(?:GET|POST|HEAD) \//.test(bytes.toString('latin1', 0, 8))) {
        rough = isChat(bytes) ? (waiting.shift() ?? {}) : undefined;
        passed = 0;
      }
      if (rough?.endless === undefined) far.write(bytes);
      else void flood(near, rough.endless);
    });
    far.on('data', (bytes) => {
      const { cutAfter = Infinity, slow } = rough ?? {};
      const part = bytes.subarray(0, cutAfter - passed);
      const from = passed;
      passed += part.length;
      if (rough !== undefined) last = passed;
      if (slow !== undefined) return void trickle(near, far, part, from, slow);
      const isCut = passed >= cutAfter;
      near.write(part, () => isCut && near.resetAndDestroy());
      if (isCut) far.destroy();
    });
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroySoon());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get bytes() {
      return last;
    },
    next: (...all) => void waiting.push(...all),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const isChat = (bytes: Buffer): boolean => bytes.toString('latin1', 0, 14) === 'POST /api/chat';

async function trickle(
  near: Socket,
  far: Socket,
  bytes: Buffer,
  passed: number,
  { from, count, byteMs }: NonNullable<Roughness['slow']>,
): Promise<void> {
  far.pause();
  const begins = Math.min(bytes.length, Math.max(0, from - passed));
  const ends = Math.min(bytes.length, Math.max(begins, from + count - passed));
  near.write(bytes.subarray(0, begins));
  for (const byte of bytes.subarray(begins, ends)) {
    if (near.destroyed) return;
    near.write(Uint8Array.of(byte));
    await sleep(byteMs);
  }
  near.write(bytes.subarray(ends));
  far.resume();
}

async function flood(near: Socket, bytes: number): Promise<void> {
  near.write(HEAD);
  for (let sent = 0; sent < bytes && !near.destroyed; sent += FLOOD.length) {
    near.write(`${FLOOD.length.toString(16)}\r\n`);
    near.write(FLOOD);
    // Taken, or the gateway has gone.
    await new Promise<void>((resolve) => near.write('\r\n', () => resolve()));
  }
  near.end('0\r\n\r\n');
}
