// The last notices of the gateway, for the window's list and the tray's menu. They stay while the gateway is restarted or stopped.
import type { NoticeFact } from '../../backend/contract/views/control.ts';

/**
 * What to call whenever something may have changed. It calls `changed` when the list is not as it was: some are over by time
 * alone, so nobody else tells.
 */
export function watchNotices(list: () => readonly NoticeFact[], changed: () => void): () => void {
  let before = '';
  return () => {
    const now = JSON.stringify(list().map(({ since, until, text, times }) => [since, until === null, text, times]));
    if (now !== before) changed();
    before = now;
  };
}
