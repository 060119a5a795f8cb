// What a colour means. Colours alone say nothing that words do not say too.

/** `good` and `bad` of states, `heat` of what runs, `dim` of what is beside the point. */
export type Tone = 'good' | 'warn' | 'bad' | 'heat' | 'dim' | 'strong';

/** Select Graphic Rendition (ECMA-48), as every terminal knows it. */
const CODES: Readonly<Record<Tone, number>> = { good: 32, warn: 33, bad: 31, heat: 33, dim: 2, strong: 1 };

/** The text in its colour, where there may be some. */
export function painted(text: string, tone: Tone | undefined, hasColours: boolean): string {
  return tone === undefined || !hasColours || text === '' ? text : `\u001B[${CODES[tone]}m${text}\u001B[0m`;
}
