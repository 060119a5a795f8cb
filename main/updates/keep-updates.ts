// Newer releases, tied to the app: told at the lower edge once one is ready, and put in place when the app has ended its work.
import type { Clock, Log } from '../../backend/core/ports.ts';
import type { Notices } from '../notices/notices.ts';
import type { Settings } from '../settings/settings.ts';
import type { Shell } from '../shell.ts';
import { UPDATE_NOTICE, updateNotice } from './update-notice.ts';
import { Updates } from './updates.ts';

export interface KeepUpdatesOptions {
  readonly settings: Pick<Settings, 'config'>;
  readonly notices: Pick<Notices, 'put'>;
  readonly clock: Clock;
  readonly log: Log;
  /** What is told of it has changed. */
  changed(): void;
  /** Shows a page of the window. */
  show(tab: 'settings', what: { readonly page: 'about' }): void;
  /** Ends the app as when somebody quits it; `exit` is the last of all. */
  quit(exit: () => void): unknown;
}

export interface KeptUpdates {
  readonly updates: Updates;
  /** Rejects with invalid_request where none is ready. */
  installUpdate(): Promise<void>;
}

export function keepUpdates(shell: Pick<Shell, 'releases' | 'exitFor'>, options: KeepUpdatesOptions): KeptUpdates {
  const { releases } = shell;
  const { settings, notices, clock, log } = options;
  const show = (): void => options.show('settings', { page: 'about' });
  const tell = (): void => {
    notices.put(UPDATE_NOTICE, updateNotice(updates.view(), { show, restart }));
    options.changed();
  };
  const updates = new Updates({ releases, isOn: () => settings.config.app.check_updates, clock, log, onChange: tell });

  async function installUpdate(): Promise<void> {
    const install = await updates.readyToInstall();
    options.quit(() => shell.exitFor(install));
  }

  /** The notice goes when its button is pressed. */
  async function restart(): Promise<void> {
    try {
      await installUpdate();
    } catch (error) {
      tell();
      throw error;
    }
  }

  return { updates, installUpdate };
}
