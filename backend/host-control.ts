// What the host of a gateway can see and do: the tray and the window use it. Only the type; backend.ts makes it.
import type { Action, ActionResult } from './contract/control.ts';
import type { LiveView } from './contract/desktop.ts';

/** What the host of a running gateway can see and do without HTTP. */
export interface Control {
  /** Everything as it is now. */
  live(): NonNullable<LiveView>;
  /** Calls back at each change; the host throttles by itself. Returns a function that ends it. */
  onChange(listener: () => void): () => void;
  /** Running requests finish, new ones wait. */
  pause(paused: boolean): void;
  /** Throws request_not_found, request_gone, not_cancellable. */
  cancel(requestId: string): void;
  /** One place nearer, for a request that waits in line. The new place. Throws request_not_found, not_cancellable. */
  moveUp(requestId: string): number;
  /** Throws AppError (invalid_request, model_not_found, upstream errors, queue_full). */
  act(action: Action, data: unknown, signal: AbortSignal): Promise<ActionResult>;
  /** Looks at Ollama now: the machine woke up, or somebody started it. */
  lookAgain(): void;
}
