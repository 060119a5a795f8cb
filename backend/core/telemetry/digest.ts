// Percentiles of times that can be added up: counts per bucket, where the bucket bounds grow by a constant factor.
// Every percentile is accurate within a fixed relative error, however many times there were, and the digest of an hour
// is the sum of those of its minutes. The idea is DDSketch (Masson, Rim and Lee, VLDB 2019). Pure.

/** The relative error of a percentile. */
export const RELATIVE_ERROR = 0.02;

/** The factor between the ends of two adjacent buckets. */
const FACTOR = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LOG_FACTOR = Math.log(FACTOR);
/** Longer times count as this one: 30 days, in milliseconds. */
const LONGEST_MS = 30 * 86_400_000;
/** Times under a millisecond count as 0, in bucket 0. Bucket n ends at FACTOR ** (n - 1) milliseconds. */
const LAST = bucketOf(LONGEST_MS);

export class Digest {
  /** The count of each bucket; undefined while empty, as for most models and callers in most steps. */
  #buckets: Uint32Array | undefined;
  /** Percentiles computed since the last time was added. */
  #told: Map<number, number> | undefined;

  get isEmpty(): boolean {
    return this.#buckets === undefined;
  }

  /** Adds a time, in milliseconds. */
  add(ms: number): void {
    this.#count(bucketOf(ms), 1);
  }

  /** Adds all times of another digest. */
  addAll(other: Digest): void {
    const added = other.#buckets;
    if (added === undefined) return;
    const buckets = (this.#buckets ??= new Uint32Array(LAST + 1));
    for (let bucket = 0; bucket <= LAST; bucket++) buckets[bucket] = (buckets[bucket] ?? 0) + (added[bucket] ?? 0);
    this.#told = undefined;
  }

  /** The time in milliseconds that this share of all times is below; null when empty. 0.5 is the median. */
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

  /** The longest time, in milliseconds; null when empty. */
  get longest(): number | null {
    return this.#buckets === undefined ? null : timeOf(this.#buckets.findLastIndex((times) => times > 0));
  }

  /** Pairs of the distance to the bucket before and the count, each as LEB128: a few bytes for each bucket in use. */
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

  /** Undefined for bytes that `toBytes` can't have made. */
  static fromBytes(bytes: Uint8Array): Digest | undefined {
    return isKept(bytes) ? new Digest().addKept(bytes) : undefined;
  }

  /** Adds all times of the digest that made these bytes, which must have passed `isKept`. */
  addKept(bytes: Uint8Array): this {
    let bucket = 0;
    for (let at = 0; at < bytes.length;) {
      const distance = numberAt(bytes, at);
      at = endAt(bytes, at);
      bucket += distance;
      this.#count(bucket, numberAt(bytes, at));
      at = endAt(bytes, at);
    }
    return this;
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

/** The time that represents a bucket, within RELATIVE_ERROR of both of its ends. */
function timeOf(bucket: number): number {
  return bucket === 0 ? 0 : Math.round(((2 * FACTOR ** (bucket - 1)) / (FACTOR + 1)) * 100) / 100;
}

/** Whether these bytes can come from `toBytes`: pairs of whole numbers that lead to no bucket beyond the last. */
export function isKept(bytes: Uint8Array): boolean {
  let last = 0;
  let numbers = 0;
  for (let at = 0; at < bytes.length; numbers++) {
    const number = numberAt(bytes, at);
    if (number > Number.MAX_SAFE_INTEGER) return false;
    if (numbers % 2 === 0) last += number;
    at = endAt(bytes, at);
    // The number would continue.
    if (at > bytes.length) return false;
  }
  return numbers % 2 === 0 && last <= LAST;
}

/** Writes seven bits per byte, lowest first; the eighth bit says that more follow. */
function write(bytes: number[], number: number): void {
  let left = number;
  while (left > 127) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

/** The number that begins at `begin`. */
function numberAt(bytes: Uint8Array, begin: number): number {
  let number = 0;
  let worth = 1;
  for (let at = begin; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 128) return number + byte * worth;
    number += (byte - 128) * worth;
    worth *= 128;
  }
  return number;
}

/** Where the number at `begin` ends; beyond all bytes if it is incomplete. */
function endAt(bytes: Uint8Array, begin: number): number {
  let at = begin;
  while ((bytes[at] ?? 128) > 127 && at <= bytes.length) at++;
  return at + 1;
}
