// A prompt as the hashes of all its beginnings, block by block: whether two prompts begin alike up to a block is one
// comparison, so how far they do is found by halves. Nothing of a text can be read from it. Pure.

/** Lengths are weights: characters, with those that pictures stand for (prompt-size.ts). */
export interface Beginnings {
  /** Of the prompt from its first character up to the end of each block. */
  readonly hashes: Int32Array;
  /** How long that is. */
  readonly ends: Int32Array;
}

/** A prompt whose beginnings are made when they are first asked for. */
export interface Readable {
  readonly beginnings: Beginnings;
}

/** The length of a whole prompt. */
export function lengthOf({ ends }: Beginnings): number {
  return ends.at(-1) ?? 0;
}

/** How long a beginning two prompts have in common, in whole blocks. */
export function sharedBeginning(a: Beginnings, b: Beginnings): number {
  const blocks = countedByHalves(Math.min(a.hashes.length, b.hashes.length), (i) => a.hashes[i] === b.hashes[i]);
  return blocks === 0 ? 0 : (a.ends[blocks - 1] ?? 0);
}

/** How long a beginning of a prompt is among known ones, of each of which the shorter ones are known too. */
export function knownBeginning({ hashes, ends }: Beginnings, known: ReadonlySet<number>): number {
  const blocks = countedByHalves(hashes.length, (i) => known.has(hashes[i] ?? 0));
  return blocks === 0 ? 0 : (ends[blocks - 1] ?? 0);
}

/** The beginning of this length, or the one before it where no block ends there. */
export function upTo(length: number, { hashes, ends }: Beginnings): Beginnings {
  const blocks = countedByHalves(ends.length, (i) => (ends[i] ?? 0) <= length);
  return { hashes: hashes.slice(0, blocks), ends: ends.slice(0, blocks) };
}

/** How many of the first so many hold, where none holds after one that does not. */
function countedByHalves(all: number, holds: (i: number) => boolean): number {
  let [known, beyond] = [0, all];
  while (known < beyond) {
    const middle = (known + beyond) >>> 1;
    if (holds(middle)) known = middle + 1;
    else beyond = middle;
  }
  return known;
}
