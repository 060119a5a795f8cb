// What the host of a gateway holds in its hands: the tray and the window stand on it. The shape alone; backend.ts makes it.
import type { Action, ActionResult } from './contract/control.ts';
import type { LiveView } from './contract/desktop.ts';

/** What the host of a running gateway may see and do beside HTTP: the tray and the window stand on it. */
export interface Control {
  /** Everything as it is now. */
  live(): NonNullable<LiveView>;
  /** Calls back at each change, as often as there is one; the host paces itself. Returns the end of it. */
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
