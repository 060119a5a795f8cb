// Limits how far V8's heap may grow between two full collections. By default it may grow fourfold, which is fast, and
// costs little while little is alive. A full cache keeps tens of megabytes of keys and indexes alive, and four times
// that would exceed the answers themselves.
import { setFlagsFromString } from 'node:v8';

/** Bytes of cached answers from which on the heap grows by less. */
const LARGE_BYTES = 64 * 1024 * 1024;

/** Growth by half of the live heap, and V8's default. Both apply from the next full collection on. */
const BY_HALF = '--heap-growing-percent=50';
const AS_USUAL = '--heap-growing-percent=0';

/** Sets V8's flag when it must change. `set` takes a flag. */
export function heapGrowth(set: (flag: string) => void = setFlagsFromString): (cacheBytes: number) => void {
  let told = AS_USUAL;
  return (cacheBytes) => {
    const flag = cacheBytes < LARGE_BYTES ? AS_USUAL : BY_HALF;
    if (flag !== told) set(flag);
    told = flag;
  };
}
