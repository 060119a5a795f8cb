// A caller that speaks HTTP by hand over a socket, so that it can stop anywhere.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { eventually } from '../support/waiting.ts';
import { PATIENT } from './fault.ts';

export class RawCaller {
  readonly socket: Socket;
  #text = '';

  private constructor(socket: Socket, reads: boolean) {
    this.socket = socket;
    socket.on('error', () => undefined);
    if (reads) socket.setEncoding('utf8').on('data', (part: string) => (this.#text += part));
  }

  /** Connects. One that does not `read` takes not one byte of its answer. */
  static async open(url: string, { reads = true } = {}): Promise<RawCaller> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    const caller = new RawCaller(socket, reads);
    await once(socket, 'connect');
    return caller;
  }

  /** All that has come. */
  get text(): string {
    return this.#text;
  }

  get isClosed(): boolean {
    return this.socket.closed;
  }

  write(text: string): void {
    this.socket.write(text);
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    await eventually('the connection is closed', () => this.socket.closed, PATIENT);
  }

  leave(): void {
    this.socket.destroy();
  }
}

/** The head of a POST whose body has so many bytes. */
export const head = (path: string, bytes: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;
