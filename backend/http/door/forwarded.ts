// Where a caller is, as the proxies between it and Hearth say it. Header text alone: what follows from it is keys.ts and
// caller.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackName, readAuthority } from './loopback.ts';

/**
 * Proxies, tunnels and clouds have many names for who asks, and for the name under which it was asked, but all end in a
 * word for it: X-Forwarded-For, X-Vercel-Proxied-For, Forwarded, X-Real-IP, CF-Connecting-IPv6, X-Azure-ClientIP,
 * X-Remote-Addr, X-Envoy-External-Address, X-Forwarded-Host (rewrites of Next.js send nothing else), X-Original-Host.
 * Of the registered field names (IANA, HTTP Field Name Registry) only Forwarded and Host end so. Not among them:
 * - Via: it says that somebody handed the request on, but not for whom. Another Hearth on this machine sends it too.
 * - X-Forwarded-Proto, -Port, -Prefix, -Server: they tell of the proxy, not of the caller.
 * `_` counts as `-`: CGI and all that came of it (RFC 3875, 4.1.18) cannot tell the two apart, and some write it back so.
 */
const FORWARDING =
  /[-_](?:for|host)$|(?:^|[-_])(?:forwarded(?:for)?|(?:client|real|remote|socket|source|user)?(?:ip(?:v[46])?|addr(?:ess)?))$/;

/** Whether a header, named in lower case, says who asks; such ones must not be handed on. */
export function isForwarding(name: string): boolean {
  return FORWARDING.test(name);
}

/**
 * The first header that names another machine: undefined where there is no proxy, or where all that proxies name is this
 * machine, as the development server of a frontend does. What cannot be read ("unknown", "_hidden") may be anybody.
 */
export function placedElsewhereBy(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find((name) => {
    if (!isForwarding(name)) return false;
    // A list that grows by commas, each proxy adding what it saw.
    const value = String(headers[name]);
    const named = name.endsWith('forwarded') ? namedIn(value) : value.split(',');
    return named.some((node) => !isHere(node.trim().toLowerCase()));
  });
}

/** An address or a name, with or without a port, perhaps in quotes. An empty one names nobody. */
function isHere(text: string): boolean {
  const node = text.replace(/^"(.*)"$/, '$1');
  return node === '' || isLoopbackName(readAuthority(node)?.name ?? node);
}

/** One `name=value` of Forwarded with what ends it (RFC 7239, 4). The value is a token or in quotes. */
const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))[ \t]*)?(?:[,;]|$)/gy;

/** Who asks (`for`) and under which name (`host`). Where there are no such pairs to be read, a list as in other headers. */
function namedIn(forwarded: string): readonly string[] {
  const named: string[] = [];
  let read = 0;
  for (const [pair, name, quoted, token = ''] of forwarded.matchAll(PAIR)) {
    read += pair.length;
    if (/^(?:for|host)$/i.test(name ?? '')) named.push(quoted?.replace(/\\(.)/g, '$1') ?? token);
  }
  return read === forwarded.length ? named : forwarded.split(',');
}
