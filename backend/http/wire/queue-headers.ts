// Response headers about the request's place in the queue: its class, and what set the class.
import type { Source } from '../../contract/chat/chat.ts';
import type { Place } from '../../contract/chat/chat-request.ts';
import type { Trace } from '../../core/requests/trace.ts';

/** A cached answer never queued, so it has no class. */
export const NEVER_IN_LINE = ['X-Queue-Class', 'none'] as const;

/** Headers of an answer as it goes out: its class, and with several machines the one that answered. */
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

/** The parts of a request that say which of several machines runs it. */
interface Ran {
  readonly trace?: Pick<Trace, 'run' | 'upstream'> | undefined;
}

const LONGEST = 40;

/** Keeps characters that are legal between quotes in a header (RFC 9110, 5.6.4), and at most LONGEST of them. */
function printable(word: string): string {
  return word.slice(0, LONGEST).replaceAll(/[^ !#-[\]-~]/g, '?');
}
