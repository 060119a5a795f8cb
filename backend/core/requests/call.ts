// What goes into the gateway and what comes out: a request in the one form that every route translates to, and its answer.
// Types alone.
import type { ChatEvent, Completion } from '../../contract/chat/chat.ts';
import type { CachePlan, CacheWish } from '../cache/policy.ts';
import type { Config } from '../../contract/config/config.ts';
import type { Family, InstalledModel, UpstreamRequest } from '../ports.ts';
import type { Ended } from './at-once.ts';
import type { KeptAnswer } from '../cache/record.ts';
import type { ReplayMode } from '../cache/replay.ts';
import type { CacheOutcome, Ticket, TicketOptions } from './ticket.ts';

/** As cache.drop_in says it. */
export type CacheDefault = 'always' | 'deterministic' | 'off';

/** One request, in the form that every route translates to. */
export interface ChatCall extends TicketOptions {
  /** In the form of which of Ollama's routes `request` is. */
  readonly family: Family;
  readonly request: UpstreamRequest;
  /** Whether `think` is ignored for a model that can't think. Else Ollama refuses it. */
  readonly thinksIfAble?: boolean;
  /** Callers with different namespaces never share an answer. */
  readonly namespace: string;
  /** What the caller asks of the cache, strongest first. */
  readonly wishes: readonly CacheWish[];
  /** Whether this route caches when nobody asks for anything: always, never, or only what has one possible answer. */
  readonly cacheByDefault: CacheDefault;
  /** What cache.fresh_when names of this request, in short; undefined when nothing. A new one asks the model anew. */
  readonly mark?: string | undefined;
  /** Another gateway hands it on, and waits for its answer. */
  readonly isHandedOn?: boolean | undefined;
  readonly replay: ReplayMode;
  /** Whether somebody reads the answer as it comes; jobs and JSON are read when they are whole. */
  readonly streamed: boolean;
}

/** What the cache does for a request that may be run. */
export interface ToKeep extends CacheOutcome {
  /** The key for its answer; see Keyed. */
  keepAs(): string | undefined;
}

/** A question that was understood before; the question itself is not held. */
export interface Known {
  /** What is told of each request that asks it. */
  readonly about: Pick<Ended, 'route' | 'model' | 'caller' | 'owner'>;
  readonly plan: CachePlan;
  readonly key: string;
  readonly mark: string | undefined;
  readonly pinned: CacheOutcome['pinned'];
  /** How long its model is to stay loaded, by the caller's wish, in seconds. */
  readonly keepAlive: number | undefined;
  /** When one of these changes, the question may mean something else. */
  readonly model: InstalledModel;
  readonly config: Config;
  readonly url: string;
  readonly version: string | undefined;
}

/** An answer that waits, runs or is kept; its ticket says which. Close it in any case; twice is harmless. */
export interface Answer {
  readonly ticket: Ticket;
  /** Of a kept answer: how its question is known again; see Gateway.again. */
  readonly known?: Known | undefined;
  /** The answer as it comes, to its end event. Read it once. Throws AppError. */
  readonly events: AsyncIterable<ChatEvent>;
  /** The whole answer; instead of reading the events. A hit is there at once. */
  whole(): KeptAnswer | Promise<Completion>;
  /** One more reader of the same events, for somebody who looks on. */
  tail(signal: AbortSignal): AsyncIterable<ChatEvent>;
  close(): void;
}
