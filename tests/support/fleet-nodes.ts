// Several gateways in this process that share one Valkey, each in front of an Ollama of its own, for tests.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Config } from '../../backend/contract/config/config.ts';
import { startHearth, type Hearth, type HearthOptions } from './hearth.ts';
import { eventually } from './waiting.ts';
import type { Valkey } from './valkey.ts';

/** Words in the log of a gateway that say that it is one of a fleet. */
const JOINED = 'one of a fleet';

/** A machine that is busy with other tests is no Valkey that is away. */
const PATIENT_MS = 10_000;

export interface FleetOptions extends HearthOptions {
  readonly cluster?: Partial<Config['cluster']>;
}

/** Starts one; resolves when it uses Valkey. */
export async function startNode(
  valkey: Pick<Valkey, 'url'>,
  { cluster, ...options }: FleetOptions = {},
): Promise<Hearth> {
  const said: string[] = [];
  const note = (_fields: object, message: string): void => void said.push(message);
  const log = { debug: note, info: note, warn: note, error: note };
  const config = { ...options.config, cluster: { url: valkey.url, timeout_ms: PATIENT_MS, ...cluster } };
  const hearth = await startHearth({ log, ...options, config });
  if (options.log === undefined)
    await eventually('it joins the fleet', () => said.some((words) => words.includes(JOINED)));
  return hearth;
}

/** A way to Valkey that can be cut, as a network is between one gateway and the others' Valkey. */
export interface Way {
  /** By this way. */
  readonly url: string;
  /** Ends all connections, and takes no new ones. */
  cut(): void;
  mend(): void;
  /** From now on what is sent either way arrives so much later. Milliseconds. */
  slow(ms: number): void;
  stop(): void;
}

export async function wayTo({ port, url }: Pick<Valkey, 'port' | 'url'>): Promise<Way> {
  let isCut = false;
  let slowMs = 0;
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const there = connect(port, '127.0.0.1');
    for (const [one, other] of [[socket, there] as const, [there, socket] as const]) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.on('data', (bytes) => {
        if (slowMs === 0) other.write(bytes);
        else setTimeout(() => other.write(bytes), slowMs);
      });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => {
    isCut = true;
    for (const socket of open) socket.destroy();
  };
  return {
    url: url.replace(String(port), String((server.address() as AddressInfo).port)),
    cut,
    mend: () => {
      isCut = false;
    },
    slow: (ms) => {
      slowMs = ms;
    },
    stop() {
      cut();
      server.close();
    },
  };
}
