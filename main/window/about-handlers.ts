// What each command of the window about the app itself does. A table of contents: the work is in the parts that are handed in.
import type { ABOUT_COMMANDS, Opened } from '../../backend/contract/window/about-commands.ts';
import { aboutApp } from '../about/about.ts';
import { readLog } from '../about/log-file.ts';
import { withoutKeys } from '../about/without-keys.ts';
import type { Settings } from '../settings/settings.ts';
import type { Shell } from '../shell.ts';
import type { Updates } from '../updates/updates.ts';
import type { Handlers } from './bridge.ts';

export interface AboutParts {
  readonly shell: Pick<Shell, 'logsFolder' | 'dataFolder' | 'home'>;
  readonly settings: Pick<Settings, 'config'>;
  readonly updates: Pick<Updates, 'look'>;
  copy(text: string): void;
  open(what: Opened): Promise<void>;
  /** Ends the app and starts the newer one. Throws invalid_request where none is ready. */
  installUpdate(): Promise<void>;
}

export function aboutHandlers(parts: AboutParts): Pick<Handlers, keyof typeof ABOUT_COMMANDS> {
  const { shell, settings, updates } = parts;
  return {
    log: async ({ after }) => {
      const { lines, ...place } = await readLog(shell.logsFolder, after);
      const shown = withoutKeys(settings.config);
      return { ...place, lines: lines.map((line) => ({ ...line, text: shown(line.text) })) };
    },
    about: () => aboutApp(shell),
    copy: ({ text }) => {
      parts.copy(text);
      return {};
    },
    open: async ({ what }) => {
      await parts.open(what);
      return {};
    },
    look_for_update: async () => {
      await updates.look();
      return {};
    },
    install_update: async () => {
      await parts.installUpdate();
      return {};
    },
  };
}
