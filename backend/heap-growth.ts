// How far V8's heap may grow between two full collections. V8 itself lets it grow up to fourfold, which is quick, and costs
// little while little is alive. A full cache keeps tens of megabytes of keys and places alive, and four times that would be
// more than the answers themselves.
import { setFlagsFromString } from 'node:v8';

/** From so many bytes of kept answers on, the heap grows by less. */
const LARGE_BYTES = 64 * 1024 * 1024;

/** By half of what is alive; and as V8 likes. Both hold from the next full collection on. */
const BY_HALF = '--heap-growing-percent=50';
const AS_USUAL = '--heap-growing-percent=0';

/** Tells V8 when it has to be told something else. `set` takes a flag. */
export function heapGrowth(set: (flag: string) => void = setFlagsFromString): (cacheBytes: number) => void {
  let told = AS_USUAL;
  return (cacheBytes) => {
    const flag = cacheBytes < LARGE_BYTES ? AS_USUAL : BY_HALF;
    if (flag !== told) set(flag);
    told = flag;
  };
}
