// The classes of requests as people read them.
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import { t } from '../../words/texts.ts';

/** Said when they are shown. */
export const CLASS_WORDS: Readonly<Record<QueueClass, string>> = {
  get interactive() {
    return t('parts.class.interactive');
  },
  get normal() {
    return t('parts.class.normal');
  },
  get background() {
    return t('parts.class.background');
  },
};
