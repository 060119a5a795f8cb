// How urgent a request of a test is, where its class does not matter.
import type { Place } from '../../backend/contract/chat/chat-request.ts';

/** Of the class `normal`; a lower number is sooner there. */
export function atPriority(priority = 0): Place {
  return { class: 'normal', classBy: 'default', priority };
}
