// What a host passes to the gateway that it starts, and what it gets back: the interface between backend.ts and cli/ or
// main/.
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
  /** Heartbeats of waiting connections; shorter in tests. */
  readonly patience?: Patience;
  /**
   * Folder of hearth.db, for what must outlive this gateway. Without it, or with cache.persist off, nothing is written.
   */
  readonly dataFolder?: string;
  /** What the previous gateway in the same process left, and what this one leaves to the next. */
  readonly legacy?: Legacy;
  /** Recordings to replay instead of those in the data folder. */
  readonly recordings?: readonly Recording[];
  /** History of the previous gateway in the same process. */
  readonly history?: History;
  /** Offers to keep prompts stable that the user has postponed; without it, none are postponed. */
  readonly isPutOff?: IsPutOff;
  /** Web pages that wait for approval; pass it in when approvals must outlive this gateway. */
  readonly originApprovals?: OriginApprovals;
}

/** A running gateway. */
export interface Backend {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  /** Applies a new configuration. Settings that need a restart keep their old value; all others apply at once. */
  configure(config: Config): void;
  /** Stops accepting work, lets running answers end within server.drain_timeout_ms, then closes everything. */
  stop(): Promise<void>;
  /**
   * Ends a gateway whose state can no longer be trusted: its port is free at once, running answers end with an error
   * piece, and what is still open a second later is cut.
   */
  abandon(): Promise<void>;
}
