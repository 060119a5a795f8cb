// Sees to it that the app can be reached: while no panel shows its tray icon, a window is there. It draws nothing.
import { withAny } from '../../backend/core/abort.ts';
import type { Clock } from '../../backend/core/ports.ts';

/**
 * How long nobody may show the icon before the window comes in its place. At login the panel is often later than the app,
 * and one that is started anew takes a moment. Milliseconds.
 */
const MISSED_MS = 7000;

export interface TrayPresenceOptions {
  /** Resolves with whether a panel is there now, and tells of each change from then on. */
  watch(onChange: (there: boolean) => void): Promise<boolean>;
  /**
   * A panel has come or gone. After true the icon is to be made anew, also when another panel took over: Electron looks for
   * one only then.
   */
  onChange(there: boolean): void;
  /** There has been neither panel nor window for a while: the window is to be shown. */
  onMissed(): void;
  hasWindow(): boolean;
  readonly clock: Clock;
  /** Ends the waiting. */
  readonly signal: AbortSignal;
}

export class TrayPresence {
  readonly #options: TrayPresenceOptions;
  #seen = true;
  #missing = new AbortController();

  constructor(options: TrayPresenceOptions) {
    this.#options = options;
  }

  /** Whether a panel shows the icon now. */
  get seen(): boolean {
    return this.#seen;
  }

  /** Resolves after the first look; the time in which a panel is missed begins with it. */
  async start(): Promise<void> {
    this.#seen = await this.#options.watch((there) => this.#changed(there));
    this.check();
  }

  /** To be called when the window has gone. */
  check(): void {
    this.#missing.abort();
    if (this.#seen || this.#options.hasWindow()) return;
    this.#missing = new AbortController();
    void this.#miss(this.#missing.signal);
  }

  #changed(there: boolean): void {
    this.#seen = there;
    this.#options.onChange(there);
    this.check();
  }

  async #miss(found: AbortSignal): Promise<void> {
    const { clock, hasWindow, onMissed, signal } = this.#options;
    await withAny([found, signal], (either) => clock.sleep(MISSED_MS, either)).catch(() => undefined);
    if (!found.aborted && !signal.aborted && !hasWindow()) onMissed();
  }
}
