// A gateway of the fleet: `dist/hearth.mjs` in a process of its own, on a machine of its own, with the settings that
// deploy/fleet/compose.yaml has.
import { mkdir } from 'node:fs/promises';
import type { CacheStats, Health } from '../../backend/contract/views/control.ts';
import { hold } from '../faults/fault.ts';
import { startCli, type Cli } from '../support/built-cli.ts';
import { Sender, type Manner, type Reply, type Sent } from '../support/soak/send.ts';
import { eventually } from '../support/waiting.ts';
import type { Network, NodeName } from './network.ts';
import { OLLAMA_PORT } from './ollamas.ts';

export const DOOR = 8080;
/** nginx names itself so, and the gateways let nobody in who asks for another host. */
const HOST = { host: 'hearth' };
/** A machine that is busy with other things breaks no promise. */
const PATIENCE = { limitMs: 120_000 } as const;
const ERROR_LEVEL = 50;
/** Says of somebody that it is the fault of a Valkey that is away. */
const OF_VALKEY = /Valkey at/;

export type Settings = Readonly<Record<string, string | number | boolean>>;

export interface NodeParts {
  readonly network: Network;
  readonly name: NodeName;
  /** Where it keeps its own. */
  readonly folder: string;
  readonly valkeyUrl: string;
  readonly settings: Settings;
  /** Further variables of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export class Node {
  readonly name: NodeName;
  readonly url: string;
  readonly #parts: NodeParts;
  #cli: Cli | undefined;
  #sender: Sender;
  #ready = false;
  /** When it was killed. Milliseconds since 1970. */
  readonly killedAt: number[] = [];

  constructor(parts: NodeParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.url = `http://${parts.network.address(parts.name, 'front')}:${DOOR}`;
    this.#sender = new Sender(this.url, PATIENCE.limitMs);
  }

  /** Whether it has said that it is ready, and was not killed since. */
  get isReady(): boolean {
    return this.#ready;
  }

  get hasStarted(): boolean {
    return this.#cli !== undefined;
  }

  /** Of its program; undefined while it does not run. */
  get pid(): number | undefined {
    return this.#cli?.child.pid;
  }

  /** Starts it. Resolves with the milliseconds until it takes connections, or with undefined when it is killed before. */
  async start(): Promise<number | undefined> {
    const { network, name, folder, valkeyUrl, settings, env } = this.#parts;
    await mkdir(folder, { recursive: true });
    const all: Settings = {
      'ollama.api_url': `http://127.0.0.1:${OLLAMA_PORT}`,
      'ollama.model': 'llama3.2',
      'server.host': '0.0.0.0',
      'server.port': DOOR,
      'server.allow_anonymous': true,
      'server.allowed_hosts': 'hearth',
      'server.drain_timeout_ms': 1000,
      'cluster.url': valkeyUrl,
      'cluster.node': name,
      'log.level': 'warn',
      ...settings,
    };
    const startedAt = performance.now();
    const cli = startCli({
      args: ['serve', ...Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])],
      env: { HEARTH_DATA_DIR: folder, HOME: folder, ...env },
      cwd: folder,
      under: network.on(name),
    });
    this.#cli = cli;
    try {
      await cli.ready();
    } catch (error) {
      if (this.#cli !== cli) return undefined;
      throw error;
    }
    if (this.#cli !== cli) return undefined;
    this.#ready = true;
    return performance.now() - startedAt;
  }

  /** Ends it at once, as a loss of power does. Throws Broken where its log tells of a bug. */
  async kill(): Promise<void> {
    const cli = this.#cli;
    if (cli === undefined) return;
    this.#cli = undefined;
    this.#ready = false;
    this.killedAt.push(performance.timeOrigin + performance.now());
    cli.child.kill('SIGKILL');
    await cli.exit();
    this.#sender.close();
    this.#sender = new Sender(this.url, PATIENCE.limitMs);
    this.#checkLog(cli);
  }

  /** Tells it to stop. Throws Broken where it does not end in good order. */
  async stop(): Promise<void> {
    const cli = this.#cli;
    if (cli === undefined) return;
    this.#cli = undefined;
    this.#ready = false;
    cli.child.kill('SIGTERM');
    const code = await cli.exit();
    this.#sender.close();
    hold(code === 0, `${this.name}: told to stop, it ended with ${String(code)}: ${cli.err.slice(-1000)}`);
    this.#checkLog(cli);
  }

  #checkLog({ err }: Cli): void {
    // The last line of one that was killed may be cut.
    const lines = err.split('\n').slice(0, -1);
    const bad = lines.filter((line) => (JSON.parse(line) as { readonly level: number }).level >= ERROR_LEVEL);
    hold(bad.length === 0, `${this.name}: the log tells of errors: ${bad.slice(0, 3).join('\n')}`);
  }

  send({ headers, ...sent }: Sent, manner: Manner = {}): Promise<Reply> {
    return this.#sender.send({ ...sent, headers: { ...HOST, ...headers } }, manner);
  }

  async get(path: string): Promise<Reply> {
    return await this.send({ method: 'GET', path });
  }

  /** Does one of the actions of POST /api/cache-stats. */
  async act(action: string, data: object = {}): Promise<void> {
    const { status, text } = await this.send({ method: 'POST', path: '/api/cache-stats', body: { action, data } });
    hold(status === 200, `${this.name}: ${action} gave ${status} ${text}`);
  }

  async stats(): Promise<CacheStats> {
    return JSON.parse((await this.get('/api/cache-stats')).text) as CacheStats;
  }

  /** What it tells people of Valkey. */
  async notices(): Promise<readonly string[]> {
    const { notices = [] } = JSON.parse((await this.get('/health')).text) as Health;
    return notices.filter((each) => OF_VALKEY.test(each));
  }

  /** Resolves when it uses Valkey: only then it knows that the fleet has no such job. */
  async joined(): Promise<void> {
    await eventually(
      `${this.name} is one of the fleet`,
      async () => (await this.get('/api/chat-queue?requestId=none')).status === 404,
      PATIENCE,
    );
  }

  /** Resolves with its notice when it says that it is alone. */
  async alone(): Promise<string> {
    const [notice = ''] = await eventually(
      `${this.name} says that it is alone`,
      async () => {
        const notices = await this.notices();
        return notices.length > 0 && notices;
      },
      PATIENCE,
    );
    return notice;
  }
}
