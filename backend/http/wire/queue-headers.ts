// What the headers of an answer say of its place in line: its class there, and what gave it.
import type { Source } from '../../contract/chat/chat.ts';
import type { Place } from '../../contract/chat/chat-request.ts';

/** A kept answer never stood in line: nobody looks for its class. */
export const NEVER_IN_LINE = ['X-Queue-Class', 'none'] as const;

/** Of an answer as it goes out. */
export function queueHeaders(
  source: Source | undefined,
  { class: of, classBy, unknownWord }: Omit<Place, 'priority'>,
): Record<string, string> {
  const [name, none] = NEVER_IN_LINE;
  if (source === 'hit') return { [name]: none };
  const unknown = unknownWord === undefined ? '' : `; unknown="${printable(unknownWord)}"`;
  return { [name]: `${of}; by="${classBy}"${unknown}` };
}

const LONGEST = 40;

/** What may stand between quotes in a header (RFC 9110, 5.6.4), and not too much of it. */
function printable(word: string): string {
  return word.slice(0, LONGEST).replaceAll(/[^ !#-[\]-~]/g, '?');
}
