// The three ways in which Hearth answers: with a model, with a model while keeping what it says, or from what was kept.

/** By the word that settings, `--mode` and X-Hearth-Mode have for each. */
export const MODES = { live: 'Live', record: 'Record', replay: 'Replay' } as const;
export type Mode = keyof typeof MODES;

export const MODE_NAMES = Object.keys(MODES) as [Mode, ...Mode[]];

/** The mode that a word names, in any case; undefined where it is none. */
export function modeNamed(word: string): Mode | undefined {
  const name = word.trim().toLowerCase();
  return MODE_NAMES.find((mode) => mode === name);
}
