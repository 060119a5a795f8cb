// Colours by meaning. A colour never says anything that the text does not say too.

/** `good` and `bad` for states, `heat` for what runs, `dim` for secondary text. */
export type Tone = 'good' | 'warn' | 'bad' | 'heat' | 'dim' | 'strong';

/** Select Graphic Rendition (ECMA-48), which every terminal supports. */
const CODES: Readonly<Record<Tone, number>> = { good: 32, warn: 33, bad: 31, heat: 33, dim: 2, strong: 1 };

/** The text in its colour, if colours are allowed. */
export function painted(text: string, tone: Tone | undefined, hasColours: boolean): string {
  return tone === undefined || !hasColours || text === '' ? text : `\u001B[${CODES[tone]}m${text}\u001B[0m`;
}
