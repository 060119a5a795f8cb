// One Ollama, with all that is known of it and done with it: its calls, its watch and breaker, what is in its memory, and its
// line. Stories ask a machine and not Ollama, since there may be several (machine-choice.ts). Types alone; open-machine.ts makes them.
import type { UpstreamPlace } from '../../../contract/upstream-list.ts';
import type { Determinism } from '../../models/determinism.ts';
import type { KeepAlives } from '../../models/keep-alive.ts';
import type { LoadReasons } from '../../models/load-reasons.ts';
import type { Modelfiles } from '../../models/modelfiles.ts';
import type { Residency } from '../../models/residency.ts';
import type { Uses } from '../../models/uses.ts';
import type { Clock, ReadConfig, Relay, Upstream, Watch } from '../../ports.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Waker } from '../../routing/waker.ts';
import type { HeldPrompts } from '../../prompts/held.ts';
import type { PassedOn } from '../chat/passed-on.ts';
import type { SettleParts } from '../chat/settle.ts';

export interface Machine extends SettleParts {
  /** What `[[upstreams]]` says of it; undefined where there is one machine, that of `ollama.api_url`. */
  readonly place: UpstreamPlace | undefined;
  /** Wakes it when it sleeps; undefined where nothing is said of that. */
  readonly waker: Waker | undefined;
  /** The settings as they are for this one: its address and key, and its slots. */
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** It is a Hearth, as far as is known: it loads models and keeps them by itself. */
  isHearth(): boolean;
  /** Each of its calls tells the watch how it went. */
  readonly upstream: Upstream;
  readonly relay: Relay;
  readonly watch: Watch;
  readonly queue: LeaseQueue;
  readonly modelfiles: Modelfiles;
  readonly determinism: Determinism;
  readonly uses: Uses;
  readonly keepAlives: KeepAlives;
  readonly reasons: LoadReasons;
  readonly residency: Residency;
  /** What its runners hold of prompts, by their keys. */
  readonly held: HeldPrompts;
  readonly passedOn: PassedOn;
}

/** What it is called, for people; '' where there is one machine, which needs no name. */
export function nameOf({ place }: Pick<Machine, 'place'>): string {
  return place?.name ?? '';
}
