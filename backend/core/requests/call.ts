// The input and output of the gateway: a request in the form that every route translates to, and its answer. Types
// only.
import type { ChatEvent, Completion } from '../../contract/chat/chat.ts';
import type { CachePlan, CacheWish } from '../cache/policy.ts';
import type { Config } from '../../contract/config/config.ts';
import type { Family, InstalledModel, UpstreamRequest } from '../ports.ts';
import type { Ended } from './at-once.ts';
import type { KeptAnswer } from '../cache/record.ts';
import type { ReplayMode } from '../cache/replay.ts';
import type { CacheOutcome, Ticket, TicketOptions } from './ticket.ts';

/** The values of cache.drop_in. */
export type CacheDefault = 'always' | 'deterministic' | 'off';

/** One request, in the form that every route translates to. */
export interface ChatCall extends TicketOptions {
  /** The route of Ollama whose form `request` has. */
  readonly family: Family;
  readonly request: UpstreamRequest;
  /** Whether to drop `think` for a model that can't think, which Ollama would refuse. */
  readonly thinksIfAble?: boolean;
  /** Callers with different namespaces never share an answer. */
  readonly namespace: string;
  /** The caller's cache wishes, strongest first. */
  readonly wishes: readonly CacheWish[];
  /** Whether this route caches by default: always, never, or only deterministic answers. */
  readonly cacheByDefault: CacheDefault;
  /**
   * A short form of what cache.fresh_when names of this request; undefined for none. A new mark asks the model anew.
   */
  readonly mark?: string | undefined;
  /** Another gateway handed it on, and waits for its answer. */
  readonly isHandedOn?: boolean | undefined;
  readonly replay: ReplayMode;
  /** Whether the answer is streamed to its caller; jobs and JSON answers are read as a whole. */
  readonly streamed: boolean;
}

/** The cache plan and keys of a request that may run. */
export interface ToKeep extends CacheOutcome {
  /** The key for its answer; see Keyed. */
  keepAs(): string | undefined;
}

/** A question that was understood before. Does not hold the question itself. */
export interface Known {
  /** What is reported for each request that asks it. */
  readonly about: Pick<Ended, 'route' | 'model' | 'caller' | 'owner'>;
  readonly plan: CachePlan;
  readonly key: string;
  readonly mark: string | undefined;
  readonly pinned: CacheOutcome['pinned'];
  /** The keep_alive that the caller wants, in seconds. */
  readonly keepAlive: number | undefined;
  /** When one of these changes, the question may mean something else. */
  readonly model: InstalledModel;
  readonly config: Config;
  readonly url: string;
  readonly version: string | undefined;
}

/** An answer that waits, runs or is kept, as its ticket says. Always close it; closing twice is harmless. */
export interface Answer {
  readonly ticket: Ticket;
  /** For a kept answer: how its question is recognised again; see Gateway.again. */
  readonly known?: Known | undefined;
  /** The answer as it comes, up to its end event. Read it once. Throws AppError. */
  readonly events: AsyncIterable<ChatEvent>;
  /** The whole answer, instead of reading the events. Synchronous for a hit. */
  whole(): KeptAnswer | Promise<Completion>;
  /** Another reader of the same events, for a watcher. */
  tail(signal: AbortSignal): AsyncIterable<ChatEvent>;
  close(): void;
}
