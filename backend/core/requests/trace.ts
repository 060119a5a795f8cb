// What is measured of one request while it lives, beyond the times of its ticket: the stories write it down where it happens, and
// it is read when somebody looks, and once when the request has ended. A kept answer that is given at once has none.
import type { Pinned } from '../../contract/pin-rule.ts';
import type { KNOWN_BY, Parted, Why } from '../../contract/request-detail.ts';
import type { Metrics, Truncated } from '../../contract/chat/chat.ts';
import type { LoadReason } from '../explain/slow-facts.ts';

/** A run that had the place that a request waited for. */
export interface Before {
  /** Left out, as the name of its caller is, where that is another owner's matter. */
  readonly request_id?: string;
  readonly caller: string;
  readonly model: string;
  readonly class: string;
  /** Milliseconds of the request's wait in which this one ran. */
  readonly ms: number;
}

/** A load of its model. */
export interface Load {
  readonly ms: number;
  readonly why?: string;
  readonly reason?: LoadReason;
  /** How long loads of this model took before; left out where none was measured. */
  readonly usualMs?: number;
}

/** Durations in milliseconds; moments by the monotonic clock, as a ticket has them. What is not known is left out. */
export interface Trace {
  /** Where it is no chat that Hearth reads. */
  kind?: 'embed' | 'handed_on';
  /**
   * That of the run, where somebody else began it: load, metrics, reused, context, doneReason, sharedWith and lastTokenAt are
   * written there.
   */
  run?: Trace;
  /** Who asked: of a shared run, who began it. */
  caller?: string;
  /** Since when it waits for its turn in its conversation; gone once it has it, */
  turnSince?: number;
  /** and then how long it waited. */
  turnMs?: number;
  /** Its place in line when it came; 1: the next. */
  position?: number;
  /** Who ran while it waited, by the time that took. */
  before?: readonly Before[];
  /** The machine whose line it stood in last, or on which it ran; left out where there is one machine. */
  upstream?: string;
  /** The one that it was to run on before, and that went away. */
  movedFrom?: string;
  /** How often its run was given up for somebody more urgent. */
  gaveWay?: number;
  /** How long its model took to be loaded, and why that was, as a sentence without a full stop. */
  load?: Load;
  /** Ollama's figures of the run. */
  metrics?: Metrics;
  /** Of the prompt's tokens those that Ollama still had. */
  reused?: { readonly tokens: number; readonly by: (typeof KNOWN_BY)[number] };
  /** Of the prompt's tokens those that stood in a prompt which its runner has read since it is in memory. */
  reusable?: number;
  context?: Truncated;
  /** About how much of the answer was thinking, from 0 to 1. */
  thought?: number;
  doneReason?: string;
  /** How many others got the same run. */
  sharedWith?: number;
  /** When the model's last token came. */
  lastTokenAt?: number;
  /** When the last of the answer was given to its caller. */
  deliveredAt?: number;
  parted?: Parted;
  /** What of its prompt was kept the same, as it may be shown. */
  pinned?: readonly Pinned[];
  /** Tokens of its prompt that were reused because a part before them was kept the same. */
  pinSaved?: number;
  whySlow?: Why;
  whyMissed?: Why | undefined;
}
