// Measurements of one request beyond the times of its ticket. The stories write them as they happen; they are read when
// somebody looks, and once when the request has ended. A kept answer given at once has no trace.
import type { Pinned } from '../../contract/rules/pin-rule.ts';
import type { KNOWN_BY, Parted, Why } from '../../contract/views/request-detail.ts';
import type { Metrics, Truncated } from '../../contract/chat/chat.ts';
import type { LoadReason } from '../explain/slow-facts.ts';

/** A run that held the slot that a request waited for. */
export interface Before {
  /** Left out, as is its caller's name, when it belongs to another owner. */
  readonly request_id?: string;
  readonly caller: string;
  readonly model: string;
  readonly class: string;
  /** Milliseconds that it ran during the request's wait. */
  readonly ms: number;
}

/** A load of its model. */
export interface Load {
  readonly ms: number;
  readonly why?: string;
  readonly reason?: LoadReason;
  /** How long loads of this model took before; absent when none was measured. */
  readonly usualMs?: number;
}

/** Durations in milliseconds; times on the monotonic clock, as in a ticket. Unknown values are absent. */
export interface Trace {
  /** Set unless it is a chat that Hearth reads. */
  kind?: 'embed' | 'handed_on';
  /**
   * The trace of the shared run, if somebody else began it. That one has load, metrics, reused, context, doneReason,
   * sharedWith and lastTokenAt.
   */
  run?: Trace;
  /** Who asked; for a shared run, who began it. */
  caller?: string;
  /** Since when it waits for its turn in its conversation; removed when it has it. */
  turnSince?: number;
  /** How long it waited for its turn, in milliseconds. */
  turnMs?: number;
  /** Its position in the queue when it came; 1 is next. */
  position?: number;
  /** Who ran while it waited, the longest first. */
  before?: readonly Before[];
  /** The machine that it was last queued or run on; absent when there is only one. */
  upstream?: string;
  /** The machine that it was to run on before, which was lost. */
  movedFrom?: string;
  /** How often its run was given up for somebody more urgent. */
  gaveWay?: number;
  /** How long its model took to load, and why, as a sentence without a full stop. */
  load?: Load;
  /** Ollama's figures of the run. */
  metrics?: Metrics;
  /** Tokens of the prompt that Ollama still had. */
  reused?: { readonly tokens: number; readonly by: (typeof KNOWN_BY)[number] };
  /** Tokens of the prompt that its runner has read before, since it was loaded. */
  reusable?: number;
  context?: Truncated;
  /** About how much of the answer was thinking, from 0 to 1. */
  thought?: number;
  doneReason?: string;
  /** How many others shared the run. */
  sharedWith?: number;
  /** When the model's last token came. */
  lastTokenAt?: number;
  /** When its caller received the last of the answer. */
  deliveredAt?: number;
  parted?: Parted;
  /** What was kept stable in its prompt, as it may be shown. */
  pinned?: readonly Pinned[];
  /** Tokens of its prompt that were reused because a part before them was kept stable. */
  pinSaved?: number;
  whySlow?: Why;
  whyMissed?: Why | undefined;
}
