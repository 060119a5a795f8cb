// The tray as it is kept up to date: what of the settings and notices stands in it, and how exact its ages are just now.
import type { Seen } from '../../backend/contract/app-state.ts';
import type { NoticeFact } from '../../backend/contract/control.ts';
import type { Settings } from '../settings/settings.ts';
import { trayModel, type TrayModel } from './tray-model.ts';

/** How exact ages are while the menu is open, and how often it is brought up to date then. Milliseconds. */
const WATCHED_MS = 1000;
/** The same while nobody is seen to look: some panels do not tell when they open a menu. Milliseconds. */
const SELDOM_MS = 10_000;

export interface TrayViewOptions {
  readonly settings: Pick<Settings, 'config' | 'startAtLogin'>;
  notices(): readonly NoticeFact[];
  /** Draws it; `seen` is to be called when the menu comes on the screen, and when it goes. */
  showTray(model: TrayModel, seen: (isOpen: boolean) => void): void;
  /** The menu has come on the screen: it is to be shown as things are now. */
  onOpened(): void;
}

export class TrayView {
  readonly #options: TrayViewOptions;
  #isOpen = false;
  #shownAt = -Infinity;

  constructor(options: TrayViewOptions) {
    this.#options = options;
  }

  /** `now`: milliseconds since 1970. */
  show(shown: Seen, now: number): void {
    const { settings, notices, showTray } = this.#options;
    const { ollama, app } = settings.config;
    this.#shownAt = now;
    const model = trayModel({
      ...shown,
      now,
      model: ollama.model,
      notices: notices(),
      startAtLogin: settings.startAtLogin,
      keys: app.shortcut,
      ageStep: this.#isOpen ? WATCHED_MS : SELDOM_MS,
    });
    showTray(model, (isOpen) => this.#seen(isOpen));
  }

  /** Whether it is to be shown anew though nothing has happened, since ages grow by themselves. */
  isDue(now: number): boolean {
    return this.#isOpen || now - this.#shownAt >= SELDOM_MS;
  }

  #seen(isOpen: boolean): void {
    this.#isOpen = isOpen;
    if (isOpen) this.#options.onOpened();
  }
}
