// What the headers of an answer say of its place in line: its class there, and what gave it.
import type { Source } from '../../contract/chat/chat.ts';
import type { Place } from '../../contract/chat/chat-request.ts';
import type { Trace } from '../../core/requests/trace.ts';

/** A kept answer never stood in line: nobody looks for its class. */
export const NEVER_IN_LINE = ['X-Queue-Class', 'none'] as const;

/** Of an answer as it goes out: its class, and of several machines the one that it comes from. */
export function queueHeaders(
  source: Source | undefined,
  { class: of, classBy, unknownWord, trace }: Omit<Place, 'priority'> & Ran,
): Record<string, string> {
  const [name, none] = NEVER_IN_LINE;
  if (source === 'hit') return { [name]: none };
  const unknown = unknownWord === undefined ? '' : `; unknown="${printable(unknownWord)}"`;
  const upstream = trace?.run?.upstream ?? trace?.upstream;
  return {
    [name]: `${of}; by="${classBy}"${unknown}`,
    ...(upstream === undefined ? {} : { 'X-Upstream': upstream }),
  };
}

/** What of a request says which of several machines it is on. */
interface Ran {
  readonly trace?: Pick<Trace, 'run' | 'upstream'> | undefined;
}

const LONGEST = 40;

/** What may stand between quotes in a header (RFC 9110, 5.6.4), and not too much of it. */
function printable(word: string): string {
  return word.slice(0, LONGEST).replaceAll(/[^ !#-[\]-~]/g, '?');
}
