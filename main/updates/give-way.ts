// The last of an app in whose place a newer release is put, once all work is done.
import type { App } from 'electron';
import type { Clock } from '../../backend/core/ports.ts';

/** How long what replaces the app may take to end it: on macOS the system copies and checks it first. Milliseconds. */
const REPLACE_MS = process.platform === 'darwin' ? 120_000 : 5000;

/**
 * Lets `install` put the newer one in the place of this app, which ends it and starts that. Where it does not, because a password
 * was refused or a file is gone, this one is started again: nobody is left without an app.
 */
export function giveWay(
  app: Pick<App, 'releaseSingleInstanceLock' | 'relaunch' | 'exit'>,
  install: () => void,
  clock: Pick<Clock, 'after'>,
): void {
  // The newer one must not find this one running.
  app.releaseSingleInstanceLock();
  const startAgain = (): void => {
    app.relaunch();
    app.exit(0);
  };
  try {
    install();
  } catch {
    startAgain();
    return;
  }
  clock.after(REPLACE_MS, startAgain);
}
