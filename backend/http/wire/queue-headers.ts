// What the headers of an answer say of its place in line: the class that it had there.
import type { Source } from '../../contract/chat/chat.ts';
import type { QueueClass } from '../../contract/chat/chat-request.ts';

/** A kept answer never stood in line: nobody looks for its class. */
export const NEVER_IN_LINE = ['X-Queue-Class', 'none'] as const;

/** Of an answer as it goes out. */
export function queueHeaders(
  source: Source | undefined,
  { class: of }: { readonly class: QueueClass },
): Record<string, string> {
  return { [NEVER_IN_LINE[0]]: source === 'hit' ? NEVER_IN_LINE[1] : of };
}
