// The three modes of answering: with a model, with a model while recording its answers, or from a recording.

/** By the word that settings, `--mode` and X-Hearth-Mode use. */
export const MODES = { live: 'Live', record: 'Record', replay: 'Replay' } as const;
export type Mode = keyof typeof MODES;

export const MODE_NAMES = Object.keys(MODES) as [Mode, ...Mode[]];

/** The mode that a word names, in any case; undefined for other words. */
export function modeNamed(word: string): Mode | undefined {
  const name = word.trim().toLowerCase();
  return MODE_NAMES.find((mode) => mode === name);
}
