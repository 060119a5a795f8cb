// What is told of a newer release at the window's lower edge: that it is ready, and nothing before that.
import type { UpdatesView } from '../../backend/contract/window/about-commands.ts';
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
  const { version } = updates;
  return {
    id: UPDATE_NOTICE,
    level: 'info',
    icon: 'restart',
    restarts: true,
    // Said when it is shown: the language may have changed since.
    get text(): string {
      return t('updates.ready', { version });
    },
    buttons: [
      {
        id: 'new',
        get label(): string {
          return t('updates.what_is_new');
        },
        plain: true,
        act: show,
      },
      {
        id: 'restart',
        get label(): string {
          return t('updates.restart_now');
        },
        act: restart,
      },
    ],
  };
}
