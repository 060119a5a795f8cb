// A port that is taken: who answers there, and which one is free instead. Looks at this machine alone, moves nothing.
import { createServer } from 'node:net';
import { healthSchema } from '../../backend/contract/views/control.ts';
import type { Holder } from './supervisor.ts';

const ASK_MS = 1500;
/** How many ports above the wanted one are tried. */
const TRIES = 50;

/** Asks /health. Whoever does not answer like a Hearth is another program. */
export async function holderOf(port: number): Promise<Holder> {
  try {
    // A redirect could lead anywhere.
    const options = { signal: AbortSignal.timeout(ASK_MS), redirect: 'error' } as const;
    const answer = await fetch(`http://127.0.0.1:${port}/health`, options);
    const health = healthSchema.pick({ version: true, uptime_ms: true, upstream: true }).parse(await answer.json());
    return { hearth: true, version: health.version, uptime_ms: health.uptime_ms };
  } catch {
    return (await isOllama(port)) ? { hearth: false, ollama: true } : { hearth: false };
  }
}

/** Ollama answers a request for its root with a greeting (ollama server/routes.go). */
async function isOllama(port: number): Promise<boolean> {
  try {
    const options = { signal: AbortSignal.timeout(ASK_MS), redirect: 'error' } as const;
    const answer = await fetch(`http://127.0.0.1:${port}/`, options);
    return (await answer.text()).startsWith('Ollama is running');
  } catch {
    return false;
  }
}

/** The next port above this one on which both loopback addresses are free; null when none of the next ones is. */
export async function freePortAfter(port: number): Promise<number | null> {
  const last = Math.min(65_535, port + TRIES);
  for (let candidate = port + 1; candidate <= last; candidate++) {
    if ((await isFree(candidate, '127.0.0.1')) && (await isFree(candidate, '::1'))) return candidate;
  }
  return null;
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    // A machine without IPv6 has no ::1 to be taken.
    server.once('error', (error) => resolve('code' in error && error.code !== 'EADDRINUSE' && error.code !== 'EACCES'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
