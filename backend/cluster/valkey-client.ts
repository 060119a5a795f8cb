// Connections to Valkey. The one place that knows how they are made; what is asked over them is decided by others.
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Redis, type RedisOptions } from 'ioredis';
import { valkeyPlace } from '../contract/valkey-address.ts';
import type { Config } from '../contract/config/config.ts';

/** Those of ioredis; its own `replyMapping` is for RESP3, which is not spoken here. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Where connections go, and by what. */
export interface ValkeyAccess {
  readonly cluster: Config['cluster'];
  /** What a certificate is checked against; undefined: as Node does by itself. Asked for each connection with TLS. */
  trust(): Promise<SecureContext | undefined>;
}

/** As long as a connection may take to be there; a handshake with TLS over a slow network takes some round trips. */
const CONNECT_MS = 3000;

/**
 * A client that is not connected yet. By itself it neither tries again nor holds commands back: whoever uses it for long says
 * otherwise in `more` (BullMQ's workers, with maxRetriesPerRequest: null). Its failures come as rejections; the event `error`
 * is listened to, since ioredis writes to the console where nobody does. Throws what `trust` throws.
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
    // Of pushes that come by RESP3 ioredis 6 hands on messages of channels alone, so invalidations come on one of those.
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
 * The same. A socket with TLS can fail twice in a row, and ioredis 6.0 listens to the first failure alone: the second one would end
 * the process. BullMQ makes the connections on which its workers wait of the one that it is given.
 */
function guarded(client: Redis): Redis {
  client.on('error', () => client.stream.on('error', () => undefined));
  const duplicate = client.duplicate.bind(client);
  client.duplicate = (more) => guarded(duplicate(more));
  return client;
}
