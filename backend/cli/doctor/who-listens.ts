// Finds who listens on a port of this machine: a Hearth, an Ollama, or a program by its name if the system shows it
// (Linux).
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:net';

/** Whether the port is free. A port reserved for administrators is not free either. */
export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** The program, such as "nginx (process 812)"; undefined if the system does not show it. */
export async function listenerOn(port: number, proc = '/proc'): Promise<string | undefined> {
  const inodes = new Set([
    ...(await listening(join(proc, 'net/tcp'), port)),
    ...(await listening(join(proc, 'net/tcp6'), port)),
  ]);
  if (inodes.size === 0) return undefined;
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const folder = join(proc, pid, 'fd');
    for (const fd of await readdir(folder).catch(() => [])) {
      const [, inode = ''] = /^socket:\[(\d+)\]$/.exec(await readlink(join(folder, fd)).catch(() => '')) ?? [];
      if (!inodes.has(inode)) continue;
      const name = (await readFile(join(proc, pid, 'comm'), 'utf8').catch(() => '?')).trim();
      return `${name} (process ${pid})`;
    }
  }
  return undefined;
}

/** 0A: state LISTEN (include/net/tcp_states.h). */
const LISTENS = '0A';

/** Inodes of the sockets that listen there (proc_net_tcp(5)). */
async function listening(path: string, port: number): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => state === LISTENS && local?.endsWith(`:${wanted}`))
    .flatMap((cells) => cells[9] ?? []);
}
