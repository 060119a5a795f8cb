// The front door alone, on a real port: guard, listener and bodies in front of a handler of the test's making.
// Nothing of the gateway stands behind it; errors are encoded in the shortest way.
import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { systemClock } from '../../backend/clock.ts';
import { configSchema } from '../../backend/contract/config/config.ts';
import { asAppError, toWire } from '../../backend/contract/errors.ts';
import { endEarly } from '../../backend/http/wire/body.ts';
import { OriginApprovals } from '../../backend/core/access/origin-approvals.ts';
import { createGuard } from '../../backend/http/door/guard.ts';
import { createKeyCheck } from '../../backend/http/door/keys.ts';
import { listen, type Listening } from '../../backend/http/wire/listen.ts';

export interface Door {
  readonly port: number;
  readonly url: string;
  readonly listening: Listening;
  /** Codes of what was refused or went wrong, in order. */
  readonly failures: readonly string[];
  close(): Promise<void>;
}

export interface DoorOptions {
  readonly server?: object;
  readonly cors?: object;
  readonly hosts?: readonly string[];
  /** How a refusal is sent; `endEarly` unless said otherwise. */
  readonly end?: (res: ServerResponse, payload: string) => void;
}

/** Runs for what was let in; what it returns is sent as text. */
export type Inside = (req: IncomingMessage, res: ServerResponse) => Promise<string> | string;

export async function openDoor(inside: Inside, options: DoorOptions = {}): Promise<Door> {
  const { end = endEarly } = options;
  const config = configSchema.parse({ server: options.server ?? {}, cors: options.cors ?? {} });
  const failures: string[] = [];
  let port = 0;
  const guard = createGuard({
    config: () => config,
    port: () => port,
    lanAddresses: () => [],
    originApprovals: new OriginApprovals(),
    keys: createKeyCheck(() => config, systemClock.elapsed),
    via: '1.1 hearth-test',
  });
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    try {
      if (guard.admit(req, res) === 'answered') return;
      const text = await inside(req, res);
      if (!res.writableEnded) res.end(text);
    } catch (thrown) {
      const error = asAppError(thrown);
      failures.push(error.code);
      if (res.destroyed || res.headersSent) return;
      res.statusCode = error.status;
      end(res, JSON.stringify(toWire(error, 'test')));
    }
  };
  const handler: RequestListener = (req, res) => void serve(req, res);
  const listening = await listen(handler, { hosts: options.hosts ?? ['127.0.0.1'], port: 0 });
  port = listening.port;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    listening,
    failures,
    close: () => listening.close(AbortSignal.abort()),
  };
}

/** A connection that writes what the test says, byte for byte, and keeps all that comes back. */
export interface Wire {
  readonly socket: Socket;
  readonly received: string;
  send(text: string | Buffer): void;
  /** Resolves with all that came as soon as it matches; rejects when the connection closes before. */
  until(pattern: RegExp): Promise<string>;
  /** Resolves with all that came when the other side has closed. */
  closed(): Promise<string>;
}

export async function openWire(port: number, host = '127.0.0.1'): Promise<Wire> {
  const socket = connect({ port, host });
  await once(socket, 'connect');
  let received = '';
  socket.setEncoding('utf8').on('data', (piece: string) => (received += piece));
  socket.on('error', () => undefined); // a reset shows as a close
  return {
    socket,
    get received() {
      return received;
    },
    send: (text) => void socket.write(text),
    until: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!pattern.test(received)) return;
          socket.off('data', look).off('close', fail);
          resolve(received);
        };
        const fail = (): void => reject(new Error(`closed before ${String(pattern)}: ${received}`));
        socket.on('data', look).on('close', fail);
        look();
      }),
    closed: async () => {
      if (!socket.closed) await once(socket, 'close');
      return received;
    },
  };
}

/** Sends one request as it is and gives the whole answer; the request should ask to close. */
export async function exchange(port: number, text: string): Promise<string> {
  const wire = await openWire(port);
  wire.send(text);
  return wire.closed();
}

/** An address of this machine that is not its loopback. */
export function ownAddress(): string | undefined {
  try {
    return Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  } catch {
    return undefined;
  }
}
