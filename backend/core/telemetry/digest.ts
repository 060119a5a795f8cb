// Percentiles of times that add up: how many fell into each of a row of buckets whose bounds grow by one factor. So every
// percentile is right within a fixed share of itself, however many there were, and the digest of an hour is the sum of those of
// its minutes. The idea is DDSketch's (Masson, Rim and Lee, VLDB 2019). Pure.

/** A percentile is at most this share away from a time that was measured. */
export const RELATIVE_ERROR = 0.02;

/** Each bucket ends this many times as far out as the one before. */
const FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_FACTOR = Math.log(FACTOR);
/** Longer times count as this one: 30 days, in milliseconds. */
const LONGEST_MS = 30 * 86_400_000;
/** Times under a millisecond are 0, and have bucket 0. Bucket n ends at FACTOR ** (n - 1) milliseconds. */
const LAST = bucketOf(LONGEST_MS);

export class Digest {
  /** How many times are in each; undefined while there are none, as of most models and callers in most steps. */
  #buckets: Uint32Array | undefined;
  /** Percentiles that were asked for since the last time was added. */
  #told: Map<number, number> | undefined;

  get isEmpty(): boolean {
    return this.#buckets === undefined;
  }

  /** One more time, in milliseconds. */
  add(ms: number): void {
    this.#count(bucketOf(ms), 1);
  }

  /** All that another one has. */
  addAll(other: Digest): void {
    const added = other.#buckets;
    if (added === undefined) return;
    for (let bucket = 0; bucket <= LAST; bucket++) this.#count(bucket, added[bucket] ?? 0);
  }

  /** The time that a share of all is below, in milliseconds; null when there is none. 0.5 is the median. */
  quantile(share: number): number | null {
    const buckets = this.#buckets;
    if (buckets === undefined) return null;
    const told = this.#told?.get(share);
    if (told !== undefined) return told;
    let left = share * buckets.reduce((sum, times) => sum + times, 0);
    const found = buckets.findIndex((times) => (left -= times) < 0);
    const ms = timeOf(found === -1 ? buckets.findLastIndex((times) => times > 0) : found);
    this.#told ??= new Map();
    this.#told.set(share, ms);
    return ms;
  }

  /** Pairs of the distance from the bucket before and the count, each as LEB128: a few bytes for each bucket in use. */
  toBytes(): Uint8Array {
    const bytes: number[] = [];
    let before = 0;
    for (let bucket = 0; bucket <= LAST; bucket++) {
      const times = this.#buckets?.[bucket] ?? 0;
      if (times === 0) continue;
      write(bytes, bucket - before);
      write(bytes, times);
      before = bucket;
    }
    return Uint8Array.from(bytes);
  }

  /** Undefined for what `toBytes` never gave. */
  static fromBytes(bytes: Uint8Array): Digest | undefined {
    const numbers = read(bytes);
    if (numbers === undefined || numbers.length % 2 !== 0) return undefined;
    const digest = new Digest();
    let bucket = 0;
    for (let i = 0; i < numbers.length; i += 2) {
      bucket += numbers[i] ?? 0;
      if (bucket > LAST) return undefined;
      digest.#count(bucket, numbers[i + 1] ?? 0);
    }
    return digest;
  }

  #count(bucket: number, times: number): void {
    this.#buckets ??= new Uint32Array(LAST + 1);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + times;
    this.#told = undefined;
  }
}

function bucketOf(ms: number): number {
  return ms < 1 ? 0 : 1 + Math.ceil(Math.log(Math.min(ms, LONGEST_MS)) / LOG_FACTOR);
}

/** What stands for a bucket: no further than RELATIVE_ERROR from both of its ends. */
function timeOf(bucket: number): number {
  return bucket === 0 ? 0 : Math.round(((2 * FACTOR ** (bucket - 1)) / (FACTOR + 1)) * 100) / 100;
}

/** Seven bits a byte, the lowest first; the eighth says that more follow. */
function write(bytes: number[], number: number): void {
  let left = number;
  while (left > 127) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

function read(bytes: Uint8Array): number[] | undefined {
  const numbers: number[] = [];
  let number = 0;
  let worth = 1;
  for (const byte of bytes) {
    number += (byte % 128) * worth;
    if (number > Number.MAX_SAFE_INTEGER) return undefined;
    worth *= 128;
    if (byte > 127) continue;
    numbers.push(number);
    number = 0;
    worth = 1;
  }
  return worth === 1 ? numbers : undefined;
}
