// One Ollama with everything that belongs to it: its calls, its watch and breaker, its memory, and its queue. Stories
// talk to a machine and not to Ollama, since there may be several (machine-choice.ts). Types only; open-machine.ts
// makes them.
import type { UpstreamPlace } from '../../../contract/rules/upstream-list.ts';
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
  /** Its entry in `[[upstreams]]`; undefined when there is one machine, at `ollama.api_url`. */
  readonly place: UpstreamPlace | undefined;
  /** Wakes the machine when it sleeps; undefined when waking is not configured. */
  readonly waker: Waker | undefined;
  /** The settings as they apply to this machine: its address, key and slots. */
  readonly config: ReadConfig;
  readonly clock: Clock;
  /** Whether it is a Hearth, as far as is known. A Hearth loads and keeps models by itself. */
  isHearth(): boolean;
  /** Reports the outcome of each call to the watch. */
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
  /** What its runners hold of prompts, by runner key. */
  readonly held: HeldPrompts;
  readonly passedOn: PassedOn;
}

/** Its name for people; '' for a single machine, which needs none. */
export function nameOf({ place }: Pick<Machine, 'place'>): string {
  return place?.name ?? '';
}
