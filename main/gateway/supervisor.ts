// Keeps the gateway in the state the user wants: one transition at a time, a taken port explained and tried again, a crash
// answered with a restart, both after growing pauses. It knows the gateway by its start function alone, and no Electron.
import type { Backend } from '../../backend/hosting.ts';
import type { Config } from '../../backend/contract/config/config.ts';
import type { GatewayFailure, GatewayView } from '../../backend/contract/window/desktop.ts';
import { AppError } from '../../backend/contract/errors.ts';
import type { Control } from '../../backend/host-control.ts';
import type { Clock, Log } from '../../backend/core/ports.ts';
import { ListenError } from '../../backend/http/wire/listen.ts';
import { addressesOf, type Interfaces } from './addresses.ts';
import { t } from '../../words/texts.ts';

/** The pause before the first restart or the next try, doubled with each up to the longest; milliseconds. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;
/** A gateway that ran this long before it crashed starts over with the first pause. */
const STEADY_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** A crashed gateway may not be able to close; then it is left behind. */
const GIVE_UP_MS = 2000;

/** Who answers on a port, as far as it says. */
export interface Holder {
  readonly hearth: boolean;
  readonly ollama?: boolean;
  readonly version?: string;
  readonly uptime_ms?: number;
}

export interface SupervisorOptions {
  start(config: Config): Promise<Backend>;
  config(): Config;
  readonly clock: Clock;
  readonly log: Log;
  /** Asks /health of whoever holds a port on this machine. */
  holderOf(port: number): Promise<Holder>;
  /** The network interfaces of this machine, as node:os tells them. */
  interfaces(): Interfaces;
  /** A free port above this one; null when none was found nearby. */
  freePortAfter(port: number): Promise<number | null>;
}

type State = GatewayView['state'];

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #listeners = new Set<() => void>();
  #state: State = 'stopped';
  #failure: GatewayFailure | null = null;
  #backend: Backend | undefined;
  #startedWith: Config | undefined;
  /** When it came up: on the wall, to be shown, and by the monotonic clock. */
  #since: { readonly shown: number; readonly at: number } | undefined;
  #crashes: number[] = [];
  #pauseMs = FIRST_PAUSE_MS;
  #restart = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get state(): State {
    return this.#state;
  }

  /** Of the gateway that runs or drains. */
  get control(): Control | undefined {
    return this.#backend?.control;
  }

  /** What the running gateway was started with. */
  get startedWith(): Config | undefined {
    return this.#startedWith;
  }

  /** Calls back after each change of state, until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  view(): GatewayView {
    const port = this.#backend?.port ?? this.#options.config().server.port;
    return {
      state: this.#state,
      port,
      ...addressesOf(this.#startedWith ?? this.#options.config(), port, this.#options.interfaces()),
      since: this.#since === undefined ? null : new Date(this.#since.shown).toISOString(),
      failure: this.#failure,
    };
  }

  /** Starts the gateway unless it runs. Never rejects: why it does not run is in `view`. */
  start(): Promise<void> {
    return this.#then(() => this.#start());
  }

  /** Lets running answers end within server.drain_timeout_ms, then stops. */
  stop(): Promise<void> {
    return this.#then(() => this.#stop());
  }

  restart(): Promise<void> {
    return this.#then(async () => {
      await this.#stop();
      await this.#start();
    });
  }

  /** The settings changed: what applies live does so at once. */
  configured(): void {
    this.#backend?.configure(this.#options.config());
  }

  /** Something in the gateway threw where nobody catches. Its state cannot be trusted: it ends and comes back. */
  crashed(error: unknown): Promise<void> {
    return this.#inTurn(async () => {
      const { clock, log } = this.#options;
      const now = clock.elapsed();
      log.error({ err: error }, this.#backend === undefined ? 'a fault while no gateway runs' : 'the gateway crashed');
      // Errors that it still throws while it ends do not change the restart that is planned.
      if (this.#backend === undefined) return;
      if (now - (this.#since?.at ?? now) > STEADY_MS) this.#pauseMs = FIRST_PAUSE_MS;
      this.#crashes = [...this.#crashes.filter((at) => now - at < DAY_MS), now];
      const pause = this.#pauseMs;
      this.#pauseMs = Math.min(pause * 2, LONGEST_PAUSE_MS);
      await this.#close((backend) => backend.abandon(), GIVE_UP_MS);
      this.#set('failed', {
        kind: 'crashed',
        sentence: t('main.ended', { reason: error instanceof Error ? error.message : String(error) }),
        restarts_at: new Date(clock.now() + pause).toISOString(),
        times_today: this.#crashes.length,
      });
      void this.#startAfter(pause);
    });
  }

  /** After a pause, unless the user wishes something meanwhile. `tries`: how often the port was taken before. */
  async #startAfter(ms: number, tries = 0): Promise<void> {
    const { signal } = this.#restart;
    await this.#options.clock.sleep(ms, signal).catch(() => undefined);
    await this.#inTurn(async () => void (signal.aborted || (await this.#start(tries))));
  }

  /** A wish of the user ends a waiting restart. */
  #then(transition: () => Promise<void>): Promise<void> {
    return this.#inTurn(() => {
      this.#restart.abort();
      this.#restart = new AbortController();
      return transition();
    });
  }

  /** Runs transitions one after the other, in the order in which they were asked for. */
  #inTurn(transition: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(transition);
    // A transition that throws is reported to its caller; the ones after it, such as Quit, still run.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** A repeated try of our own is shown and logged again only when it ends differently. */
  async #start(tries = 0): Promise<void> {
    if (this.#backend !== undefined) return;
    const config = this.#options.config();
    if (tries === 0) this.#set('starting', null);
    try {
      this.#backend = await this.#options.start(config);
    } catch (error) {
      const failure = await this.#explained(error);
      if (tries === 0) this.#logFailure(error);
      this.#set('failed', failure);
      if (failure.kind === 'port_taken') void this.#startAfter(pauseAfter(tries), tries + 1);
      return;
    }
    this.#startedWith = config;
    this.#since = { shown: this.#options.clock.now(), at: this.#options.clock.elapsed() };
    // What was saved while it started.
    this.configured();
    this.#set('running', null);
  }

  /** The reason why a port cannot be opened is a whole sentence already. */
  #logFailure(error: unknown): void {
    if (error instanceof ListenError) this.#options.log.error({}, error.message);
    else this.#options.log.error({ err: error }, 'the gateway could not be started');
  }

  async #explained(error: unknown): Promise<GatewayFailure> {
    if (!(error instanceof ListenError) || error.code !== 'EADDRINUSE') {
      return { kind: 'other', sentence: error instanceof Error ? error.message : String(error) };
    }
    const { port } = error;
    const holder = await this.#options.holderOf(port);
    return { kind: 'port_taken', port, holder, next_port: await this.#options.freePortAfter(port) };
  }

  async #stop(): Promise<void> {
    if (this.#backend !== undefined) {
      this.#set('draining', null);
      await this.#close((backend) => backend.stop());
    }
    this.#set('stopped', null);
  }

  /** `limitMs`: how long it may take, when it may not take as long as it wants. */
  async #close(end: (backend: Backend) => Promise<void>, limitMs?: number): Promise<void> {
    const { clock, log } = this.#options;
    const closing = end(this.#backend as Backend).catch((error: unknown) => {
      log.error({ err: error }, 'the gateway could not be stopped cleanly');
    });
    const enough = new AbortController();
    const limit = limitMs === undefined ? [] : [clock.sleep(limitMs, enough.signal).catch(() => undefined)];
    await Promise.race([closing, ...limit]);
    enough.abort();
    this.#backend = undefined;
    this.#startedWith = undefined;
    this.#since = undefined;
  }

  #set(state: State, failure: GatewayFailure | null): void {
    this.#state = state;
    this.#failure = failure;
    for (const listener of this.#listeners) listener();
  }
}

function pauseAfter(tries: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS);
}

/** The controls of the gateway that runs. Throws shutting_down when none does. */
export function running(supervisor: Supervisor): Control {
  const { control } = supervisor;
  if (control === undefined || supervisor.state !== 'running') {
    throw new AppError('shutting_down', t('main.no_gateway'));
  }
  return control;
}
