// Connections to Valkey: the one place that creates them. Other code decides which commands are sent.
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Redis, type RedisOptions } from 'ioredis';
import { valkeyPlace } from '../contract/valkey-address.ts';
import type { Config } from '../contract/config/config.ts';

/** Options of ioredis, without `replyMapping`: that is for RESP3, which is not used here. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Where connections go, and with which credentials. */
export interface ValkeyAccess {
  readonly cluster: Config['cluster'];
  /** What a certificate is checked against; undefined: Node's defaults. Called for each connection with TLS. */
  trust(): Promise<SecureContext | undefined>;
}

/** Timeout of a connection; a TLS handshake over a slow network takes some round trips. Milliseconds. */
const CONNECT_MS = 3000;

/**
 * Creates a client that is not connected yet. By default it neither reconnects nor queues commands; long-lived users
 * override that in `more` (BullMQ's workers, with maxRetriesPerRequest: null). Failures come as rejections; the event
 * `error` has a listener, since ioredis writes to the console otherwise. Throws what `trust` throws.
 */
export async function newClient(
  { cluster, trust }: ValkeyAccess,
  name: string,
  more: ClientOptions = {},
): Promise<Redis> {
  const place = valkeyPlace(cluster.url);
  if (place === undefined) throw new Error('cluster.url is not set');
  const { host, port, user, password, database, tls } = place;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const secureContext = tls ? await trust() : undefined;
  const options: ClientOptions = {
    host,
    port,
    db: database,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: { ...servername, ...(secureContext === undefined ? {} : { secureContext }) } } : {}),
    connectionName: name,
    // Of RESP3's push messages ioredis 6 passes on only those of channels, so invalidations must come on a channel.
    protocol: 2,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    enableReadyCheck: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    ...more,
  };
  return guarded(new Redis(options));
}

/**
 * Adds error listeners to a client. A TLS socket can fail twice in a row, and ioredis 6.0 listens only to the first
 * failure: the second would end the process. BullMQ duplicates the given connection for its waiting workers.
 */
function guarded(client: Redis): Redis {
  client.on('error', () => client.stream.on('error', () => undefined));
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (more) => guarded(duplicate(more));
  return client;
}
