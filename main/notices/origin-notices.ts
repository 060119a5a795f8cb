// Asks the user about web pages that were refused: one notice for each, until it is answered or the page is allowed
// elsewhere. Always and never are settings; for this session is remembered by OriginApprovals.
import type { OriginApprovals, AskingOrigin } from '../../backend/core/access/origin-approvals.ts';
import type { Notice, Notices } from './notices.ts';
import type { Settings } from '../settings/settings.ts';
import { t } from '../../words/texts.ts';

const KIND = 'origin ';
const idOf = (origin: string): string => KIND + origin;
const isOrigin = (id: string): boolean => id.startsWith(KIND);

export interface OriginParts {
  readonly originApprovals: OriginApprovals;
  readonly settings: Settings;
  readonly notices: Notices;
}

/**
 * Shows a notice for each page that asks, in the order in which they came: a page may ask as often as it likes, and must
 * not come before another one just when its button is pressed. Returns a function that stops it.
 */
export function askAboutOrigins(parts: OriginParts): () => void {
  const { originApprovals, settings, notices } = parts;
  let asked: readonly string[] = [];
  const show = (): void => {
    const waiting = originApprovals.list();
    // The oldest make room when many ask.
    for (const origin of asked) if (!waiting.some((each) => each.origin === origin)) notices.remove(idOf(origin));
    for (const stranger of waiting) notices.queue(noticeOf(parts, stranger), isOrigin);
    asked = waiting.map(({ origin }) => origin);
  };
  const deaf = originApprovals.onChange(show);
  // Also while no gateway runs.
  const forget = settings.onChange(() => originApprovals.decided(settings.config.cors));
  return () => {
    deaf();
    forget();
  };
}

function noticeOf({ originApprovals, settings }: OriginParts, { origin, times }: AskingOrigin): Notice {
  const list = (key: 'allowed_origins' | 'blocked_origins'): void => {
    settings.set(`cors.${key}`, [...settings.config.cors[key], origin]);
  };
  return {
    id: idOf(origin),
    level: 'info',
    subject: origin,
    text: t('notices.origin', { origin }),
    more: t('notices.origin_asked', { times }),
    buttons: [
      { id: 'always', label: t('notices.allow_always'), act: () => list('allowed_origins') },
      { id: 'session', label: t('notices.allow_session'), act: () => originApprovals.admit(origin) },
      { id: 'block', label: t('notices.block'), act: () => list('blocked_origins') },
    ],
  };
}
