// Where a caller is, according to the proxies between it and Hearth. This file reads header text alone: keys.ts and
// caller.ts draw conclusions.
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackName, readAuthority } from './loopback.ts';

/**
 * Recognizes headers that name a caller's address or the host that it asked for. Proxies, tunnels and clouds use many
 * names, but all of them end in a telling word: X-Forwarded-For, X-Vercel-Proxied-For, Forwarded, X-Real-IP,
 * CF-Connecting-IPv6, X-Azure-ClientIP, X-Remote-Addr, X-Envoy-External-Address, X-Forwarded-Host (rewrites of Next.js
 * send nothing else), X-Original-Host. Of the registered field names (IANA, HTTP Field Name Registry) only Forwarded
 * and Host end so. Not among them:
 * - Via: it says that somebody handed the request on, but not for whom. Another Hearth on this machine sends it too.
 * - X-Forwarded-Proto, -Port, -Prefix, -Server: they describe the proxy, not the caller.
 * `_` counts as `-`: CGI and its descendants (RFC 3875, 4.1.18) cannot tell them apart, and some write `_` back.
 */
const FORWARDING =
  /[-_](?:for|host)$|(?:^|[-_])(?:forwarded(?:for)?|(?:client|real|remote|socket|source|user)?(?:ip(?:v[46])?|addr(?:ess)?))$/;

/** Whether a header, named in lower case, says who asks; such headers must not be handed on. */
export function isForwarding(name: string): boolean {
  return FORWARDING.test(name);
}

/**
 * The first header that names another machine. Undefined without a proxy, or when proxies name only this machine, as
 * the development server of a frontend does. A value that cannot be read ("unknown", "_hidden") counts as another
 * machine.
 */
export function placedElsewhereBy(headers: IncomingHttpHeaders): string | undefined {
  return Object.keys(headers).find((name) => {
    if (!isForwarding(name)) return false;
    // A comma-separated list: each proxy appends what it saw.
    const value = String(headers[name]);
    const named = name.endsWith('forwarded') ? namedIn(value) : value.split(',');
    return named.some((node) => !isHere(node.trim().toLowerCase()));
  });
}

/** Takes an address or a name, with or without a port, perhaps in quotes. An empty value names nobody. */
function isHere(text: string): boolean {
  const node = text.replace(/^"(.*)"$/, '$1');
  return node === '' || isLoopbackName(readAuthority(node)?.name ?? node);
}

/** One `name=value` of Forwarded with its terminator (RFC 7239, 4). The value is a token or quoted. */
const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))[ \t]*)?(?:[,;]|$)/gy;

/** The caller (`for`) and the host asked for (`host`). A value without such pairs is read as a plain list. */
function namedIn(forwarded: string): readonly string[] {
  const named: string[] = [];
  let read = 0;
  for (const [pair, name, quoted, token = ''] of forwarded.matchAll(PAIR)) {
    read += pair.length;
    if (/^(?:for|host)$/i.test(name ?? '')) named.push(quoted?.replace(/\\(.)/g, '$1') ?? token);
  }
  return read === forwarded.length ? named : forwarded.split(',');
}
