// Debian's nginx in the gateway's place, where it is installed: what a program in C makes of these requests. It knows
// nothing of what they mean. In a folder of its own, on a port of loopback.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from './connection.ts';
import { emptyFolder, Program } from './programs.ts';

const PROGRAM = '/usr/sbin/nginx';
const STARTS_MS = 5000;

export interface Nginx {
  readonly program: Program;
  readonly port: number;
}

/** One that keeps what a server answers, by the whole body; undefined where nginx is not installed. */
export function cachingNginx(originPort: number): Promise<Nginx | undefined> {
  return startNginx((folder) => ({
    // Bodies in memory, since only those can be a key.
    beside: `client_body_buffer_size 2m;
  client_max_body_size 2m;
  proxy_cache_path ${folder}/cache keys_zone=answers:64m;`,
    location: `proxy_pass http://127.0.0.1:${originPort};
      proxy_cache answers;
      proxy_cache_methods POST;
      proxy_cache_key "$request_uri $request_body";
      proxy_cache_valid 200 1h;`,
  }));
}

/** One that hands on what a server streams, as it comes; undefined where nginx is not installed. */
export function passingNginx(originPort: number): Promise<Nginx | undefined> {
  return startNginx(() => ({
    beside: `upstream origin { server 127.0.0.1:${originPort}; keepalive 64; }`,
    location: `proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Host localhost;
      proxy_set_header Connection "";
      proxy_buffering off;`,
  }));
}

/** Directives of its one location, and those beside the server. */
interface Directives {
  readonly beside: string;
  readonly location: string;
}

async function startNginx(directives: (folder: string) => Directives): Promise<Nginx | undefined> {
  if (!existsSync(PROGRAM)) return undefined;
  const port = await freePort();
  const folder = join(emptyFolder(), `nginx-${port}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, directives(folder)));
  const program = new Program(PROGRAM, ['-p', folder, '-c', join(folder, 'nginx.conf')], [], PROGRAM);
  const deadline = performance.now() + STARTS_MS;
  for (;;) {
    const connection = await Connection.open(port).catch(() => undefined);
    connection?.close();
    if (connection !== undefined) return { program, port };
    if (performance.now() > deadline) throw new Error(`nginx did not listen within ${STARTS_MS} ms`);
    await sleep(20);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** One process, so that its processor time is that of one. */
function configuration(folder: string, port: number, { beside, location }: Directives): string {
  return `daemon off;
master_process off;
pid ${folder}/pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${beside}
  server {
    listen 127.0.0.1:${port};
    location / {
      ${location}
    }
  }
}
`;
}
