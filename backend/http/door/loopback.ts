// Which host names and origins mean this machine. Works on header text alone: it resolves no names and reads no
// configuration. guard.ts decides what may come in.
import { BlockList, isIP } from 'node:net';

/** Host name or bracketed IPv6 address in lower case, with an optional trailing dot and port (RFC 3986, 3.2.2). */
const AUTHORITY = /^(?:(\[[\da-f:.]+\])|([a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?)(?::(\d{1,5}))?$/;
const WEB_ORIGIN = /^https?:\/\/(.+)$/;
/**
 * Desktop programs whose window is a web page, as Ollama allows them (envconfig/config.go, AllowedOrigins). They invent
 * their host, so any host matches; a page from a file has none.
 */
const APP_ORIGIN = /^(?:(?:app|tauri|vscode-webview|vscode-file):\/\/[\w.-]+|file:\/\/)$/;

/** A name with or without a port, as in a Host header. */
export interface Authority {
  /** Without a trailing dot; IPv6 in brackets. */
  readonly name: string;
  readonly port: number | undefined;
}

/**
 * Reads `name`, `name:port` or `[v6]:port` in lower case, with a decimal port up to 65535; undefined for everything
 * else.
 */
export function readAuthority(text: string): Authority | undefined {
  const found = AUTHORITY.exec(text);
  const name = found?.[1] ?? found?.[2];
  if (name === undefined) return undefined;
  const port = found?.[3] === undefined ? undefined : Number(found[3]);
  return port === undefined || port <= 65_535 ? { name, port } : undefined;
}

/** Normalizes a host from the configuration or the system to the spelling of `Authority.name`. */
export function authorityName(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name.includes(':') ? `[${name}]` : name;
}

/** All spellings of a loopback address, also IPv4 written as IPv6 (`::ffff:7f00:1`). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * `localhost`, its subdomains (RFC 6761, 6.3) and the loopback addresses; in lower case, IPv6 with or without brackets.
 */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[(.*:.*)\]$/, '$1'));
}

/** Whether an address, such as a socket's, is in 127.0.0.0/8 or is `::1`. */
export function isLoopbackAddress(address: string): boolean {
  // Fast path: nearly every request comes from one of these.
  if (address === '127.0.0.1' || address === '::1') return true;
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether a page with this origin comes from this machine: http or https with any port, on a loopback name or on
 * 0.0.0.0, which browsers resolve to this machine; or a desktop program (app, file, tauri, vscode-file,
 * vscode-webview). Only the spelling of browsers matches (RFC 6454, 6.2): lower case, no path, no user name. A matching
 * prefix is not enough (CVE-2019-25211: `http://localhost.evil.com`). `null` does not match: some browsers send it for
 * a page from a file, but also for every web page in a sandboxed frame.
 */
export function isLoopbackOrigin(origin: string): boolean {
  if (APP_ORIGIN.test(origin)) return true;
  const host = readAuthority(WEB_ORIGIN.exec(origin)?.[1] ?? '');
  return host !== undefined && (isLoopbackName(host.name) || host.name === '0.0.0.0');
}
