// The keys that open the window from everywhere: held while the settings name some. The system says whether they are free.
import { t } from '../../words/texts.ts';
import { DISMISS, type Notices } from '../notices/notices.ts';

export const SHORTCUT_SETTING = 'app.shortcut';
const NOTICE = 'shortcut';

export interface ShortcutParts {
  /** Takes keys, as Electron writes them. False when another program has them, or the desktop gives none to programs. */
  holdKeys(keys: string, pressed: () => void): boolean;
  letKeysGo(keys: string): void;
  readonly notices: Pick<Notices, 'add' | 'remove'>;
  /** Shows the window. */
  pressed(): void;
  showSetting(path: string): void;
}

/** Returns what to call with the keys of the settings, at the start and whenever they may have changed. */
export function keepShortcut({
  holdKeys,
  letKeysGo,
  notices,
  pressed,
  showSetting,
}: ShortcutParts): (keys: string) => void {
  let wanted = '';
  let held = '';
  return (keys) => {
    if (keys === wanted) return;
    wanted = keys;
    if (held !== '') letKeysGo(held);
    held = keys !== '' && holdKeys(keys, pressed) ? keys : '';
    if (keys === held) {
      notices.remove(NOTICE);
      return;
    }
    const change = { id: 'change', label: t('notices.change'), act: () => showSetting(SHORTCUT_SETTING) };
    notices.add({
      id: NOTICE,
      level: 'warning',
      text: t('notices.shortcut_taken', { keys }),
      more: t('notices.shortcut_taken_more'),
      buttons: [change, DISMISS],
    });
  };
}
