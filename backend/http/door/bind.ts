// Which addresses the configuration lets Hearth listen on, and why not on others. Pure; listen.ts opens the port.
import { isIPv4, isIPv6 } from 'node:net';
import type { Config } from '../../contract/config/config.ts';
import { authorityName, isLoopbackName } from './loopback.ts';

/** Where to listen, as server.host, server.lan and server.allow_anonymous say together. */
export interface Bind {
  /** Addresses or names, all with the same port. */
  readonly hosts: readonly string[];
  /** Other machines can reach at least one of them. */
  readonly beyondLoopback: boolean;
  /**
   * Set when a wish to listen beyond loopback was refused: why, and what to set, in sentences to be shown prominently.
   */
  readonly refusedBecause?: string;
}

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1'];

/**
 * Loopback unless the configuration asks for more, and either callers must show a key or server.allow_anonymous is set:
 * so an old file with host = "0.0.0.0" starts and stays safe. "127.0.0.1" and "localhost" mean both loopback addresses,
 * since a caller's "localhost" may resolve to either.
 */
export function effectiveBind({ server }: Config): Bind {
  const { host, lan, allow_anonymous: allowed, api_keys } = server;
  const loopback = isLoopbackName(authorityName(host));
  if (!lan && loopback) {
    return {
      hosts: host === '::1' || (isIPv4(host) && host !== '127.0.0.1') ? [host] : LOOPBACK,
      beyondLoopback: false,
    };
  }
  if (allowed || api_keys.length > 0) return { hosts: lan ? ['0.0.0.0', '::'] : [host], beyondLoopback: true };
  const wish = lan ? 'server.lan is on' : `server.host is "${host}"`;
  const other = lan ? 'turn server.lan off' : 'set server.host to "127.0.0.1"';
  const refusedBecause =
    `${wish}, but there is no key, so Hearth listens on this machine only. ` +
    `Add a key, so that only your machines get in, and restart the gateway; or ${other}. ` +
    `Where everyone who can reach it may come in, set server.allow_anonymous to true.`;
  return { hosts: LOOPBACK, beyondLoopback: false, refusedBecause };
}

/** Host and port by which programs of this machine reach Hearth: `127.0.0.1:8080`. */
export function placeHere({ hosts: [first = '127.0.0.1'] }: Bind, port: number): string {
  return placeOf(first === '0.0.0.0' || first === '::' ? '127.0.0.1' : first, port);
}

/** Host and port as written in a URL: `192.168.1.5:8080`, `[::1]:8080`. */
export function placeOf(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
