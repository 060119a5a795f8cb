// The tray as it is kept up to date: what of the settings and notices stands in it, and how exact its ages are.
import { runningRows, type Seen } from '../../backend/contract/views/app-state.ts';
import type { NoticeFact } from '../../backend/contract/views/control.ts';
import type { Settings } from '../settings/settings.ts';
import { trayModel, type TrayModel } from './tray-model.ts';

/**
 * How exact the ages of running answers are, and how often they are brought up to date. On Linux Electron does not tell when the
 * menu is opened (menu-will-show comes for no tray there), so it has to be right at any time. Milliseconds.
 */
const AGE_STEP_MS = 2000;

export interface TrayViewOptions {
  readonly settings: Pick<Settings, 'config' | 'startAtLogin'>;
  notices(): readonly NoticeFact[];
  showTray(model: TrayModel): void;
}

export class TrayView {
  readonly #options: TrayViewOptions;
  /** When ages are to be brought up to date; never while nothing runs. */
  #dueAt = Infinity;

  constructor(options: TrayViewOptions) {
    this.#options = options;
  }

  /** `now`: milliseconds since 1970. */
  show(shown: Seen, now: number): void {
    const { settings, notices, showTray } = this.#options;
    const { ollama, app } = settings.config;
    this.#dueAt = shown.live !== null && runningRows(shown.live).length > 0 ? now + AGE_STEP_MS : Infinity;
    const { startAtLogin } = settings;
    const more = { model: ollama.model, notices: notices(), startAtLogin, keys: app.shortcut };
    showTray(trayModel({ ...shown, ...more, now, ageStep: AGE_STEP_MS }));
  }

  /** Whether it is to be shown anew though nothing has happened, since something runs and its age has grown. */
  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }
}
