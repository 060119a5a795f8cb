// The types of the parts that make up the gateway.
import type { ResponseCache } from '../cache/cache.ts';
import type { SharedFlights } from '../fleet.ts';
import type { Flights } from '../flight.ts';
import type { Reloads } from '../models/reloads.ts';
import type { Clock, Log, NewId, ReadConfig } from '../ports.ts';
import type { Ended } from '../requests/at-once.ts';
import type { Requests } from '../requests/requests.ts';
import type { Trace } from '../requests/trace.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Hindsight } from './reasons/hindsight.ts';
import type { Machines } from './machines/machine-choice.ts';
import type { Recorder } from './chat/recorder.ts';
import type { RequestTexts } from './views/request-texts.ts';

/** The long-lived parts that the gateway combines. The composition root makes them. */
export interface GatewayParts {
  readonly config: ReadConfig;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Log;
  readonly machines: Machines;
  readonly cache: ResponseCache;
  readonly flights: Flights<Trace>;
  /** The runs that all gateways of a fleet share; undefined when this gateway is alone. */
  readonly fleet?: SharedFlights | undefined;
  readonly requests: Requests;
  readonly telemetry: Telemetry;
  readonly reloads: Pick<Reloads, 'ran' | 'truncated'>;
  readonly hindsight: Pick<Hindsight, 'at'>;
  readonly recorder: Pick<Recorder, 'keep' | 'answer'>;
  readonly texts: RequestTexts;
  /** Called when a request's life has ended, well or not. */
  onEnded(request: Ended): void;
}
