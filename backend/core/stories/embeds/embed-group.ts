// One upstream call of embeds to be, or under way: which texts go up in it, and for whom. What is done with it is
// batcher.ts.
import type { Asker } from '../../../contract/behind.ts';
import { mostUrgent, type Urgency } from '../../../contract/chat/chat-request.ts';
import type { Waiting } from '../../../contract/chat/chat.ts';
import type { KeepAliveRule } from '../../../contract/queue-rule.ts';
import type { RunnerSpec, UpstreamRequest } from '../../ports.ts';
import type { Asks } from '../../queue/waiter.ts';
import type { Load } from '../../requests/trace.ts';
import type { Vector } from '../../cache/vector-record.ts';
import { apart } from '../chat/on-behalf.ts';

export type EmbedFamily = 'embed' | 'embeddings';

/** What somebody wants embedded. */
export interface EmbedWish {
  readonly family: EmbedFamily;
  /** Everything of the request but its texts. */
  readonly request: UpstreamRequest;
  readonly spec: RunnerSpec;
  readonly texts: readonly string[];
  readonly caller: string;
  /** The request, as those are told of it who stand in line behind it. */
  readonly asks: Asks;
  /** Whose keep_alive counts. */
  readonly keepAlive?: KeepAliveRule | undefined;
  /** Whether it may have what is on its way for somebody else. */
  readonly share: boolean;
  urgency(): Urgency;
  /** As its ticket names it. */
  readonly flight: string;
  onWaiting(waiting: Waiting): void;
  /** Milliseconds that it stood in the line of another machine, and whether it may go to another one; see Stay. */
  readonly stoodMs?: number | undefined;
  readonly mayLeave?: (() => boolean) | undefined;
  /** It has its places in line, or runs; until then it may be refused. May be called again. */
  onAccepted(): void;
}

/** The vectors of one call by their text; of several, the longest loads. */
export interface Result {
  readonly vectors: ReadonlyMap<string, Vector>;
  /** Nanoseconds that loading took, by Hearth and by Ollama. */
  readonly loadDuration: number;
  /** That for which Hearth waited before. */
  readonly load: Load;
}

/** The vectors by their text, and Ollama's own figures where a call was made for this wish alone. */
export interface Embedded extends Result {
  /** Every text was on its way for somebody else. */
  readonly shared: boolean;
}

export interface Member {
  readonly texts: readonly string[];
  readonly wish: EmbedWish;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** One upstream call to be, or under way. Who comes may join it as long as it stands in the table of groups. */
export interface Group {
  readonly key: string;
  /** Until it is sent, some may be of members who have left. */
  readonly texts: Set<string>;
  readonly members: Set<Member>;
  readonly abort: AbortController;
  /** Has its place in line, or had it; until then nobody but the one for whom it was begun can join it. */
  inLine: boolean;
  /** Waits for its slot, so that more may come along. */
  open: boolean;
  /** Where it stands, as its members were told last; undefined while nothing was said. */
  told: Waiting | undefined;
}

/** That of the most urgent one who wants it. */
export function urgencyOf({ members }: Group): Urgency {
  return mostUrgent(Array.from(members, ({ wish }) => wish.urgency()));
}

/** For whom it goes up, as another gateway is told; `caller`: who began it. */
export function askerOf(group: Group, { caller }: Pick<EmbedWish, 'caller'>): Asker {
  const owners = Array.from(group.members, ({ wish }) => wish.asks.owner);
  return { ...urgencyOf(group), caller, ...apart(owners) };
}

/** What its members' tickets name it as. */
export function flightsOf({ members }: Group): string[] {
  return Array.from(members, ({ wish }) => wish.flight);
}

export function tell(group: Group, waiting: Waiting): void {
  group.told = waiting;
  for (const { wish } of group.members) wish.onWaiting(waiting);
}
