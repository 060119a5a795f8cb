// Splits a figure that Ollama reports for a whole call among the texts in it. Pure.

/** Each text's share of a figure, by its length: whole numbers that add up to the figure. */
export function shares(whole: number, texts: readonly string[]): number[] {
  const lengths = texts.map(({ length }) => length);
  const all = lengths.reduce((sum, length) => sum + length, 0) || 1;
  let before = 0;
  let given = 0;
  return lengths.map((length) => {
    before += length;
    const upTo = Math.round((whole * before) / all);
    const share = upTo - given;
    given = upTo;
    return share;
  });
}
