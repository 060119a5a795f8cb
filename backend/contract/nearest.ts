// "Did you mean …?": finds the name that a mistyped word most likely stands for. It only suggests; the user decides.

/** Names that differ only in these ways look the same to a reader: maxSizeMb, max-size-mb, max_size_mb. */
const plain = (name: string): string => name.toLowerCase().replace(/[_-]/g, '');

/**
 * The candidate nearest to a word: equal except for case and separators, else the only one that starts with the word
 * (of at least three letters), else the one with the fewest typing errors, at most one per four letters and three in
 * all. Undefined when none is near.
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const wanted = plain(word);
  const begun = wanted.length < 3 ? [] : candidates.filter((candidate) => plain(candidate).startsWith(wanted));
  if (begun.length === 1) return begun[0];

  let best: string | undefined;
  let fewest = Math.min(3, Math.max(1, Math.floor(wanted.length / 4))) + 1;
  for (const candidate of candidates) {
    const mistakes = typingMistakes(wanted, plain(candidate), fewest);
    if (mistakes < fewest) [best, fewest] = [candidate, mistakes];
  }
  return best;
}

/** Letters to add, drop, change or swap with a neighbour to turn one word into the other; `enough` stops the count. */
export function typingMistakes(from: string, to: string, enough = Infinity): number {
  // Words of very different length are decided at once, so that a megabyte of nonsense costs nothing.
  if (Math.abs(from.length - to.length) >= enough) return enough;
  let before: number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1];
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      );
    }
    [before, row] = [row, next];
  }
  return row[to.length] ?? enough;
}
