// A catalogue of causes: a table from which one sentence is chosen, for a slow request or a cache miss. Pure; the facts
// are measured elsewhere and passed in. docs/why.md lists all causes.
import type { Why } from '../../contract/views/request-detail.ts';

/** A sentence about what was measured, and maybe one about what it means or what to do. */
export type Told = Pick<Why, 'text' | 'more'>;

/** A row of a catalogue. */
export interface Cause<Facts> {
  /** Used on the wire and in docs/why.md; kebab-case, and unique among all catalogues. */
  readonly name: string;
  /** When it is the cause, for docs/why.md. */
  readonly when: string;
  /** The setting that changes it, with the text of a link to it. Absent when none would help. */
  readonly setting?: NonNullable<Why['setting']>;
  /** The sentences; undefined when this is not the cause, or not for sure. */
  readonly tell: (facts: Facts) => Told | undefined;
}

/** The sentences of the first cause that applies. Special causes precede general ones. Undefined when none applies. */
export function whyOf<Facts>(causes: readonly Cause<Facts>[], facts: Facts): Why | undefined {
  for (const { name, setting, tell } of causes) {
    const told = tell(facts);
    if (told !== undefined) return { cause: name, ...told, ...(setting === undefined ? {} : { setting }) };
  }
  return undefined;
}
