// A prompt as the hashes of all its beginnings, block by block. One comparison tells whether two prompts are equal up
// to a block, so the common beginning is found by binary search. The text can't be read from the hashes. Pure.

/** Lengths are weights: characters, including those that images count as (prompt-size.ts). */
export interface Beginnings {
  /** The hash of the prompt from its first character to the end of each block. */
  readonly hashes: Int32Array;
  /** The length up to the end of each block. */
  readonly ends: Int32Array;
}

/** A prompt whose beginnings are computed on first use. */
export interface Readable {
  readonly beginnings: Beginnings;
}

/** The length of a whole prompt. */
export function lengthOf({ ends }: Beginnings): number {
  return ends.at(-1) ?? 0;
}

/** The length of the common beginning of two prompts, in whole blocks. */
export function sharedBeginning(a: Beginnings, b: Beginnings): number {
  const blocks = countedByHalves(Math.min(a.hashes.length, b.hashes.length), (i) => a.hashes[i] === b.hashes[i]);
  return blocks === 0 ? 0 : (a.ends[blocks - 1] ?? 0);
}

/** The length of the longest known beginning of a prompt. All shorter beginnings of a known one must be known too. */
export function knownBeginning({ hashes, ends }: Beginnings, known: ReadonlySet<number>): number {
  const blocks = countedByHalves(hashes.length, (i) => known.has(hashes[i] ?? 0));
  return blocks === 0 ? 0 : (ends[blocks - 1] ?? 0);
}

/** The beginning of this length, cut back to the end of a block. */
export function upTo(length: number, { hashes, ends }: Beginnings): Beginnings {
  const blocks = countedByHalves(ends.length, (i) => (ends[i] ?? 0) <= length);
  return { hashes: hashes.slice(0, blocks), ends: ends.slice(0, blocks) };
}

/** How many of the first `all` items hold, if none holds after one that does not. */
function countedByHalves(all: number, holds: (i: number) => boolean): number {
  let [known, beyond] = [0, all];
  while (known < beyond) {
    const middle = (known + beyond) >>> 1;
    if (holds(middle)) known = middle + 1;
    else beyond = middle;
  }
  return known;
}
