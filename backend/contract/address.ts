// The one spelling of an address that a person may write in several ways: Ollama's URL, a web origin, a host name.
// It resolves no names and opens no connections; whether an address is allowed is decided elsewhere.
import { z } from 'zod';

/** zod's check stands on the platform's URL parser, for which this folder (no DOM, no node:) has no type of its own. */
const anyUrl = z.url({ normalize: true });

function canonicalUrl(text: string): string | undefined {
  if (/\s/.test(text)) return undefined; // the URL parser would silently drop line ends and tabs
  return anyUrl.safeParse(text).data;
}

/**
 * Where Ollama answers, read as Ollama reads OLLAMA_HOST: the scheme, the host and the port may each be missing
 * (http, 127.0.0.1, and 11434, or the scheme's own port where a scheme is given). An address that means "every
 * interface" to a server becomes loopback, since nobody can connect to it on Windows. Gives no slash at the end, and
 * undefined for what is no http or https address or carries a user name, a query or a fragment.
 */
export function upstreamAddress(text: string): string | undefined {
  const url = canonicalUrl(withScheme(text.trim()).replace('://:', '://127.0.0.1:'));
  if (url === undefined || !/^https?:\/\/[^/@?#]+(?:\/[^?#]*)?$/.test(url)) return undefined;
  return url.replace('://0.0.0.0', '://127.0.0.1').replace('://[::]', '://[::1]').replace(/\/+$/, '');
}

function withScheme(text: string): string {
  if (text.includes('://')) return text;
  const slash = text.indexOf('/');
  const authority = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '' : text.slice(slash);
  const bareIpv6 = authority.split(':').length > 2 && !authority.includes('[');
  const host = bareIpv6 ? `[${authority}]` : authority;
  return `http://${host}${/:\d+$/.test(host) ? '' : ':11434'}${path}`;
}

/**
 * A web origin as browsers send it: scheme, host and port, without a slash at the end and without the scheme's own
 * port. "*" stays "*". Undefined for "null", for an address with a path, and for what is no address.
 */
export function webOrigin(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '*') return '*';
  if (!trimmed.includes('://')) return undefined;
  return /^([a-z][a-z\d+.-]*:\/\/[^/@?#]+)\/?$/.exec(canonicalUrl(trimmed) ?? '')?.[1];
}

/** A host name or IP address in lower case, IPv6 without brackets. Undefined when a port or anything else is with it. */
export function hostName(text: string): string | undefined {
  const bare = text.trim().replace(/^\[(.*)\]$/, '$1');
  const url = canonicalUrl(`http://${bare.includes(':') ? `[${bare}]` : bare}/`);
  return /^http:\/\/\[?([a-z\d._-]+|[\da-f:.]+)\]?\/$/.exec(url ?? '')?.[1];
}
