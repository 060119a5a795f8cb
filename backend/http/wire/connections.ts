// The gateway's open connections and what each one is doing: so that they close without cutting an answer, and a client
// that never reads cannot hold one. It opens none.
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

interface Line {
  /** The connection's latest answer. */
  res: ServerResponse | undefined;
  /** Bytes that the client has taken, and milliseconds since it last took some of the bytes that wait for it. */
  taken: number;
  stalledMs: number;
}

/**
 * Open connections, each with its latest answer. Node alone does not tell which are in the middle of an answer, counts
 * connections that never sent a request as busy, and keeps those that become idle during `server.close` open for
 * keepAliveTimeout.
 */
export class Connections {
  readonly #lines = new Map<Duplex, Line>();
  #finishing = false;

  /** Call for each new connection. */
  opened(socket: Socket): void {
    this.#lines.set(socket, { res: undefined, taken: 0, stalledMs: 0 });
    socket.once('close', () => this.#lines.delete(socket));
  }

  /** Call for each request, before its answer. */
  asked(socket: Socket, res: ServerResponse): void {
    const line = this.#lines.get(socket);
    if (line !== undefined) line.res = res;
    if (this.#finishing) closeAfter(socket, res);
  }

  /** Whether an answer was partly sent. */
  isAnswering(socket: Duplex): boolean {
    const res = this.#lines.get(socket)?.res;
    return res !== undefined && res.headersSent && !res.writableFinished;
  }

  /**
   * Cuts connections whose client took nothing for `ms` although bytes wait for it, and returns the answers that were
   * not read. Call at intervals; `passedMs`: milliseconds since the last call.
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

  /**
   * Idle connections close now, the others after their answer. A browser's spare connection never sends a request and
   * is idle too.
   */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    for (const [socket, { res }] of this.#lines) {
      if (res === undefined || res.writableFinished) socket.destroy();
      else closeAfter(socket, res);
    }
  }

  /** Destroys all connections at once. */
  cut(): void {
    for (const socket of this.#lines.keys()) socket.destroy();
  }
}

function closeAfter(socket: Duplex, res: ServerResponse): void {
  // The header tells the client not to reuse the connection, so it does not run into a closed one.
  if (!res.headersSent) res.shouldKeepAlive = false;
  res.once('close', () => socket.end(() => socket.destroy()));
}
