// Debian's nginx with a file of its conf.d, as deploy/fleet/nginx.conf is one: the system's own, or else one that needs.ts has
// unpacked beside the packages of npm, where nothing starts it as a service. In a folder of its own.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { eventually } from './waiting.ts';

/** From here or from dist/tests/support. */
const root = [resolve(import.meta.dirname, '../..'), resolve(import.meta.dirname, '../../..')].find((folder) =>
  existsSync(join(folder, 'package.json')),
);
const UNPACKED = join(root ?? '.', 'node_modules/.cache/nginx');
const PLACES = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', join(UNPACKED, 'usr/sbin/nginx')];

/** Where it is; undefined where it is not. */
export const programOfNginx = (): string | undefined => PLACES.find((path) => existsSync(path));

/** Unpacks Debian's package without installing it, which takes no rights. False: there is no apt, or it has none. */
export function unpackNginx(): boolean {
  mkdirSync(UNPACKED, { recursive: true });
  // In the first the program itself is of a newer Debian.
  return ['nginx', 'nginx-core'].some((name) => {
    const { status } = spawnSync('apt-get', ['download', '-qq', name], { cwd: UNPACKED, stdio: 'inherit' });
    const file = status === 0 ? readdirSync(UNPACKED).find((each) => each.endsWith('.deb')) : undefined;
    if (file === undefined) return false;
    execFileSync('dpkg-deb', ['--extract', join(UNPACKED, file), UNPACKED]);
    rmSync(join(UNPACKED, file));
    return existsSync(join(UNPACKED, 'usr/sbin/nginx'));
  });
}

/** deploy/fleet/nginx.conf as it is shipped, but with these addresses of gateways, and at this one. */
export function shippedWith(shipped: string, gateways: readonly string[], listen?: string): string {
  const [, options = ''] = /^ {2}server \S+( .*);$/m.exec(shipped) ?? [];
  const servers = gateways.map((address) => `  server ${address}${options};`).join('\n');
  const moved = shipped.replace(/(?:^ {2}server .*;\n?)+/m, `${servers}\n`);
  return listen === undefined ? moved : moved.replace(/^ {2}listen \S+;$/m, `  listen ${listen};`);
}

export interface Nginx {
  stop(): Promise<void>;
}

/** Starts one with this file; resolves when it listens. `under`: a program with its arguments that starts it. */
export async function startNginx(conf: string, under: readonly string[] = []): Promise<Nginx> {
  const program = programOfNginx();
  if (program === undefined) throw new Error('nginx is missing: apt-get install nginx');
  const folder = mkdtempSync(join(tmpdir(), 'hearth-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(join(folder, 'site.conf'), conf);
  // It writes this file once it has bound all its sockets.
  const pid = join(folder, 'pid');
  const main = ['daemon off;', 'master_process off;', `pid ${pid};`, 'error_log stderr crit;'];
  const http = ['access_log off;', ...temporary, `include ${folder}/site.conf;`];
  const events = 'events { worker_connections 1024; }';
  writeFileSync(join(folder, 'nginx.conf'), `${[...main, events, 'http {', ...http, '}'].join('\n')}\n`);
  const [command = program, ...args] = [...under, program, '-p', folder, '-c', join(folder, 'nginx.conf')];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
  const exited = once(child, 'exit');
  await eventually('nginx listens', () => {
    if (child.exitCode !== null) throw new Error(`nginx has ended: ${said}`);
    return existsSync(pid);
  });
  return {
    async stop() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
