// The classes of requests as people read them.
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';

export const CLASS_WORDS: Readonly<Record<QueueClass, string>> = {
  interactive: 'People',
  normal: 'Apps',
  background: 'Background',
};
