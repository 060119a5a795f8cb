// Figures that Ollama tells of a whole call, as shares of the texts that were in it. Pure.

/** Each text's share of a figure by its length: whole numbers whose sum is the whole. */
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
