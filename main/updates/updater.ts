// electron-updater as updates.ts wants it: it asks a feed, fetches with its own session, checks the SHA-512 that the feed names, and
// replaces the app. Loaded only where there is a feed to ask. On macOS and Windows the system checks its own signatures besides.
import electronUpdater from 'electron-updater';
import type { Log } from '../../backend/core/ports.ts';
import { hindranceOf } from './hindrance.ts';
import type { Updater } from './updates.ts';

export interface UpdaterOptions {
  /** electron-builder's app-update.yml: where to ask. */
  readonly configFile: string;
  /** Also where the app was not packed: for tests and for trying a feed. */
  readonly isUnpacked: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
}

export function openUpdater({ configFile, isUnpacked, env, log }: UpdaterOptions): Updater {
  const { autoUpdater: updater } = electronUpdater;
  const told = (level: 'debug' | 'info' | 'warn') => (message?: unknown) =>
    log[level]({}, `updater: ${String(message)}`);
  updater.logger = { debug: told('debug'), info: told('debug'), warn: told('info'), error: told('warn') };
  updater.updateConfigPath = configFile;
  updater.forceDevUpdateConfig = isUnpacked;
  // Nothing is fetched before its signature was looked at, and nothing is replaced before somebody says so.
  updater.autoDownload = false;
  updater.autoInstallOnAppQuit = false;
  // What is fetched is told by the promises; without a listener Node would end the process.
  updater.on('error', () => undefined);
  let fetched: readonly string[] = [];
  return {
    async newest() {
      const found = await updater.checkForUpdates();
      if (found === null) return undefined;
      const { updateInfo } = found;
      return { isNewer: found.isUpdateAvailable, release: updateInfo };
    },
    async fetch(progress) {
      const tell = ({ percent }: { readonly percent: number }): void => progress(percent / 100);
      updater.on('download-progress', tell);
      try {
        fetched = await updater.downloadUpdate();
      } finally {
        updater.off('download-progress', tell);
      }
    },
    hindrance: () => hindranceOf(fetched, env['APPIMAGE']),
    install: () => updater.quitAndInstall(true, true),
  };
}
