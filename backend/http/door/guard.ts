// The front door: checks Host and Origin of every request before anything else happens, and answers CORS preflights. It
// keeps web pages that the user happens to visit away from the models: DNS rebinding (CVE-2024-28224), foreign origins
// (CVE-2019-25211). Then keys.ts checks the key. The door reads no body and knows no route.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { originsIn } from '../../contract/address.ts';
import type { Config } from '../../contract/config/config.ts';
import { AppError } from '../../contract/errors.ts';
import { withoutUserinfo } from '../../contract/secret.ts';
import { pointsAtItself } from '../../contract/via-loop.ts';
import type { ReadConfig } from '../../core/ports.ts';
import type { OriginApprovals } from '../../core/access/origin-approvals.ts';
import { effectiveBind } from './bind.ts';
import { shownKey, showedKey } from './caller.ts';
import { Visit } from './visit.ts';
import { toOriginForm } from '../wire/normalized-path.ts';
import type { KeyCheck } from './keys.ts';
import { authorityName, isLoopbackName, isLoopbackOrigin, readAuthority } from './loopback.ts';

/** Hearth's response headers that a page may read, beside the CORS-safelisted ones (Fetch). */
export const EXPOSED_HEADERS = [
  'X-Request-ID',
  'X-Cache',
  'X-Cache-Key',
  'X-Queue-Class',
  'X-Upstream',
  'Cache-Status',
  'X-Context',
  'X-Prompt-Kept',
  'X-Hearth-Mode',
  'Age',
  'Retry-After',
  'Location',
  'Allow',
  'WWW-Authenticate',
  'X-Accel-Buffering',
] as const;

const EXPOSED = EXPOSED_HEADERS.join(', ');
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';
const PREFLIGHT_VARY =
  'Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network';
const MAX_REQUESTED_HEADERS = 4096; // characters; browsers ask for a few dozen names at most
const REMEMBERED = 256;
/** A page on the web or of a browser extension, in the spelling of browsers. */
const NAMED_PAGE = /^[a-z][a-z\d+.-]*:\/\/(?:[a-z\d._-]+|\[[\da-f:]+\])(?::\d{1,5})?$/;
const MAX_ORIGIN = 200;

/** Comma-separated tokens (RFC 9110, 5.6.1 and 5.6.2). */
const TOKENS = /^[\w!#$%&'*+.^`|~-]+(?:[ \t]*,[ \t]*[\w!#$%&'*+.^`|~-]+)*$/;

/** Result of a check: the request may go on, or it was a preflight and has been answered. */
export type Admission = 'admitted' | 'answered';

export interface Guard {
  /**
   * The result of an earlier check of the same headers on this connection, if it still holds. Such a request may go on
   * unchecked. Sets no headers on the answer.
   */
  recall(req: IncomingMessage): Visit | undefined;
  /**
   * Lets a request in, or answers a preflight with 204. Sets the CORS headers of an allowed origin before it throws, so
   * that the page can read errors too. Later code must append to Vary instead of setting it. Throws upstream_failed for
   * a request of Hearth itself that looped back, host_not_allowed, origin_not_allowed, and what KeyCheck throws.
   */
  admit(req: IncomingMessage, res: ServerResponse): Admission;
}

export interface GuardOptions {
  readonly config: ReadConfig;
  /** The port that Hearth listens on. */
  port(): number;
  /** IP addresses of this machine; read in LAN mode only, and rarely for a Host that was seen before. */
  lanAddresses(): readonly string[];
  readonly originApprovals: OriginApprovals;
  readonly keys: KeyCheck;
  /** What this gateway writes into Via: a request that carries it has looped back. */
  readonly via: string;
}

/** Creates the front door; SECURITY.md lists the attacks that it stops. */
export function createGuard({ config, port, lanAddresses, originApprovals, keys, via }: GuardOptions): Guard {
  let rules: Rules | undefined;
  const visits = new WeakMap<Socket, { readonly visit: Visit; readonly port: number }>();
  return {
    recall(req) {
      const known = visits.get(req.socket);
      if (known === undefined || known.visit.config !== config() || known.port !== port()) return undefined;
      if (!known.visit.isLike(req)) return undefined;
      if (known.visit.key !== undefined) showedKey(req, known.visit.key);
      return known.visit;
    },
    admit(req, res) {
      // The router has done this too; the door relies on nobody.
      toOriginForm(req);
      const now = config();
      if (req.headers.via?.includes(via) === true) throw pointsAtItself(withoutUserinfo(now.ollama.api_url));
      const ownPort = port();
      if (rules?.config !== now || rules.port !== ownPort) {
        rules = new Rules(now, ownPort, lanAddresses, originApprovals);
      }

      const { origin } = req.headers;
      const originAllowed = origin === undefined ? !isForeignEmbed(req) || rules.anyOrigin : rules.allowsOrigin(origin);
      // Also without an Origin: a cache must not give this response to a page, which needs other headers.
      res.appendHeader('Vary', 'Origin');
      if (origin !== undefined && originAllowed) {
        res.setHeader('Access-Control-Allow-Origin', origin);
        res.setHeader('Access-Control-Expose-Headers', EXPOSED);
      }
      if (hasTwoHosts(req) || !rules.allowsHost(req.headers)) throw hostError(req, rules);
      if (!originAllowed) {
        if (origin !== undefined && rules.mayAsk(origin)) originApprovals.refused(origin);
        throw originError(origin, rules);
      }
      // A preflight sends no key (Fetch: CORS protocol and credentials).
      if (origin !== undefined && req.method === 'OPTIONS' && req.headers['access-control-request-method']) {
        answerPreflight(req, res);
        return 'answered';
      }
      keys.check(req, res);
      const key = shownKey(req);
      // Check requests each time if they count against a rate limit, or come from a page let in for this session only.
      const lasts = key?.requests_per_minute === undefined && (origin === undefined || rules.keepsOrigin(origin));
      if (lasts) visits.set(req.socket, { visit: new Visit(req, res, now, key), port: ownPort });
      return 'admitted';
    },
  };
}

/**
 * Rules derived from one configuration and one port. Good headers are remembered: the usual caller costs two lookups.
 */
class Rules {
  readonly config: Config;
  readonly port: number;
  readonly anyOrigin: boolean;
  readonly beyondLoopback: boolean;
  readonly #lanAddresses: () => readonly string[];
  readonly #originApprovals: OriginApprovals;
  readonly #goodHosts = new Set<string>();
  readonly #goodOrigins = new Set<string>();
  readonly #isListed: (origin: string) => boolean;
  /** Blocking wins over every other rule. */
  readonly isBlocked: (origin: string) => boolean;

  constructor(config: Config, port: number, lanAddresses: () => readonly string[], originApprovals: OriginApprovals) {
    this.config = config;
    this.port = port;
    this.anyOrigin = config.cors.allowed_origins.includes('*');
    this.#isListed = originsIn(config.cors.allowed_origins);
    this.isBlocked = originsIn(config.cors.blocked_origins);
    this.beyondLoopback = effectiveBind(config).beyondLoopback;
    this.#lanAddresses = lanAddresses;
    this.#originApprovals = originApprovals;
  }

  /**
   * Rebinding is an attack on browsers, which send the true Host: a wrong name is always refused. Programs may omit
   * Host, as HTTP/1.0 does, or come through a local proxy with another port; browsers do neither.
   */
  allowsHost(headers: IncomingHttpHeaders): boolean {
    const { host } = headers;
    if (host === undefined) return !isFromBrowser(headers);
    if (this.#goodHosts.has(host)) return true;
    const fit = this.#fitOf(host);
    return fit === 'good' ? remember(this.#goodHosts, host) : fit === 'other port' && !isFromBrowser(headers);
  }

  /** `*` lets every page in, and then "null" too: any page could put itself into a frame without origin. */
  allowsOrigin(origin: string): boolean {
    if (this.#goodOrigins.has(origin)) return true;
    if (this.isBlocked(origin)) return false;
    const good = isLoopbackOrigin(origin) || this.#isListed(origin);
    return good ? remember(this.#goodOrigins, origin) : this.#originApprovals.isAdmitted(origin);
  }

  /** Whether an origin stays allowed for as long as these rules hold. */
  keepsOrigin(origin: string): boolean {
    return this.anyOrigin || this.#goodOrigins.has(origin);
  }

  /** Whether to ask the user about a refused page: only if it can be allowed by its name. */
  mayAsk(origin: string): boolean {
    return NAMED_PAGE.test(origin) && origin.length <= MAX_ORIGIN && !this.isBlocked(origin);
  }

  #fitOf(header: string): 'good' | 'other port' | 'foreign' {
    const host = readAuthority(header.toLowerCase());
    if (host === undefined) return 'foreign';
    const { name, port } = host;
    // A listed name may stand for a proxy with a port of its own, so the port is ignored.
    if (this.config.server.allowed_hosts.some((allowed) => authorityName(allowed) === name)) return 'good';
    const portFits = (port ?? 80) === this.port;
    // A container's port may be published under another number, which only the caller knows. The name is what stops
    // rebinding. The port is a second check, dropped where the user has opened Hearth up on purpose.
    if (isLoopbackName(name)) return portFits || this.beyondLoopback ? 'good' : 'other port';
    if (!portFits || !this.beyondLoopback) return 'foreign';
    return this.#lanAddresses().some((address) => authorityName(address) === name) ? 'good' : 'foreign';
  }
}

function remember(good: Set<string>, value: string): true {
  if (good.size >= REMEMBERED) good.clear();
  if (value.length <= 255) good.add(value);
  return true;
}

/** Browsers send Origin with most requests, and Sec-Fetch-* with all of them (Fetch Metadata Request Headers). */
function isFromBrowser(headers: IncomingHttpHeaders): boolean {
  return headers.origin !== undefined || Object.keys(headers).some((name) => name.startsWith('sec-fetch-'));
}

/** Node keeps the first of two Host lines and drops the other; RFC 9112 (3.2) says to refuse both. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let seen = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') seen += 1;
  }
  return seen > 1;
}

/**
 * A request without Origin that only a foreign page sends: an image, a script, fetch in no-cors mode. The page cannot
 * read the answer, so nobody misses it, and it must not cause work. Such requests are always GET or HEAD, as all others
 * carry Origin. Links from elsewhere (mode `navigate`) and programs that removed Origin themselves (mode `cors`) pass.
 */
function isForeignEmbed({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'no-cors';
}

/**
 * 204 for an allowed origin (Fetch: CORS protocol; Private Network Access). Requested headers are echoed in full or not
 * at all.
 */
function answerPreflight({ headers }: IncomingMessage, res: ServerResponse): void {
  res.appendHeader('Vary', PREFLIGHT_VARY);
  res.setHeader('Access-Control-Allow-Methods', METHODS);
  const requested = headers['access-control-request-headers'];
  if (requested !== undefined && requested.length <= MAX_REQUESTED_HEADERS && TOKENS.test(requested)) {
    res.setHeader('Access-Control-Allow-Headers', requested);
  }
  if (headers['access-control-request-private-network'] === 'true') {
    res.setHeader('Access-Control-Allow-Private-Network', 'true');
  }
  res.setHeader('Access-Control-Max-Age', '600');
  res.writeHead(204).end();
}

function hostError(req: IncomingMessage, { port, beyondLoopback }: Rules): AppError {
  const { host } = req.headers;
  const only = beyondLoopback ? "localhost, 127.0.0.1 and this machine's own addresses" : 'localhost and 127.0.0.1';
  if (hasTwoHosts(req)) return new AppError('host_not_allowed', 'The request has two Host headers. Send one.');
  if (!host) {
    return new AppError('host_not_allowed', `The request has no Host header. Send one with localhost:${port}.`);
  }
  const authority = readAuthority(host.toLowerCase());
  const says = `The Host header says ${quote(host)}`;
  if (authority !== undefined && isLoopbackName(authority.name)) {
    const name = `"${authority.name.replace(/[[\]]/g, '')}"`;
    const sentence = `${says}, but Hearth listens on port ${port}. Use that port, or add ${name} to server.allowed_hosts.`;
    return new AppError('host_not_allowed', sentence);
  }
  const sentence = `${says}. Hearth answers to ${only} only. To use another name, add it to server.allowed_hosts.`;
  return new AppError('host_not_allowed', sentence);
}

function originError(origin: string | undefined, rules: Rules): AppError {
  const sentence =
    origin === undefined
      ? 'A page of another site may not load this. Open the address itself, or use fetch from a page in cors.allowed_origins.'
      : origin === 'null'
        ? 'A page without an origin may not use this gateway. Serve it from http://localhost to let it in.'
        : rules.isBlocked(origin)
          ? `${quote(origin, '')} is blocked. Take it out of cors.blocked_origins to let it in.`
          : `${quote(origin, '')} may not use this gateway. Add it to cors.allowed_origins to let it in.`;
  return new AppError('origin_not_allowed', sentence);
}

function quote(text: string, mark = '"'): string {
  return `${mark}${text.length > 100 ? `${text.slice(0, 100)}…` : text}${mark}`;
}
