// Which names and origins mean this machine, read from the text of a header. Works on text alone: it resolves no names and
// knows no configuration. What may come in is decided by guard.ts.
import { BlockList, isIP } from 'node:net';

/** Host name or bracketed IPv6 address in lower case, perhaps the root's dot, perhaps a port (RFC 3986, 3.2.2). */
const AUTHORITY = /^(?:(\[[\da-f:.]+\])|([a-z\d_-]+(?:\.[a-z\d_-]+)*)\.?)(?::(\d{1,5}))?$/;
const WEB_ORIGIN = /^https?:\/\/(.+)$/;
/**
 * Desktop programs whose window is a web page, as Ollama lets them in (envconfig/config.go, AllowedOrigins). They make up
 * their host, so any will do; a page from a file has none.
 */
const APP_ORIGIN = /^(?:(?:app|tauri|vscode-webview|vscode-file):\/\/[\w.-]+|file:\/\/)$/;

/** A name with or without a port, as in a Host header. */
export interface Authority {
  /** Without the root's dot; IPv6 in brackets. */
  readonly name: string;
  readonly port: number | undefined;
}

/** Reads `name`, `name:port` or `[v6]:port` in lower case; undefined for everything else. Only decimal ports up to 65535. */
export function readAuthority(text: string): Authority | undefined {
  const found = AUTHORITY.exec(text);
  const name = found?.[1] ?? found?.[2];
  if (name === undefined) return undefined;
  const port = found?.[3] === undefined ? undefined : Number(found[3]);
  return port === undefined || port <= 65_535 ? { name, port } : undefined;
}

/** A host as a configuration or the system spells it, in the spelling of `Authority.name`. */
export function authorityName(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  return name.includes(':') ? `[${name}]` : name;
}

/** In all their spellings, also as an IPv4 address written in IPv6 (`::ffff:7f00:1`). */
const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** `localhost` and all below it (RFC 6761, 6.3), and the loopback addresses; in lower case, IPv6 in brackets or without. */
export function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost') || isLoopbackAddress(name.replace(/^\[(.*:.*)\]$/, '$1'));
}

/** Whether an address, such as that of a socket, is one of 127.0.0.0/8 or `::1`. */
export function isLoopbackAddress(address: string): boolean {
  // Nearly every request comes from one of these, so compare them first.
  if (address === '127.0.0.1' || address === '::1') return true;
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Whether a page with this origin comes from this machine: http or https with any port, on a loopback name or on 0.0.0.0,
 * which a browser asks this machine for; or a desktop program (app, file, tauri, vscode-file, vscode-webview). Only the
 * spelling of browsers counts (RFC 6454, 6.2): lower case, no path, no user name. A prefix never suffices
 * (CVE-2019-25211: `http://localhost.evil.com`). Not `null`: a page from a file says so in some browsers, but so does
 * every page of the web that puts itself into a sandboxed frame.
 */
export function isLoopbackOrigin(origin: string): boolean {
  if (APP_ORIGIN.test(origin)) return true;
  const host = readAuthority(WEB_ORIGIN.exec(origin)?.[1] ?? '');
  return host !== undefined && (isLoopbackName(host.name) || host.name === '0.0.0.0');
}
