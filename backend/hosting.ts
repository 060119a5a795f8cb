// What a host hands to the gateway that it starts, and what it gets: the wire between backend.ts and cli/ or main/.
import type { Config } from './contract/config/config.ts';
import type { OriginApprovals } from './core/access/origin-approvals.ts';
import type { IsPutOff } from './contract/rules/pin-rules-by-app.ts';
import type { Clock, Log } from './core/ports.ts';
import type { Recording } from './core/recordings/recordings.ts';
import type { History } from './core/telemetry/history.ts';
import type { Control } from './host-control.ts';
import type { Patience } from './http/dialect/encode.ts';
import type { Legacy } from './legacy.ts';

export interface BackendOptions {
  readonly config: Config;
  readonly log: Log;
  /** Shown by /health. */
  readonly version: string;
  readonly clock?: Clock;
  /** Heart-beats of waiting connections; shorter in tests. */
  readonly patience?: Patience;
  /** Where what must outlive this gateway is kept (hearth.db). Without it, and with cache.persist off, nothing is written. */
  readonly dataFolder?: string;
  /** What the gateway before this one in the same process has left, and this one leaves to the next. */
  readonly legacy?: Legacy;
  /** Recordings to replay; those of the data folder are not used then. */
  readonly recordings?: readonly Recording[];
  /** The history of the gateway before this one in the same process. */
  readonly history?: History;
  /** Which offers to keep prompts the same somebody does not want to see now; without it, none. */
  readonly isPutOff?: IsPutOff;
  /** Web pages that wait for approval; handed in when approvals must outlive this gateway. */
  readonly originApprovals?: OriginApprovals;
}

/** A running gateway. */
export interface Backend {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  /**
   * Takes a new configuration. Settings that say "after restart" keep their old value; all others apply at once.
   */
  configure(config: Config): void;
  /** Stops taking work, lets running answers end within server.drain_timeout_ms, closes everything. */
  stop(): Promise<void>;
  /**
   * Ends a gateway whose state cannot be trusted any more: its port is free at once, running answers end with an error
   * piece, and what is still open a second later is cut.
   */
  abandon(): Promise<void>;
}
