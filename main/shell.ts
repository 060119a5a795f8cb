// What the app needs of Electron and the system around it, as one list of functions. main.ts fills it in; desktop-app.ts and
// everything below it can run without Electron.
import type { Log } from '../backend/core/ports.ts';
import type { LoginItemOptions } from './settings/login-item.ts';
import type { TrayHostOptions } from './tray/tray-host.ts';
import type { TrayModel } from './tray/tray-model.ts';
import type { Updater } from './updates/updates.ts';
import type { WindowHost, WindowHostOptions } from './window/window-host.ts';

type MemoryKey = 'place' | 'first_run_done' | 'pins_offered' | 'pins_put_off';

export interface Shell {
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  /** The languages that the user would like, the best first, as "de-AT". */
  readonly languages: readonly string[];
  /** For what must outlive the app. */
  readonly dataFolder: string;
  readonly logsFolder: string;
  readonly settingsFile: string;
  /** The licence texts of all that is in the app. */
  readonly licencesFile: string;
  /** Where newer releases are asked for, and what asks and fetches; undefined where this copy asks nobody. */
  readonly releases: { readonly publicKey: string; open(log: Log): Promise<Updater> } | undefined;
  /** Started by the system at login, or asked to stay in the tray. */
  readonly hidden: boolean;
  readonly loginItem: Omit<LoginItemOptions, 'platform' | 'env' | 'home'>;
  /** Writes the settings file. Throws what the system says. */
  saveSettings(data: Readonly<Record<string, unknown>>): void;
  /** Small facts beside the settings; what cannot be saved is forgotten. */
  readonly memory: {
    get(key: MemoryKey): unknown;
    set(key: MemoryKey, value: unknown): void;
  };
  /** Whether a panel shows tray icons now, and each change of it. */
  watchTrayHost(options: Omit<TrayHostOptions, 'platform'>): Promise<boolean>;
  windowHost(
    options: Pick<
      WindowHostOptions,
      'onShown' | 'mayClose' | 'onGone' | 'onPageCrash' | 'place' | 'savePlace' | 'elapsed'
    >,
  ): WindowHost;
  showTray(model: TrayModel): void;
  /** Takes the icon away; the next `showTray` makes another. */
  renewTray(): void;
  notify(title: string, body: string): void;
  /** Takes keys for `pressed`, wherever the focus is; false when they cannot be had. */
  holdKeys(keys: string, pressed: () => void): boolean;
  letKeysGo(keys: string): void;
  copy(text: string): void;
  openFolder(path: string): Promise<void>;
  openWeb(url: string): Promise<void>;
  askWhereTo(name: string): Promise<string | undefined>;
  askWhich(): Promise<string | undefined>;
  /** Ends the process at once. */
  exit(code: number): void;
  /** Ends it as well, once `install` has put a newer release in its place, which is started. */
  exitFor(install: () => void): void;
}
