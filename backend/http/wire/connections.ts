// The open connections of the gateway and what each is doing, so that they can be closed without cutting an answer, and so
// that a caller that never reads cannot hold one. It opens none.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** One connection. */
interface Line {
  /** Its latest answer. */
  res: ServerResponse | undefined;
  /** Bytes that its reader has taken, and milliseconds since it last took some of what waits for it. */
  taken: number;
  stalledMs: number;
}

/**
 * Open connections, each with its latest answer. Node alone does not tell which are in the middle of one, counts those
 * that never asked as busy, and lets those that become idle during `server.close` live on for keepAliveTimeout.
 */
export class Connections {
  readonly #lines = new Map<Duplex, Line>();
  #finishing = false;

  /** Call it for each new connection. */
  opened(socket: Socket): void {
    this.#lines.set(socket, { res: undefined, taken: 0, stalledMs: 0 });
    socket.once('close', () => this.#lines.delete(socket));
  }

  /** Call it for each request, before its answer. */
  asked(socket: Socket, res: ServerResponse): void {
    const line = this.#lines.get(socket);
    if (line !== undefined) line.res = res;
    if (this.#finishing) closeAfter(socket, res);
  }

  /** Part of an answer is out already, and another part is not. */
  isAnswering(socket: Duplex): boolean {
    const res = this.#lines.get(socket)?.res;
    return res !== undefined && res.headersSent && !res.writableFinished;
  }

  /**
   * Cuts those whose reader has taken nothing for `ms` although bytes wait for it, and returns the answers that they did not
   * read. Call it at intervals; `passedMs` since the last time.
   */
  cutStalled(passedMs: number, ms: number): ServerResponse[] {
    const cut: ServerResponse[] = [];
    for (const [socket, line] of this.#lines) {
      const waits = socket.writableLength > 0;
      const taken = waits ? (socket as Socket).bytesWritten - socket.writableLength : line.taken;
      line.stalledMs = waits && taken === line.taken ? line.stalledMs + passedMs : 0;
      line.taken = taken;
      if (line.stalledMs < ms) continue;
      socket.destroy();
      if (line.res !== undefined) cut.push(line.res);
    }
    return cut;
  }

  /** Idle connections close now, the others after their answer. A browser's spare connection never asks and is idle too. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    for (const [socket, { res }] of this.#lines) {
      if (res === undefined || res.writableFinished) socket.destroy();
      else closeAfter(socket, res);
    }
  }

  /** Closes all at once. */
  cut(): void {
    for (const socket of this.#lines.keys()) socket.destroy();
  }
}

function closeAfter(socket: Duplex, res: ServerResponse): void {
  // Who reads it knows before its end that no other request may come this way, and does not meet a closed connection.
  if (!res.headersSent) res.shouldKeepAlive = false;
  res.once('close', () => socket.end(() => socket.destroy()));
}
