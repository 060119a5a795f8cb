// The watch over Ollama: whether it answers, which models it has and holds loaded, and the breaker in front of it. The
// watch only probes and remembers: it loads nothing, keeps nothing warm and starts no program.
import { AppError, asAppError, faultOf } from '../contract/errors.ts';
import { withoutUserinfo } from '../contract/secret.ts';
import type {
  Clock,
  InstalledModel,
  LoadedModel,
  Log,
  ReadConfig,
  Upstream,
  UpstreamState,
  Watch,
} from '../core/ports.ts';
import { Breaker } from './breaker.ts';
import { nobodyThere, notAgainYet } from './failure.ts';
import { versionOf } from './greeting.ts';
import { Installed } from './installed.ts';
import { logChange } from './log-change.ts';
import { shared } from './shared-work.ts';
import { ANSWERED, identity, UNASKED, unknownState } from './upstream-state.ts';
import { orAborted, OVER } from '../core/abort.ts';

/** Pause between two probes. Milliseconds. */
const PROBE_UP_MS = 15_000;
const PROBE_DOWN_MS = 2000;
/** A machine that woke up may find its network late: for this long Ollama is not reported down. Milliseconds. */
const WAKING_MS = 10_000;
const PROBE_WAKING_MS = 500;
/** Milliseconds that a probe waits for the lists before it reports that Ollama is up. */
const LISTS_MS = 500;

export interface WatchOptions {
  readonly upstream: Pick<Upstream, 'tags' | 'ps' | 'version'>;
  /** The name in `[[upstreams]]`. */
  readonly name?: string | undefined;
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each change of anything but the latency; never without a change. */
  onChange(state: UpstreamState): void;
}

export interface StartedWatch extends Watch {
  /** Starts probing, at once and then at intervals. A second call does nothing. */
  start(): void;
  /** Ends the probing and every lookup for good; resolves when nothing runs any more. */
  stop(): Promise<void>;
  /** Probes at once, with all forgotten if `ollama.api_url` changed. Resolves after the probe; never rejects. */
  reconfigured(): Promise<void>;
  /** A call is silent: probes at once, unless Ollama is known to be down. */
  doubt(): void;
  /** The machine woke up: probes at once, and ignores failed probes for a moment. */
  woke(): void;
}

/** Makes a watch that does nothing until `start`, except what `resolve` and `refreshLoaded` ask of it. */
export function createWatch({ upstream, name, config, clock, log, onChange }: WatchOptions): StartedWatch {
  const life = new AbortController();
  let shown = { configured: '', address: '' };
  /** The current address; read for each request. */
  const address = (): string => {
    const configured = config().ollama.api_url;
    if (shown.configured !== configured) shown = { configured, address: withoutUserinfo(configured) };
    return shown.address;
  };
  let breaker = new Breaker(clock.elapsed);
  let installed = newList();
  let loaded: readonly LoadedModel[] = [];
  let state = unknownState(address());
  let told = identity(state);
  /** Numbers of the last request to /api/ps, and of the request whose answer is shown. */
  let psAsked = 0;
  let psShown = 0;
  /** See UpstreamState.away. */
  let away = true;
  /** The last call through Hearth succeeded: the server is an Ollama, whatever else it does not report. */
  let works = false;
  let wakingUntil = -Infinity;
  /** The last probe found nobody, while the machine was waking up. */
  let missed = false;
  let pause = new AbortController();
  let running: Promise<void> | undefined;

  function publish(change: Partial<UpstreamState> = {}): void {
    const before = state;
    state = { ...state, ...change, away, breaker: breaker.state, installed: installed.list, loaded };
    const now = identity(state);
    if (now === told) return;
    told = now;
    // During a replay the changes of Ollama's stand-in are not logged.
    if (config().cache.mode !== 'replay') logChange(log, before, state);
    onChange(state);
  }

  function newList(): Installed {
    const staleMs = (): number => config().cache.stale_model_list_s * 1000;
    return new Installed(() => upstream.tags(life.signal), clock.elapsed, staleMs);
  }

  /** Starts over when the configuration names another address than `state` has. */
  function followAddress(): void {
    const url = address();
    if (url === state.url) return;
    breaker = new Breaker(clock.elapsed);
    installed = newList();
    loaded = [];
    psShown = psAsked;
    away = true;
    works = false;
    probe.forget();
    publish(unknownState(url));
  }

  async function lookLoaded(signal: AbortSignal): Promise<readonly LoadedModel[]> {
    const asked = ++psAsked;
    const list = await upstream.ps(signal);
    // An answer must not overwrite that of a later request.
    if (asked > psShown) {
      psShown = asked;
      loaded = list;
    }
    return list;
  }

  const probe = shared(async (current) => {
    const obsolete = (): boolean => !current() || life.signal.aborted;
    const startedAt = clock.elapsed();
    try {
      let listed: Promise<void> | undefined;
      const version = await versionOf(
        () => upstream.version(life.signal),
        () => (listed = installed.look()),
      ).catch((error: unknown) => {
        // It reports neither version nor models, but chats work.
        if (works && !UNASKED.has(asAppError(error).code)) return undefined;
        throw error;
      });
      if (obsolete()) return;
      const latency = clock.elapsed() - startedAt;
      breaker.succeeded();
      // Ollama is up whatever the lists say: servers before 0.1.33 have no /api/ps. A late list is published when it
      // comes.
      const lists = Promise.allSettled([lookLoaded(life.signal), listed ?? installed.look()]);
      await within(LISTS_MS, lists, () => !obsolete() && publish());
      if (obsolete()) return;
      away = false;
      missed = false;
      publish({ status: 'up', version, latency_ms: latency, reason: undefined, code: undefined, foreign: false });
    } catch (error) {
      if (obsolete()) return;
      const failure = asAppError(error);
      // Without a file handle nothing was asked, so nothing has changed.
      if (failure.code === 'overloaded') return;
      missed = clock.elapsed() < wakingUntil && failure.code === 'upstream_unreachable' && state.status === 'up';
      if (missed) return;
      if (failure.code === 'internal') log.error(faultOf(error), 'A probe of Ollama failed in Hearth itself');
      away = failure.code === 'upstream_unreachable';
      if (away) breaker.failed();
      installed.unavailable();
      loaded = [];
      const { code, message: reason } = failure;
      publish({ status: 'down', reason, code, foreign: ANSWERED.has(code) });
    }
  });

  /** Resolves when the work has ended, or after `ms`; in the latter case calls `late` when the work ends. */
  async function within(ms: number, work: Promise<unknown>, late: () => void): Promise<void> {
    const enough = new AbortController();
    const limit = clock.sleep(ms, enough.signal).then(
      () => void work.then(late),
      () => undefined,
    );
    await Promise.race([work, limit]);
    enough.abort(OVER);
  }

  async function keepProbing(): Promise<void> {
    while (!life.signal.aborted) {
      pause = new AbortController();
      followAddress();
      await probe.run();
      const ms = missed ? PROBE_WAKING_MS : state.status === 'up' ? PROBE_UP_MS : PROBE_DOWN_MS;
      await clock.sleep(ms, pause.signal).catch(() => undefined);
    }
  }

  async function resolve(model: string, signal: AbortSignal): Promise<InstalledModel | undefined> {
    followAddress();
    await firstLook(config().ollama.connect_timeout_ms, signal);
    const known = installed.find(model);
    if (known !== undefined && installed.fresh) return known;
    const look = installed.look().then(
      () => publish(),
      (error: unknown) => {
        log.debug(faultOf(error), `The list of models could not be had: ${asAppError(error).logged}`);
        if (asAppError(error).code === 'upstream_unreachable') doubt();
      },
    );
    // After a recent failure nobody waits for the list: it is fetched in the background.
    if (!installed.failing) await orAborted(look, signal);
    return installed.find(model);
  }

  async function firstLook(ms: number, signal: AbortSignal): Promise<void> {
    if (isKnown()) return;
    const enough = new AbortController();
    const limit = clock.sleep(ms, enough.signal).catch(() => undefined);
    await orAborted(Promise.race([probe.run(), limit]), signal).finally(() => enough.abort(OVER));
  }

  /** A call failed, and no probe has explained that yet. */
  const inDoubt = (): boolean => away && state.status === 'up';
  /**
   * Whether the server is known. A list may come before the probe that asked for it has reported the version, and the
   * cache depends on both.
   */
  const isKnown = (): boolean => state.status !== 'unknown' && !inDoubt();

  function doubt(): void {
    if (state.status === 'up' && probe.running === undefined) pause.abort(OVER);
  }

  function publishBreaker(): void {
    if (breaker.state !== state.breaker) publish();
  }

  return {
    get state() {
      return breaker.state === state.breaker ? state : { ...state, breaker: breaker.state };
    },
    resolve,
    firstLook,
    peek(model) {
      return installed.fresh && isKnown() && address() === state.url ? installed.find(model) : undefined;
    },
    invalidate() {
      installed.expire();
      psShown = psAsked;
      pause.abort(OVER);
    },
    async refreshLoaded(signal) {
      followAddress();
      const list = await lookLoaded(signal);
      publish();
      return list;
    },
    get currentList() {
      return installed.fresh && !installed.failing ? installed.list : undefined;
    },
    admit() {
      const wait = breaker.enter();
      publishBreaker();
      if (wait === 0) return;
      throw notAgainYet({ url: state.url, name }, wait);
    },
    async find(signal) {
      if (away) await orAborted(probe.run(), signal);
      // A probe that began before a connection broke proves nothing.
      if (inDoubt()) await orAborted(probe.run(), signal);
      if (away) throw nobodyThere({ url: state.url, name }, state.reason);
    },
    report(outcome) {
      const before = away;
      works = outcome === 'ok';
      away = !works;
      if (works) breaker.succeeded();
      if (outcome === 'unreachable') breaker.failed();
      if (away && !before) {
        // Requests on their way, and what is known, belong to the Ollama that went away.
        probe.forget();
        installed.expire();
        psShown = psAsked;
      }
      if (away !== before || breaker.state !== state.breaker) publish();
      // A call that ended otherwise than the last probe: probe now.
      if (!works || state.status !== 'up') pause.abort(OVER);
    },
    start() {
      running ??= keepProbing();
    },
    async stop() {
      life.abort(new AppError('shutting_down', 'The gateway is stopping.'));
      pause.abort(OVER);
      await Promise.allSettled([running, probe.running, installed.looking]);
    },
    doubt,
    woke() {
      wakingUntil = clock.elapsed() + WAKING_MS;
      pause.abort(OVER);
    },
    async reconfigured() {
      followAddress();
      pause.abort(OVER);
      await probe.run();
    },
  };
}
