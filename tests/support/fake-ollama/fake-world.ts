// All state of one fake Ollama in one place: disk, memory, scripts, gates, counters and the record of calls.
// Deliberately no HTTP: fake-ollama.ts listens, fake-routes.ts answers.
import { Call } from './fake-call.ts';
import type { CallKind, Instead, RecordedCall, Scripted } from './fake-call.ts';
import { Gates, Watchers } from './fake-events.ts';
import type { Gate } from './fake-events.ts';
import { Catalogue, DEFAULT_MODELS } from './fake-models.ts';
import type { FakeModel } from './fake-models.ts';
import type { ScriptedPull } from './fake-pull.ts';
import { Scheduler } from './fake-scheduler.ts';
import type { Client } from './fake-wire.ts';

/** How a fake Ollama is made. */
export interface FakeOptions {
  /** Installed at the start and again after `reset()`. Default: DEFAULT_MODELS. */
  readonly models?: readonly FakeModel[];
  /** What /api/pull can fetch; another name fails as an unknown one does. Default: any name can be pulled. */
  readonly registry?: readonly FakeModel[];
  /** The machine has no network: nothing can be pulled. Default false. */
  readonly offline?: boolean;
  /** TCP port on 127.0.0.1; 0 (default) = a free one. */
  readonly port?: number;
  /** Default `0.33.0`. */
  readonly version?: string;
  /** Milliseconds between pieces; see Scripted.pieceMs. Default 0. */
  readonly pieceMs?: number;
  /** OLLAMA_NUM_PARALLEL: runs at once per completion model. Default 1; embedding models always have 1. */
  readonly parallel?: number;
  /** OLLAMA_MAX_QUEUE: requests waiting for a load or an eviction before 503. Default 512. */
  readonly maxQueue?: number;
  /** OLLAMA_MAX_LOADED_MODELS. Default 3; 1 = models evict each other. */
  readonly maxLoaded?: number;
  /** OLLAMA_KEEP_ALIVE in milliseconds. Default 300000. */
  readonly keepAliveMs?: number;
  /** How many calls are kept at least; older ones are dropped. Default 10000. */
  readonly keepCalls?: number;
  /** Every request must carry `Authorization: Bearer <this>`, else 401, as behind a proxy that asks for a key. Default: none asked for. */
  readonly apiKey?: string;
  /** On every answer, as a proxy in front of Ollama adds some. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A script made from the request; asked when neither `when`, `next` nor `always` has one. */
  readonly answer?: (call: RecordedCall) => Scripted | undefined;
}

interface Rule {
  readonly match: (call: RecordedCall) => boolean;
  readonly script: Scripted;
}

interface Detour {
  readonly match: (call: RecordedCall) => boolean;
  readonly answer: Instead;
}

const DEFAULT_VERSION = '0.33.0';
const NORMAL: Scripted = {};

export class World {
  readonly options: FakeOptions;
  readonly catalogue: Catalogue;
  readonly scheduler: Scheduler;
  /** Held runs, held loads, and held everything (`hang`). */
  readonly runGates = new Gates();
  readonly loadGates = new Gates();
  readonly doorGates = new Gates();
  readonly watchers = new Watchers();
  readonly clients = new Set<Client>();
  /** Digests of uploaded blobs, with `sha256:`. */
  readonly blobs = new Set<string>();
  /** What has come of the parts of models that were pulled, by digest; it stays, as on a disk. */
  readonly partial = new Map<string, number>();
  readonly pulls: ScriptedPull[] = [];
  calls: Call[] = [];
  active = 0;
  peak = 0;
  open = 0;
  peakOpen = 0;
  fallback: Scripted | undefined;
  readonly queued: Scripted[] = [];
  readonly rules: Rule[] = [];
  readonly #detours = new Set<Detour>();
  /** Of the server that runs now. */
  version: string;
  #lastId = 0;

  constructor(options: FakeOptions) {
    this.options = options;
    this.version = options.version ?? DEFAULT_VERSION;
    this.catalogue = new Catalogue(options.models ?? DEFAULT_MODELS);
    const settings = {
      parallel: options.parallel ?? 1,
      maxQueue: options.maxQueue ?? 512,
      maxLoaded: options.maxLoaded ?? 3,
      keepAliveMs: options.keepAliveMs ?? 300_000,
    };
    this.scheduler = new Scheduler(settings, this.loadGates, this.changed);
  }

  /** Bound, for it is handed to everyone who changes something. */
  readonly changed = (): void => this.watchers.changed();

  newCall(method: string, path: string, headers: RecordedCall['headers']): Call {
    const call = new Call(++this.#lastId, method, path, headers);
    const keep = this.options.keepCalls ?? 10_000;
    // Many at a time now and then: shifting a long array at every request is slow.
    if (this.calls.length >= 2 * keep) this.calls = this.calls.slice(-keep);
    this.calls.push(call);
    return call;
  }

  /** The script of the next model call; takes it from `next`'s list. */
  script(call: Call): Scripted {
    const rule = this.rules.find(({ match }) => match(call));
    return rule?.script ?? this.queued.shift() ?? this.fallback ?? this.options.answer?.(call) ?? NORMAL;
  }

  /** Until the gate is released, what matches is answered in Ollama's place; the newest one that matches wins. */
  detour(match: Detour['match'], answer: Instead): Gate {
    const detour = { match, answer };
    this.#detours.add(detour);
    return { release: () => void this.#detours.delete(detour) };
  }

  insteadOf(call: Call): Instead | undefined {
    return [...this.#detours].findLast(({ match }) => match(call))?.answer;
  }

  /** Counts a model call in, from its acceptance to its end. */
  async during(kind: CallKind & ('run' | 'embed'), call: Call, work: () => Promise<void>): Promise<void> {
    call.kind = kind;
    this.open++;
    this.peakOpen = Math.max(this.peakOpen, this.open);
    this.changed();
    try {
      await work();
    } finally {
      this.open--;
      this.changed();
    }
  }

  enter(): void {
    this.active++;
    this.peak = Math.max(this.peak, this.active);
    this.changed();
  }

  leave(): void {
    this.active--;
    this.changed();
  }

  reset(): void {
    for (const gates of [this.runGates, this.loadGates, this.doorGates]) gates.releaseAll();
    this.scheduler.unloadAll();
    this.scheduler.loads.length = 0;
    this.catalogue.replaceAll(this.options.models ?? DEFAULT_MODELS);
    this.blobs.clear();
    this.partial.clear();
    this.pulls.length = 0;
    this.calls = [];
    this.queued.length = 0;
    this.rules.length = 0;
    this.#detours.clear();
    this.version = this.options.version ?? DEFAULT_VERSION;
    this.fallback = undefined;
    this.peak = this.active;
    this.peakOpen = this.open;
    this.#lastId = 0;
    this.changed();
  }
}
