// The open connections of the gateway and what each is doing, so that they can be closed without cutting an answer.
// It opens none, and sets no time limit of its own.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Open connections, each with its latest answer. Node alone does not tell which are in the middle of one, counts those
 * that never asked as busy, and lets those that become idle during `server.close` live on for keepAliveTimeout.
 */
export class Connections {
  readonly #latest = new Map<Duplex, ServerResponse | undefined>();
  #finishing = false;

  /** To be called for each new connection. */
  opened(socket: Socket): void {
    this.#latest.set(socket, undefined);
    socket.once('close', () => this.#latest.delete(socket));
  }

  /** To be called for each request, before its answer. */
  asked(socket: Socket, res: ServerResponse): void {
    this.#latest.set(socket, res);
    if (this.#finishing) closeAfter(socket, res);
  }

  /** Part of an answer is out already, and another part is not. */
  isAnswering(socket: Duplex): boolean {
    const res = this.#latest.get(socket);
    return res !== undefined && res.headersSent && !res.writableFinished;
  }

  /** Idle connections close now, the others after their answer. A browser's spare connection never asks and is idle too. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    for (const [socket, res] of this.#latest) {
      if (res === undefined || res.writableFinished) socket.destroy();
      else closeAfter(socket, res);
    }
  }

  /** Closes all, whatever they do. */
  cut(): void {
    for (const socket of this.#latest.keys()) socket.destroy();
  }
}

function closeAfter(socket: Duplex, res: ServerResponse): void {
  res.once('close', () => socket.end(() => socket.destroy()));
}
