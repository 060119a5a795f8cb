// Three gateways, each with an Ollama of its own, before one Valkey that has a replica, and behind nginx with the file that is
// shipped for it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Redis } from 'ioredis';
import { defaultConfig } from '../../backend/contract/config/config.ts';
import { Sender, type Manner, type Reply, type Sent } from '../support/soak/send.ts';
import { shippedWith, startNginx, type Nginx } from '../support/shipped-nginx.ts';
import { startValkey, type Valkey } from '../support/valkey.ts';
import { eventually } from '../support/waiting.ts';
import { DOOR, Node, type Settings } from './node.ts';
import { NODES, type Network, type NodeName, type StoreName } from './network.ts';
import { Ollama } from './ollamas.ts';
import { MOST_WORDS } from './run-words.ts';
import type { Ran } from './fake-main.ts';

const VALKEY_PORT = 6379;
const SHIPPED = resolve('deploy/fleet/nginx.conf');
/** How many a gateway, and its Ollama, runs at the same time, where nobody says otherwise. */
export const SLOTS = 4;

export interface FleetOptions {
  readonly settings?: Settings;
  /** Further variables of the environment of one gateway. */
  readonly env?: Partial<Record<NodeName, Readonly<Record<string, string>>>>;
  /** Settings of Valkey beside those of deploy/fleet/compose.yaml. */
  readonly valkey?: Readonly<Record<string, string>>;
  /** Milliseconds between two words of an answer. */
  readonly pieceMs?: number;
  /** How many a gateway, and its Ollama, runs at the same time. */
  readonly slots?: number;
  /** How many of the gateways are started. Default: all. */
  readonly gateways?: number;
}

export class Fleet {
  readonly network: Network;
  readonly nodes: readonly [Node, Node, Node];
  readonly stores: Readonly<Record<StoreName, Valkey>>;
  /** For how long a gateway waits for Valkey (cluster.timeout_ms), and how long the longest answer takes that says nothing of it. */
  readonly timeoutMs: number;
  readonly longestRunMs: number;
  readonly #ollamas: readonly Ollama[];
  readonly #nginx: Nginx;
  readonly #folder: string;
  readonly #front: Sender;
  #isClosed = false;
  readonly #clients = new Map<StoreName, Redis>();

  private constructor(parts: {
    readonly network: Network;
    readonly nodes: readonly [Node, Node, Node];
    readonly stores: Readonly<Record<StoreName, Valkey>>;
    readonly ollamas: readonly Ollama[];
    readonly nginx: Nginx;
    readonly folder: string;
    readonly timeoutMs: number;
    readonly longestRunMs: number;
  }) {
    this.network = parts.network;
    this.nodes = parts.nodes;
    this.stores = parts.stores;
    this.timeoutMs = parts.timeoutMs;
    this.longestRunMs = parts.longestRunMs;
    this.#ollamas = parts.ollamas;
    this.#nginx = parts.nginx;
    this.#folder = parts.folder;
    this.#front = new Sender(`http://${this.network.address('nginx', 'front')}:${DOOR}`, 120_000);
  }

  /** Starts all of it; resolves when every gateway uses Valkey. */
  static async open(network: Network, options: FleetOptions = {}): Promise<Fleet> {
    const { settings = {}, env = {}, valkey = {}, pieceMs = 2, slots = SLOTS, gateways = NODES.length } = options;
    const folder = await mkdtemp(join(tmpdir(), 'hearth-fleet-'));
    // A primary would wait for five seconds whether another replica comes.
    const kept = { appendonly: 'yes', maxmemory: '2gb', 'repl-diskless-sync-delay': '0', ...valkey };
    const store = (name: StoreName, address: string, more: Readonly<Record<string, string>>): Promise<Valkey> =>
      startValkey({ ...kept, ...more }, { under: network.on(name), address, port: VALKEY_PORT });
    network.moveService('valkey-1');
    const first = await store('valkey-1', network.service, {});
    const second = await store('valkey-2', network.service, {});
    const ollamas = await Promise.all(NODES.map((node) => Ollama.start(network, node, { slots, pieceMs })));
    const made = NODES.map(
      (name) =>
        new Node({
          network,
          name,
          folder: join(folder, name),
          valkeyUrl: first.url,
          settings: { 'queue.max_concurrent': slots, 'queue.max_queue_size': 1000, 'queue.settle_ms': 0, ...settings },
          env: env[name] ?? {},
        }),
    );
    const nodes = made as unknown as readonly [Node, Node, Node];
    const doors = NODES.map((node) => `${network.address(node, 'front')}:${DOOR}`);
    const nginx = await startNginx(shippedWith(await readFile(SHIPPED, 'utf8'), doors), network.on('nginx'));
    const stores = { 'valkey-1': first, 'valkey-2': second };
    const timeoutMs = Number(settings['cluster.timeout_ms'] ?? defaultConfig().cluster.timeout_ms);
    const longestRunMs = MOST_WORDS * Math.max(0, pieceMs);
    const fleet = new Fleet({ network, nodes, stores, ollamas, nginx, folder, timeoutMs, longestRunMs });
    await fleet.follow('valkey-2', 'valkey-1');
    await Promise.all(
      nodes.slice(0, gateways).map(async (node) => {
        await node.start();
        await node.joined();
      }),
    );
    return fleet;
  }

  /** By nginx, as callers do. */
  ask(sent: Sent, manner: Manner = {}): Promise<Reply> {
    return this.#front.send(sent, manner);
  }

  node(name: NodeName): Node {
    return this.nodes[NODES.indexOf(name) as 0 | 1 | 2];
  }

  /** All that the Ollamas have run. */
  async ran(): Promise<readonly Ran[]> {
    return (await Promise.all(this.#ollamas.map((each) => each.ran()))).flat();
  }

  // ---- Valkey

  /** A connection to one of the two by itself. */
  valkey(name: StoreName): Redis {
    const known = this.#clients.get(name);
    if (known !== undefined) return known;
    const client = new Redis(VALKEY_PORT, this.network.address(name, 'back'), {
      retryStrategy: (times) => Math.min(500, 20 * times),
      maxRetriesPerRequest: null,
    });
    client.on('error', () => undefined);
    this.#clients.set(name, client);
    return client;
  }

  /** One becomes the replica of the other; resolves when it has all that the other has. */
  async follow(replica: StoreName, primary: StoreName): Promise<void> {
    await this.valkey(replica).replicaof(this.network.address(primary, 'back'), VALKEY_PORT);
    await eventually(
      'the replica has it all',
      async () => /master_link_status:up/.test(await this.valkey(replica).info('replication')),
      { limitMs: 60_000 },
    );
  }

  /** The replica becomes the primary, and has the address. */
  async promote(name: StoreName): Promise<void> {
    await this.valkey(name).call('REPLICAOF', 'NO', 'ONE');
    this.network.moveService(name);
  }

  // ---- its end

  /** Stops all of it. Throws Broken where a gateway does not end in good order. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      for (const node of this.nodes) await node.stop();
    } finally {
      for (const client of this.#clients.values()) client.disconnect();
      this.#front.close();
      await this.#nginx.stop();
      for (const ollama of this.#ollamas) await ollama.stop();
      for (const valkey of Object.values(this.stores)) await valkey.stop();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}
