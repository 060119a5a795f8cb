// Finds the gateway that a command talks to: the given address, else where `hearth serve` would listen with the same
// file and environment. It reads these two settings alone, since loading all of them takes as long as loading Node.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { LISTENS_AT, namesInEnvironment } from '../../contract/listens-at.ts';
import { EXIT, Exit, UsageError } from '../exits.ts';
import type { Host, Variables } from '../command-host.ts';

/** Command line options that say where the gateway is. */
export interface Whereabouts {
  readonly url: string | undefined;
  readonly config: string | undefined;
}

/** The address without a trailing slash. Throws UsageError and ConfigFileError. */
export async function addressInUse(
  { url, config }: Whereabouts,
  { env, cwd }: Pick<Host, 'env' | 'cwd'>,
): Promise<string> {
  const said = url ?? (env['HEARTH_URL'] || undefined);
  if (said !== undefined) return spelled(said, url === undefined ? 'HEARTH_URL' : '--url');
  const server = await serverSection(config, env, cwd);
  const host = own(env, 'host') ?? (typeof server['host'] === 'string' ? server['host'] : LISTENS_AT.host.default);
  const port = own(env, 'port') ?? String(server['port'] ?? LISTENS_AT.port.default);
  if (port === '0') {
    const why = 'By its configuration the gateway listens on any free port (server.port is 0).';
    throw new Exit(EXIT.config, `${why} Say where it is with --url or HEARTH_URL.`);
  }
  return spelled(`${reachable(host)}:${port}`, 'server.host with server.port');
}

/** The `[server]` section of the file. */
async function serverSection(named: string | undefined, env: Variables, cwd: string): Promise<Record<string, unknown>> {
  const isNamed = named !== undefined || Boolean(env['CONFIG_PATH']);
  if (!isNamed && !existsSync(resolve(cwd, 'config.toml'))) return {};
  const { locateConfigFile, readConfigFile } = await import('../../config-file.ts');
  const path = await locateConfigFile(env, named, cwd);
  const data: unknown = path === undefined ? undefined : (await readConfigFile(path)).data;
  return tableIn(tableIn(data)['server']);
}

function tableIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function own(env: Variables, key: 'host' | 'port'): string | undefined {
  const found = namesInEnvironment('server', key, LISTENS_AT[key].env).find((name) => env[name]);
  return found === undefined ? undefined : env[found]?.trim();
}

/** A gateway that listens on every address is asked on loopback. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (bare === '::') return '[::1]';
  return bare.includes(':') ? `[${bare}]` : bare;
}

/** Adds a scheme; port 8080 if neither scheme nor port is given. */
function spelled(text: string, where: string): string {
  const hasScheme = /^https?:\/\//i.test(text);
  const full = hasScheme ? text : `http://${/:\d+(\/|$)/.test(text) ? text : `${text}:${LISTENS_AT.port.default}`}`;
  if (!URL.canParse(full)) throw new UsageError(`${where} is no address. Give one such as http://127.0.0.1:8080.`);
  const { origin, pathname } = new URL(full);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}
