// Whether a panel shows our tray icon, looked at again for a while: at login the panel is often later than the app, and
// Electron's icon asks for one only when it is made. It draws nothing.
import type { Clock } from '../backend/core/ports.ts';

/** When a panel that was not there is looked for again, after the last look. Milliseconds. */
const AGAIN_MS = [1000, 2000, 4000];

export interface TrayPresenceOptions {
  hasTrayHost(): Promise<boolean>;
  /** A panel has come: the icon is to be made anew. */
  onCome(): void;
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

export class TrayPresence {
  readonly #options: TrayPresenceOptions;
  #seen = true;

  constructor(options: TrayPresenceOptions) {
    this.#options = options;
  }

  /** As it was at the last look. */
  get seen(): boolean {
    return this.#seen;
  }

  async look(): Promise<boolean> {
    const before = this.#seen;
    this.#seen = await this.#options.hasTrayHost();
    if (this.#seen && !before) this.#options.onCome();
    return this.#seen;
  }

  /** Looks some more times, until there is one; resolves with whether there is. */
  async wait(): Promise<boolean> {
    const { clock, signal } = this.#options;
    for (const ms of AGAIN_MS) {
      if (this.#seen || signal.aborted) break;
      await clock.sleep(ms, signal).catch(() => undefined);
      if (!signal.aborted) await this.look();
    }
    return this.#seen;
  }
}
