// The load generator: a few connections, each asking again as soon as it has its answer (closed loop). It is cheap, so
// that the server and not this is the bottleneck, and says how busy it was itself. No pacing, no ramp.
import { performance } from 'node:perf_hooks';
import { Connection } from './connection.ts';

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly forMs: number;
  /** Sent in turn, whichever connection is free. */
  readonly requests: readonly Buffer[];
}

export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds of each request, from its write to the last byte of its answer. */
  readonly latencies: readonly number[];
  /** Share of the time in which this process computed, 0 to 1: near 1, it and not the server was measured. */
  readonly generatorBusy: number;
}

/** Rejects at the first answer that is no 200. */
export async function load({ port, connections, forMs, requests }: LoadOptions): Promise<Load> {
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const latencies: number[] = [];
  let next = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const stopAt = startedAt + forMs;
  try {
    await Promise.all(
      open.map(
        (connection) =>
          new Promise<void>((resolve, reject) => {
            let askedAt = 0;
            const again = (): void => {
              askedAt = performance.now();
              const request = requests[next++ % requests.length];
              if (request !== undefined) connection.send(request, asking);
            };
            const asking = {
              done: ({ status }: { readonly status: number }): void => {
                const now = performance.now();
                latencies.push(now - askedAt);
                if (status !== 200) reject(new Error(`an answer had the status ${status}`));
                else if (now < stopAt) again();
                else resolve();
              },
              failed: reject,
            };
            again();
          }),
      ),
    );
  } finally {
    for (const connection of open) connection.close();
  }
  const ms = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    requests: latencies.length,
    perSecond: (latencies.length / ms) * 1000,
    latencies,
    generatorBusy: (user + system) / 1000 / ms,
  };
}
