// What a catalogue of causes is: a table from which one sentence is chosen, for a request that was slow or that missed. Pure; the
// facts are measured elsewhere and handed in. docs/why.md lists all of them.
import type { Why } from '../../contract/request-detail.ts';

/** One sentence of what was measured, and perhaps one of what it means or what to do. */
export type Told = Pick<Why, 'text' | 'more'>;

/** A row of a catalogue. */
export interface Cause<Facts> {
  /** On the wire and in docs/why.md; kebab-case, and its own among all catalogues. */
  readonly name: string;
  /** When it is the cause, for docs/why.md. */
  readonly when: string;
  /** The one setting that changes it, and the words for a link to it. Absent where none would help. */
  readonly setting?: NonNullable<Why['setting']>;
  /** What is said of it; undefined where it is not the cause, or not for sure. */
  readonly tell: (facts: Facts) => Told | undefined;
}

/** What the first cause that holds says: in a catalogue the special ones stand before the general. Undefined where none does. */
export function whyOf<Facts>(causes: readonly Cause<Facts>[], facts: Facts): Why | undefined {
  for (const { name, setting, tell } of causes) {
    const told = tell(facts);
    if (told !== undefined) return { cause: name, ...told, ...(setting === undefined ? {} : { setting }) };
  }
  return undefined;
}
