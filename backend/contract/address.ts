// Normalizes addresses that people write in several ways: Ollama's URL, a web origin, a host name. It resolves no names
// and opens no connections; other code decides whether an address is allowed.
import { z } from 'zod';

/** zod's check uses the platform's URL parser, for which this folder (no DOM, no node:) has no type of its own. */
const anyUrl = z.url({ normalize: true });

function canonicalUrl(text: string): string | undefined {
  if (/\s/.test(text)) return undefined; // the URL parser would silently drop line ends and tabs
  return anyUrl.safeParse(text).data;
}

/**
 * Ollama's address, read as Ollama reads OLLAMA_HOST: scheme, host and port may each be missing (http, 127.0.0.1, and
 * 11434 or the default port of a given scheme). An address that means "every interface" to a server becomes loopback,
 * since nobody can connect to it on Windows. The result has no trailing slash; undefined for anything but an http or
 * https address without query and fragment. A user and password before an "@" are kept, percent-encoded.
 */
export function upstreamAddress(text: string): string | undefined {
  const url = canonicalUrl(withScheme(text.trim()).replace(/:\/\/(?=:\d+(?:\/|$))/, '://127.0.0.1'));
  const [, scheme, user = '', place] = /^(https?:\/\/)([^/@?#]*@)?([^/@?#]+(?:\/[^?#]*)?)$/.exec(url ?? '') ?? [];
  if (scheme === undefined || place === undefined) return undefined;
  const reachable = place.replace(/^0\.0\.0\.0(?=[:/])/, '127.0.0.1').replace(/^\[::\]/, '[::1]');
  return `${scheme}${user}${reachable}`.replace(/\/+$/, '');
}

function withScheme(text: string): string {
  if (text.includes('://')) return text;
  const [, user = '', authority = '', path = ''] = /^([^/]*@)?([^/]*)(.*)$/.exec(text) ?? [];
  const bareIpv6 = authority.split(':').length > 2 && !authority.includes('[');
  const host = bareIpv6 ? `[${authority}]` : authority;
  return `http://${user}${host}${/:\d+$/.test(host) ? '' : ':11434'}${path}`;
}

/**
 * A web origin as browsers send it: scheme, host and port, without trailing slash and without the scheme's default
 * port. Or a pattern of origins, in a form of OLLAMA_ORIGINS: `*` for all of them, and one `*` for a whole host
 * (`chrome-extension://*`), for the part before a domain (`https://*.example.com`), or for the port
 * (`http://nas.local:*`). Elsewhere a `*` would let in more than it seems to: `http://localhost*` also matches
 * `http://localhost.evil.com` (CVE-2019-25211). Undefined for that, for "null", for an address with a path, and for
 * anything else.
 */
export function webOrigin(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '*') return '*';
  // A page from a file has no host that a "*" could match.
  if (/^file:\/\/\*\/?$/i.test(trimmed)) return 'file://';
  const host = /^([a-z][a-z\d+.-]*:\/\/(?:[^*:/]+|\[[^*\]]+\])):\*\/?$/i.exec(trimmed)?.[1];
  if (host !== undefined) return exactOrigin(host)?.concat(':*');
  const [, before, after] = /^([a-z][a-z\d+.-]*:\/\/[\w.-]*)\*((?:\.[^*.][^*]*|:[^*]*)?)\/?$/i.exec(trimmed) ?? [];
  if (before === undefined || after === undefined) return exactOrigin(trimmed);
  if (!after.startsWith('.') && !before.endsWith('://')) return undefined;
  // The rest is normalized as any address, with a letter in place of the "*".
  const spelled = exactOrigin(`${before}x${after}`);
  // A default port is dropped, and then the pattern would match any port.
  if (spelled === undefined || (after.startsWith(':') && !spelled.endsWith(after))) return undefined;
  return `${spelled.slice(0, before.length)}*${spelled.slice(before.length + 1)}`;
}

function exactOrigin(text: string): string | undefined {
  if (!text.includes('://')) return undefined;
  return /^(file:\/\/|[a-z][a-z\d+.-]*:\/\/[^/@?#*]+)\/?$/.exec(canonicalUrl(text) ?? '')?.[1];
}

/** What a `*` in place of a host or of its beginning matches: names, or an IPv6 address. */
const ANY_HOST = String.raw`(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])`;
const ANY_PORT = String.raw`\d{1,5}`;

/** Returns a check whether an Origin header is in a list that `webOrigin` has normalized. */
export function originsIn(listed: readonly string[]): (origin: string) => boolean {
  if (listed.includes('*')) return () => true;
  const patterns = listed.filter((each) => each.includes('*')).map(patternOf);
  const exact = new Set(listed.filter((each) => !each.includes('*')));
  return (origin) => exact.has(origin) || patterns.some((pattern) => pattern.test(origin));
}

function patternOf(origin: string): RegExp {
  const [before = '', after = ''] = origin.split('*').map((text) => text.replace(/[.[\]+]/g, String.raw`\$&`));
  if (before.endsWith('://') && after === '') return new RegExp(`^${before}${ANY_HOST}(?::${ANY_PORT})?$`);
  return new RegExp(`^${before}${before.endsWith(':') ? ANY_PORT : ANY_HOST}${after}$`);
}

/**
 * A host name or IP address in lower case, IPv6 without brackets. Undefined when a port or anything else is included.
 */
export function hostName(text: string): string | undefined {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  const url = canonicalUrl(`http://${bare.includes(':') ? `[${bare}]` : bare}/`);
  return /^http:\/\/\[?([a-z\d._-]+|[\da-f:.]+)\]?\/$/.exec(url ?? '')?.[1];
}
