// The strips as sentences, for those who cannot see them: now, least, most. Pure.
import { count } from '../parts/words.ts';

type Column = readonly (number | null)[];

/** What a sentence has to know beside the columns. */
export interface Told {
  /** "the last 15 minutes". */
  readonly over: string;
  /** A step's time of day. */
  readonly when: (step: number) => string;
  /** What is so now, where that is another thing than what the running step shows. */
  readonly current?: number | undefined;
  /** Of a rate: "a minute". */
  readonly per?: string | undefined;
}

/** A strip's name for screen readers. */
export type Sentence = (columns: readonly Column[], told: Told) => string;

const measured = (column: Column | undefined): number[] => (column ?? []).filter((value) => value !== null);

function nowWords(column: Column | undefined, words: (value: number) => string, current?: number): string {
  const now = current ?? column?.at(-1) ?? column?.at(-2) ?? null;
  return now === null ? 'now nothing' : `now ${words(now)}`;
}

/** Counts: what is now and the most; the second column says of how many of these more is known. */
export function countSentence(name: string, ofWhich = '', more = ''): Sentence {
  return (columns, { over, current, per }) => {
    const [first, second] = columns;
    const values = measured(first);
    const title = `${per === undefined ? name : `${name} ${per}`} over ${over}`;
    if (values.length === 0) return `${title}: not measured`;
    const most = Math.max(...values);
    if (most === 0) return `${title}: none`;
    const at = first?.indexOf(most) ?? -1;
    const part = second?.[at] ?? null;
    const which = part === null ? '' : `, ${ofWhich} ${count(part)} ${more}`;
    return `${title}: ${nowWords(first, count, current)}, most ${count(most)}${which}`;
  };
}

/** A rate: now, lowest, highest. */
export function rateSentence(name: string, words: (value: number) => string): Sentence {
  return ([column], { over }) => {
    const values = measured(column);
    if (values.length === 0) return `${name} over ${over}: no requests`;
    const [least, most] = [Math.min(...values), Math.max(...values)];
    return `${name} over ${over}: ${nowWords(column, words)}, lowest ${words(least)}, highest ${words(most)}`;
  };
}

/** A median with its slowest: the second column is the 95th percentile. */
export function bandSentence(name: string, words: (value: number) => string): Sentence {
  return ([median, slow], { over, when }) => {
    const values = measured(slow);
    if (values.length === 0) return `${name} over ${over}: no requests`;
    const most = Math.max(...values);
    const at = when(slow?.indexOf(most) ?? 0);
    return `${name} over ${over}: median ${nowWords(median, words)}, slowest ${words(most)} at ${at}`;
  };
}
