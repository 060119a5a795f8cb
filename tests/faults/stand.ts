// A gateway as users run it, `dist/hearth.mjs` in a process of its own, before the simulated Ollama of the soak, whose every
// answer is a function of all that was asked: what reached somebody else, or is put together of two, is seen.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CacheStats, Health } from '../../backend/contract/views/control.ts';
import { startCli, type Cli } from '../support/built-cli.ts';
import {
  startFakeOllama,
  type FakeOllama,
  type RecordedCall,
  type Scripted,
} from '../support/fake-ollama/fake-ollama.ts';
import { judged } from '../support/soak/judge.ts';
import { MODELS, scriptOf, spoken, type Said } from '../support/soak/model.ts';
import { Sender, type Manner, type Reply } from '../support/soak/send.ts';
import { failureIn, objectsIn, OWN, reading, type Route } from '../support/soak/soak-routes.ts';
import { eventually } from '../support/waiting.ts';
import { Broken, hold, PATIENT } from './fault.ts';
import { roughWire, type RoughWire } from './rough-wire.ts';

export interface StandOptions {
  /** Settings by their path, as `--set` takes them. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** A program that starts the gateway, with its arguments. */
  readonly under?: readonly string[];
  /** The folder for what is kept; a new one when left out. */
  readonly folder?: string;
  /** Whether it reaches Ollama by the rough wire. */
  readonly rough?: boolean;
  /** Milliseconds between the pieces of an answer. */
  readonly pieceMs?: number;
  /** Called when a run begins at Ollama. */
  onRun?(call: RecordedCall): void;
  /** Lines of the log that belong to the fault, though they are errors. */
  readonly mayLog?: RegExp;
}

/** How a question is put. */
export interface Ask {
  readonly route?: Route;
  readonly stream?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  readonly manner?: Manner;
  readonly model?: string;
}

/** A failure as a caller sees it. */
export interface Failure {
  readonly status: number;
  readonly code: unknown;
  readonly error: string;
}

const ERROR_LEVEL = 50;

export class Stand {
  readonly fake: FakeOllama;
  readonly wire: RoughWire;
  /** Where the gateway keeps its files. */
  readonly folder: string;
  readonly #options: StandOptions;
  readonly #scripts: Scripted[];
  readonly #ownFolder: boolean;
  #cli: Cli | undefined;
  #sender: Sender | undefined;
  #url = '';
  #texts = 0;

  private constructor(
    parts: { fake: FakeOllama; wire: RoughWire; folder: string; scripts: Scripted[] },
    options: StandOptions,
  ) {
    this.fake = parts.fake;
    this.wire = parts.wire;
    this.folder = parts.folder;
    this.#scripts = parts.scripts;
    this.#options = options;
    this.#ownFolder = options.folder === undefined;
  }

  static async open(options: StandOptions = {}): Promise<Stand> {
    const scripts: Scripted[] = [];
    const fake = await startFakeOllama({
      models: MODELS,
      answer: (call) => {
        if (call.kind === 'run') options.onRun?.(call);
        return { ...scriptOf(call), ...(call.kind === 'run' ? scripts.shift() : undefined) };
      },
      pieceMs: options.pieceMs ?? 0,
      parallel: 4,
      keepCalls: 20_000,
    });
    const wire = await roughWire(fake.port);
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'hearth-faults-')));
    return new Stand({ fake, wire, folder, scripts }, options);
  }

  get url(): string {
    return this.#url;
  }

  get pid(): number {
    return this.cli.child.pid ?? 0;
  }

  get cli(): Cli {
    if (this.#cli === undefined) throw new Error('the gateway was not started');
    return this.#cli;
  }

  get sender(): Sender {
    if (this.#sender === undefined) throw new Error('the gateway was not started');
    return this.#sender;
  }

  // ---- its life

  /** Starts the gateway. Resolves with the milliseconds from its start to its ready line. */
  async start(): Promise<number> {
    const startedAt = performance.now();
    const cli = this.launch();
    this.#url = await cli.ready();
    const ms = performance.now() - startedAt;
    this.#sender = new Sender(this.#url, PATIENT.limitMs);
    await eventually('the gateway sees Ollama', async () => (await this.health()).upstream.state === 'up', PATIENT);
    return ms;
  }

  /** Begins to start it. */
  launch(): Cli {
    const { settings = {}, env = {}, under = [], rough = false } = this.#options;
    const all = {
      'ollama.api_url': rough ? this.wire.url : this.fake.url,
      'ollama.model': 'llama3.2',
      'server.drain_timeout_ms': 1000,
      'log.level': 'warn',
      ...settings,
    };
    this.#cli = startCli({
      args: ['serve', '--port', '0', ...Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${value}`])],
      env: { HEARTH_DATA_DIR: this.folder, HOME: this.folder, ...env },
      cwd: this.folder,
      under,
    });
    return this.#cli;
  }

  /** Ends it at once, as a loss of power does. Resolves when it is gone. Throws Broken where its log tells of a bug. */
  async kill(): Promise<void> {
    this.cli.child.kill('SIGKILL');
    await this.cli.exit();
    this.#sender?.close();
    this.#checkLog();
  }

  /** Tells it to stop. Throws Broken where it does not end in good order. */
  async stop(): Promise<void> {
    this.cli.child.kill('SIGTERM');
    const code = await this.cli.exit();
    this.#sender?.close();
    hold(code === 0, `told to stop, it ended with ${String(code)}: ${this.cli.err.slice(-1000)}`);
  }

  /** Stops everything; throws Broken where something is left over, or the log tells of a bug. */
  async close(): Promise<void> {
    try {
      if (this.#cli?.child.exitCode === null && this.#cli.child.signalCode === null) await this.stop();
      if (this.#cli !== undefined) this.#checkLog();
    } finally {
      this.#cli?.child.kill('SIGKILL');
      await this.fake.stop();
      await this.wire.close();
      if (this.#ownFolder) await rm(this.folder, { recursive: true, force: true });
    }
    hold(this.fake.open === 0, `${this.fake.open} calls to Ollama were left open`);
  }

  #checkLog(): void {
    const { mayLog } = this.#options;
    const bad = this.cli.err
      .split('\n')
      // The last line of one that was killed may be cut.
      .slice(0, -1)
      .filter((line) => isError(line) && mayLog?.test(line) !== true);
    hold(bad.length === 0, `the log tells of errors: ${bad.slice(0, 3).join('\n')}`);
  }

  // ---- what Ollama does

  /** What the next runs do beside what they say, in order. */
  next(...scripts: readonly Scripted[]): void {
    this.#scripts.push(...scripts);
  }

  // ---- what callers do

  /** A question that was not asked before. */
  fresh(): string {
    return `#${++this.#texts} fine: 灯 in the window 👩‍👩‍👧 ${this.#texts}`;
  }

  /** What the model says to a question. */
  due(text: string, ask: Ask = {}): string {
    return spoken(saidOf(text, ask)).content;
  }

  /** Puts a question; resolves with whatever came. */
  ask(text: string, ask: Ask = {}): Promise<Reply> {
    const { route = OWN, stream = false, headers = {}, manner = {} } = ask;
    const wish = { said: saidOf(text, ask), messages: [{ role: 'user', content: text }], stream };
    const sent = { method: 'POST', path: route.path, body: route.body(wish), headers } as const;
    return this.sender.send(sent, manner);
  }

  /** Any other request. */
  send(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Reply> {
    return this.sender.send({ method, path, body });
  }

  /** Throws Broken unless this is the whole, right answer to the question. Returns where it came from, as HIT. */
  right(text: string, reply: Reply, ask: Ask = {}): string {
    const { route = OWN } = ask;
    const verdict = judged({ route, said: saidOf(text, ask), text, troubled: false }, reply);
    if ('wrong' in verdict) throw new Broken(`${verdict.wrong}\n  asked ${text}\n  came ${reply.status} ${reply.text}`);
    hold(verdict.end === 'whole', `the answer to ${text} ended as ${verdict.end}`);
    return String(reply.headers['x-cache']);
  }

  /** Throws Broken unless this is a failure whose text so far is the beginning of the right answer. */
  failed(text: string, reply: Reply, ask: Ask = {}): Failure {
    const { route = OWN } = ask;
    const read = reading(route, reply);
    const due = this.due(text, ask);
    hold(due.startsWith(read.content), `a part of another answer came: ${read.content}`);
    hold(typeof read.end === 'object', `it ended ${JSON.stringify(read.end)} where Ollama had failed: ${reply.text}`);
    const failure = objectsIn(reply).find((each) => failureIn(each) !== undefined);
    return { status: reply.status, code: failure?.['code'], error: read.end.failure };
  }

  async health(): Promise<Health> {
    const reply = await this.send('GET', '/health');
    hold(reply.status === 200, `/health said ${reply.status} ${reply.text}`);
    return JSON.parse(reply.text) as Health;
  }

  async stats(): Promise<CacheStats> {
    return JSON.parse((await this.send('GET', '/api/cache-stats')).text) as CacheStats;
  }

  /** Megabytes of memory that the gateway holds. */
  async memoryMb(): Promise<number> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) / 1024);
  }

  /** How many files and connections it has open. */
  async handles(): Promise<number> {
    return (await readdir(`/proc/${this.pid}/fd`)).length;
  }

  /**
   * That it goes on as if nothing had been: a new question gets its answer, nothing runs or waits any more, and the counts
   * add up. Throws Broken.
   */
  async isWell(): Promise<void> {
    const text = this.fresh();
    this.right(text, await this.ask(text, { stream: true }), { stream: true });
    await eventually(
      'nothing runs or waits any more',
      async () => {
        const { queue } = await this.stats();
        return queue.running.length + queue.waiting.length === 0;
      },
      PATIENT,
    );
    await eventually('Ollama has nothing to do any more', () => this.fake.open === 0, PATIENT);
    this.addsUp(await this.stats());
  }

  /** Throws Broken unless the counts of a gateway at rest add up. */
  addsUp({ response_cache: cache, queue: { totals } }: CacheStats): void {
    const sources = cache.hits + cache.misses + cache.coalesced + cache.bypassed;
    hold(sources === totals.requests, `${sources} requests by source, ${totals.requests} in all`);
    const ended = totals.completed + totals.failed + totals.cancelled;
    hold(ended === totals.requests, `${ended} requests have ended, ${totals.requests} had begun`);
  }
}

function isError(line: string): boolean {
  const { level } = JSON.parse(line) as { readonly level: number };
  return level >= ERROR_LEVEL;
}

/** What a question is for the model. */
export const saidOf = (text: string, { route = OWN, model = 'llama3.2:latest' }: Ask = {}): Said => ({
  form: route.form,
  model,
  texts: [`user: ${text}`],
  thinks: false,
  tools: false,
  seed: undefined,
});
