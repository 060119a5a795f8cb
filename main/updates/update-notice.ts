// What is told of a newer release at the window's lower edge: that it is ready, and nothing before that.
import type { UpdatesView } from '../../backend/contract/about-commands.ts';
import { t } from '../../words/texts.ts';
import type { Notice } from '../notices/notices.ts';

export const UPDATE_NOTICE = 'update';

interface Acts {
  /** Shows what is new. */
  show(): void;
  restart(): Promise<void>;
}

/** Undefined while none is ready. */
export function updateNotice(updates: UpdatesView, { show, restart }: Acts): Notice | undefined {
  if (updates.state !== 'ready') return undefined;
  return {
    id: UPDATE_NOTICE,
    level: 'info',
    icon: 'restart',
    restarts: true,
    text: t('updates.ready', { version: updates.version }),
    buttons: [
      { id: 'new', label: t('updates.what_is_new'), plain: true, act: show },
      { id: 'restart', label: t('updates.restart_now'), act: restart },
    ],
  };
}
