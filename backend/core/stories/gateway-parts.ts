// What the gateway is made of. Types alone.
import type { ResponseCache } from '../cache/cache.ts';
import type { SharedFlights } from '../fleet.ts';
import type { Flights } from '../flight.ts';
import type { Determinism } from '../models/determinism.ts';
import type { LoadReasons } from '../models/load-reasons.ts';
import type { Modelfiles } from '../models/modelfiles.ts';
import type { Reloads } from '../models/reloads.ts';
import type { Residency } from '../models/residency.ts';
import type { Clock, Log, NewId, ReadConfig, Upstream, Watch } from '../ports.ts';
import type { LeaseQueue } from '../queue/queue.ts';
import type { Ended } from '../requests/at-once.ts';
import type { HeldPrompts } from '../prompts/held.ts';
import type { Requests } from '../requests/requests.ts';
import type { Trace } from '../requests/trace.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Hindsight } from './hindsight.ts';
import type { PassedOn } from './passed-on.ts';
import type { Recorder } from './recorder.ts';
import type { RequestTexts } from './request-texts.ts';
import type { SettleParts } from './settle.ts';

/** The long-lived parts that the gateway nests; made by the composition root. */
export interface GatewayParts extends SettleParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  readonly upstream: Upstream;
  readonly watch: Watch;
  readonly cache: ResponseCache;
  readonly flights: Flights<Trace>;
  /** The runs of all gateways; undefined where there is this one alone. */
  readonly fleet?: SharedFlights | undefined;
  readonly queue: LeaseQueue;
  readonly residency: Residency;
  readonly held: HeldPrompts;
  readonly reasons: LoadReasons;
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  readonly determinism: Determinism;
  readonly modelfiles: Modelfiles;
  readonly reloads: Pick<Reloads, 'ran' | 'truncated'>;
  readonly passedOn: Pick<PassedOn, 'take' | 'wouldChange'>;
  readonly hindsight: Pick<Hindsight, 'at'>;
  readonly recorder: Pick<Recorder, 'keep' | 'answer'>;
  readonly texts: RequestTexts;
  /** A request's life has ended, well or not. */
  onEnded(request: Ended): void;
}
