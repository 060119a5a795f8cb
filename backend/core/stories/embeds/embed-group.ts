// A planned or running upstream call of embeds: its texts, and for whom they are. batcher.ts works with it.
import type { Asker } from '../../../contract/behind.ts';
import { mostUrgent, type Urgency } from '../../../contract/chat/chat-request.ts';
import type { Waiting } from '../../../contract/chat/chat.ts';
import type { KeepAliveRule } from '../../../contract/rules/queue-rule.ts';
import type { RunnerSpec, UpstreamRequest } from '../../ports.ts';
import type { Asks } from '../../queue/waiter.ts';
import type { Load } from '../../requests/trace.ts';
import type { Vector } from '../../cache/vector-record.ts';
import { apart } from '../chat/on-behalf.ts';

export type EmbedFamily = 'embed' | 'embeddings';

/** What a request wants embedded. */
export interface EmbedWish {
  readonly family: EmbedFamily;
  /** The request without its texts. */
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  readonly texts: readonly string[];
  readonly caller: string;
  /** The request as it is described to waiters behind it. */
  readonly asks: Asks;
  /** Whose keep_alive applies. */
  readonly keepAlive?: KeepAliveRule | undefined;
  /** Whether it may share texts that were sent for another request. */
  readonly share: boolean;
  urgency(): Urgency;
  /** The flight that its ticket names. */
  readonly flight: string;
  onWaiting(waiting: Waiting): void;
  /** Milliseconds that it waited in the queue of another machine, and whether it may move to another one; see Stay. */
  readonly stoodMs?: number | undefined;
  readonly mayLeave?: (() => boolean) | undefined;
  /** Called when it is queued or runs; until then it may be refused. May be called more than once. */
  onAccepted(): void;
}

/** The vectors of a call by text. For several calls, the longest load counts. */
export interface Result {
  readonly vectors: ReadonlyMap<string, Vector>;
  /** Nanoseconds of loading, by Hearth and by Ollama. */
  readonly loadDuration: number;
  /** The load that Hearth waited for first. */
  readonly load: Load;
}

/** The vectors by text, and Ollama's own figures if a call was made for this request alone. */
export interface Embedded extends Result {
  /** Every text was already being computed for another request. */
  readonly shared: boolean;
}

export interface Member {
  readonly texts: readonly string[];
  readonly wish: EmbedWish;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** A planned or running upstream call. Others may join while it is in the table of groups. */
export interface Group {
  readonly key: string;
  /** Until it is sent, this may include texts of members who have left. */
  readonly texts: Set<string>;
  readonly members: Set<Member>;
  readonly abort: AbortController;
  /** Whether it has been queued; until then only the request that created it may join. */
  inLine: boolean;
  /** Whether it waits for its slot, so that more texts may join. */
  open: boolean;
  /** The last waiting state that its members were told; undefined before the first. */
  told: Waiting | undefined;
}

/** The urgency of its most urgent member. */
export function urgencyOf({ members }: Group): Urgency {
  return mostUrgent(Array.from(members, ({ wish }) => wish.urgency()));
}

/** For whom it is sent, as reported to another gateway. `caller` is the one that created it. */
export function askerOf(group: Group, { caller }: Pick<EmbedWish, 'caller'>): Asker {
  const owners = Array.from(group.members, ({ wish }) => wish.asks.owner);
  return { ...urgencyOf(group), caller, ...apart(owners) };
}

/** The flights that its members' tickets name. */
export function flightsOf({ members }: Group): string[] {
  return Array.from(members, ({ wish }) => wish.flight);
}

export function tell(group: Group, waiting: Waiting): void {
  group.told = waiting;
  for (const { wish } of group.members) wish.onWaiting(waiting);
}
