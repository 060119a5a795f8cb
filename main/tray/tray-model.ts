// The tray as a value: from the state of the app to icon, tooltip and menu. Pure; tray.ts puts it on the screen, what the
// state is, is decided in contract/views/app-state.ts, and what the menu has, in tray-menu.ts.
import { lookOf, stateOf, type Look, type Seen } from '../../backend/contract/views/app-state.ts';
import type { NoticeFact } from '../../backend/contract/views/control.ts';
import { menuOf } from './tray-menu.ts';
import { tooltipOf } from './tray-words.ts';

export type TrayIcon = Look;

/** What an entry asks for; tray-commands.ts knows how. */
export type TrayCommand =
  | { readonly do: 'start' | 'stop' | 'open' | 'free_memory' | 'clear_cache' | 'open_logs' | 'quit' }
  | ({ readonly do: 'show'; readonly tab: 'overview' | 'queue' | 'settings' } & Partial<
      Record<'shows', 'notices'> & Record<'page', 'connect'>
    >)
  | { readonly do: 'pause'; readonly paused: boolean }
  | { readonly do: 'warm' | 'unload'; readonly model: string }
  | { readonly do: 'cancel'; readonly requestId: string }
  | { readonly do: 'copy'; readonly text: string }
  | { readonly do: 'start_at_login'; readonly on: boolean };

export type TrayEntry =
  | { readonly type: 'separator' }
  | { readonly type: 'label'; readonly label: string }
  | {
      readonly type: 'command';
      readonly label: string;
      readonly enabled: boolean;
      readonly command: TrayCommand;
      /** The keys that do the same, to stand beside it; empty where there are none. */
      readonly keys: string;
    }
  | {
      readonly type: 'checkbox';
      readonly label: string;
      readonly enabled: boolean;
      readonly checked: boolean;
      readonly command: TrayCommand;
    }
  | {
      readonly type: 'submenu';
      readonly label: string;
      readonly enabled: boolean;
      readonly entries: readonly TrayEntry[];
    };

export interface TrayModel {
  readonly icon: TrayIcon;
  readonly tooltip: string;
  readonly menu: readonly TrayEntry[];
}

export interface TrayState extends Seen {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The model of requests that name none. */
  readonly model: string;
  /** What the gateway had to tell, newest first. */
  readonly notices: readonly NoticeFact[];
  readonly startAtLogin: { readonly on: boolean; readonly locked: boolean };
  /** The keys that open the window from everywhere; empty when there are none. */
  readonly keys: string;
  /** How exact the ages of running answers are. Milliseconds. */
  readonly ageStep: number;
}

export function trayModel(shown: TrayState): TrayModel {
  const state = stateOf(shown, shown.now);
  return { icon: lookOf(state), tooltip: tooltipOf(state, shown.live, shown.model), menu: menuOf(state, shown) };
}
