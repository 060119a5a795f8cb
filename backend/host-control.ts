// What the host of a gateway can see and do; the tray and the window use it.
import type { Duplex } from 'node:stream';
import { withAny } from './core/abort.ts';
import type { AppSeen } from './contract/views/app-seen.ts';
import type { Action, ActionResult, DetailedRequest, RequestList } from './contract/views/control.ts';
import type { LiveView } from './contract/window/desktop.ts';
import type { DayView } from './contract/window/look-commands.ts';
import type { FleetView } from './contract/views/fleet-view.ts';
import type { ModelDetails } from './contract/window/model-commands.ts';
import type { Partings } from './contract/views/parting-places.ts';
import type { RequestCounts } from './contract/window/request-commands.ts';
import type { RequestQuery } from './contract/views/request-query.ts';
import type { SpanWord } from './contract/views/spans.ts';
import { LOCAL } from './core/ownership.ts';
import type { LeaseQueue } from './core/queue/queue.ts';
import { act, readAction, type ActionParts } from './core/stories/models/actions.ts';
import type { CancelledBatch } from './contract/views/queue-view.ts';
import type { Days } from './core/stories/views/day-figures.ts';
import type { FleetNow } from './core/stories/fleet/fleet-now.ts';
import { modelDetails, removeModel } from './core/stories/models/models-on-disk.ts';
import type { BatchDesk } from './core/stories/jobs/job-desk.ts';
import type { Jobs } from './core/stories/jobs/jobs.ts';
import type { RequestDesk } from './core/stories/views/request-desk.ts';
import { queueView } from './core/stories/views/queue-now.ts';
import { snapshot, type SnapshotParts } from './core/stories/views/snapshot.ts';
import type { Feed } from './core/telemetry/feed.ts';
import { HOST, type InnerDoor } from './http/inner-door.ts';
import type { PullControl } from './pull-work.ts';
import type { TextControl } from './text-work.ts';

/** What the host of a running gateway can see and do without HTTP. */
export interface Control extends TextControl, PullControl {
  /** Opens a connection for one request of the local user, in memory and without a key. */
  connect(): Duplex;
  /** The current state of everything. */
  live(): NonNullable<LiveView>;
  /** Figures of a time range up to now. Rejects when the gateway ends. */
  day(span: SpanWord): Promise<DayView>;
  /** All gateways of the fleet, as far as they are known here. */
  fleet(): Promise<FleetView>;
  /** Calls back at each change; the host throttles by itself. Returns the function to unsubscribe. */
  onChange(listener: () => void): () => void;
  /** While paused, running requests finish and new ones wait. */
  pause(paused: boolean): void;
  /** Throws request_not_found, request_gone, not_cancellable. */
  cancel(requestId: string): void;
  /** Cancels all requests of a batch that have not ended. Throws request_not_found, request_gone, not_cancellable. */
  cancelBatch(batchId: string): Promise<CancelledBatch>;
  /** All requests: pages of the list, details by id, and cancelling live ones. */
  readonly requests: {
    /** Throws invalid_request. */
    list(query: RequestQuery, signal?: AbortSignal): Promise<RequestList>;
    /** Number of requests. */
    counts(): RequestCounts;
    /** The known apps that have sent requests, and when each last did. */
    apps(): readonly AppSeen[];
    /** Where the prompts of each app diverge, and what that costs. */
    partings(): Promise<Partings>;
    /** Throws request_not_found. */
    detail(requestId: string): DetailedRequest;
    /** Throws request_not_found, request_gone, not_cancellable. */
    cancel(requestId: string): void;
  };
  /** Moves a waiting request one place up and returns its new place. Throws request_not_found, not_cancellable. */
  moveUp(requestId: string): number;
  /** Throws AppError (invalid_request, model_not_found, upstream errors, queue_full). */
  act(action: Action, data: unknown, signal: AbortSignal): Promise<ActionResult>;
  /** Deletes a model from the disk. Throws model_not_found and Ollama's errors. */
  removeModel(model: string): Promise<void>;
  /** Details of an installed model. Throws model_not_found. */
  modelDetails(model: string): Promise<ModelDetails>;
  /** Probes Ollama now: the machine woke up, or somebody started Ollama. */
  lookAgain(): void;
}

export interface HostControlParts {
  readonly shown: SnapshotParts;
  readonly acting: ActionParts;
  readonly queue: Pick<LeaseQueue, 'pause' | 'resume'>;
  readonly jobs: Pick<Jobs, 'cancel' | 'moveUp'>;
  readonly batches: Pick<BatchDesk, 'cancel'>;
  readonly requestDesk: RequestDesk;
  readonly feed: Pick<Feed, 'listen' | 'touch'>;
  readonly texts: TextControl;
  readonly innerDoor: Pick<InnerDoor, 'connect'>;
  readonly pullControl: PullControl;
  readonly days: Pick<Days, 'view'>;
  readonly fleet: Pick<FleetNow, 'view'>;
  /** Aborts when the gateway ends. */
  readonly life: AbortSignal;
  lookAgain(): void;
}

/** Creates the control of a gateway from its parts. */
export function hostControl(parts: HostControlParts): Control {
  const { shown, acting, queue, jobs, batches, requestDesk, feed, days, fleet, texts, pullControl, life, lookAgain } =
    parts;
  return {
    connect: () => parts.innerDoor.connect(HOST),
    live: () => ({ ...snapshot(shown), queue: queueView(shown) }),
    day: (span) => days.view(span),
    fleet: () => fleet.view(),
    onChange: (listener) => feed.listen(listener),
    pause(paused) {
      if (paused) queue.pause();
      else queue.resume();
      feed.touch('state');
    },
    cancel: (id) => jobs.cancel(id, LOCAL),
    cancelBatch: (id) => batches.cancel(id, LOCAL),
    requests: {
      list: (query, signal = life) => withAny([signal, life], (either) => requestDesk.list(query, LOCAL, either)),
      counts: () => requestDesk.counts(LOCAL),
      apps: () => requestDesk.apps(),
      partings: () => requestDesk.partings(LOCAL, life),
      detail: (id) => requestDesk.detail(id, LOCAL),
      cancel: (id) => requestDesk.cancel(id, LOCAL),
    },
    moveUp: (id) => jobs.moveUp(id),
    act: async (action, data, signal) => {
      const asked = readAction({ action, data });
      const result = await withAny([signal, life], (either) => act(acting, asked, { watcher: LOCAL, signal: either }));
      feed.touch('snapshot');
      return result;
    },
    ...texts,
    ...pullControl,
    removeModel: (model) => removeModel(acting, model, life),
    modelDetails: (model) => modelDetails({ ...acting, requestDesk }, model, life),
    lookAgain,
  };
}
