// Where a caller is, as the proxies between it and Hearth say it. Header text alone: what follows from it is keys.ts and
// visitor.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackAddress, readAuthority } from './loopback.ts';

/**
 * The headers in which a proxy says who asks, or under which name it was asked; each with who sends it. They are a list
 * that grows by commas, each proxy adding what it saw. Not among them:
 * - Via: it says that somebody handed the request on, but not for whom. Another Hearth on this machine sends it too.
 * - X-Forwarded-Proto, -Port, -Prefix, -Server: they tell of the proxy, not of the caller.
 */
const FORWARDING = [
  'forwarded', // RFC 7239
  'x-forwarded-for', // nginx, Caddy, Traefik, Apache, HAProxy, Go's ReverseProxy
  'x-forwarded-host', // the same; rewrites of Next.js send nothing else
  'x-real-ip', // nginx, Traefik
  'x-original-forwarded-for', // ingress-nginx, behind another proxy
  'x-original-host', // tunnels of VS Code, Azure
  'x-client-ip', // IIS, Apache's mod_remoteip
  'x-cluster-client-ip', // Rackspace, Zeus
  'x-envoy-external-address', // Envoy, Istio
  'x-azure-clientip', // Azure Front Door
  'x-appengine-user-ip', // Google App Engine
  'true-client-ip', // Akamai, Cloudflare
  'cf-connecting-ip', // Cloudflare and its tunnels
  'cf-connecting-ipv6',
  'fastly-client-ip', // Fastly
  'fly-client-ip', // Fly.io
] as const;

export type ForwardingHeader = (typeof FORWARDING)[number];

/** In lower case, for those who must not hand them on. */
export const FORWARDING_HEADERS: readonly string[] = FORWARDING;

/**
 * The first header that names another machine: undefined where there is no proxy, or where all that proxies name is this
 * machine, as the development server of a frontend does. What cannot be read ("unknown", "_hidden") may be anybody.
 */
export function placedElsewhereBy(headers: IncomingHttpHeaders): ForwardingHeader | undefined {
  return FORWARDING.find((name) => {
    const value = headers[name];
    if (value === undefined) return false;
    const named = name === 'forwarded' ? namedIn(String(value)) : String(value).split(',');
    return named.some((node) => !isHere(node.trim().toLowerCase()));
  });
}

/** An address or a name, with or without a port. An empty one names nobody. */
function isHere(node: string): boolean {
  if (node === '') return true;
  const name = readAuthority(node)?.name ?? node;
  return isLoopbackAddress(name.replace(/^\[(.*)\]$/, '$1'));
}

/** One `name=value` of Forwarded with what ends it (RFC 7239, 4). The value is a token or in quotes. */
const PAIR = /[ \t]*(?:([\w!#$%&'*+.^`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))[ \t]*)?(?:[,;]|$)/gy;

/** Who asks (`for`) and under which name (`host`); the whole text where it is none that can be read. */
function namedIn(forwarded: string): readonly string[] {
  const named: string[] = [];
  let read = 0;
  for (const [pair, name, quoted, token = ''] of forwarded.matchAll(PAIR)) {
    read += pair.length;
    if (/^(?:for|host)$/i.test(name ?? '')) named.push(quoted?.replace(/\\(.)/g, '$1') ?? token);
  }
  return read === forwarded.length ? named : [forwarded];
}
