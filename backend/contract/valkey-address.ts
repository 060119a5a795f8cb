// The address of a Valkey or Redis: its canonical spelling, and its parts. It opens no connection.

/** The parts of such an address. */
export interface ValkeyPlace {
  readonly host: string;
  readonly port: number;
  /** Undefined if none is named: the user "default". */
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** The number of the database. */
  readonly database: number;
  readonly tls: boolean;
}

/** Scheme, user and password with the "@", host, port, database. */
const ADDRESS =
  /^(redis|rediss|valkey|valkeys):\/\/(?:([^\s/?#@]*)@)?([a-z\d._-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?(?:\/(\d{0,5}))?$/i;
const USUAL_PORT = 6379;

/**
 * The canonical spelling of an address, or '' for none: `redis://` and `valkey://`, with TLS `rediss://` and
 * `valkeys://`. The port (6379) and the number of the database (0) are optional. Special characters of a user or
 * password are percent-encoded. Undefined for an invalid address.
 */
export function valkeyAddress(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return '';
  const place = valkeyPlace(trimmed);
  if (place === undefined) return undefined;
  const [, scheme = '', user, host = ''] = ADDRESS.exec(trimmed) ?? [];
  const shown = user === undefined || user === '' ? '' : `${user}@`;
  const { port, database } = place;
  return `${scheme.toLowerCase()}://${shown}${host.toLowerCase()}:${port}${database === 0 ? '' : `/${database}`}`;
}

/** The parts of an address; undefined for an invalid one. */
export function valkeyPlace(address: string): ValkeyPlace | undefined {
  const [, scheme = '', userinfo = '', host = '', port, database] = ADDRESS.exec(address) ?? [];
  const number = port === undefined ? USUAL_PORT : Number(port);
  const [, user = '', password] = /^([^:]*)(?::(.*))?$/.exec(userinfo) ?? [];
  const [plainUser, plainPassword] = [decoded(user), decoded(password ?? '')];
  if (host === '' || number < 1 || number > 65_535) return undefined;
  if (plainUser === undefined || plainPassword === undefined) return undefined;
  return {
    host: host.toLowerCase().replace(/^\[(.*)\]$/, '$1'),
    port: number,
    user: plainUser === '' ? undefined : plainUser,
    password: plainPassword === '' ? undefined : plainPassword,
    database: Number(database ?? 0),
    tls: /^(?:rediss|valkeys)$/i.test(scheme),
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
