// Remembers what the last bodies meant, by the hash of their bytes. Equal bytes are the same request, and who asks again
// sends equal bytes: parsing, checking and the canonical form are then spared. It decides nothing, and holds no answer.
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** Longer bodies are read each time: what they hold is mostly new. Bytes. */
const LONGEST = 64 * 1024;
/** Bytes of bodies whose meaning is kept; the parsed form is a few times that. */
const MOST = 2 * 1024 * 1024;
/** What a kept meaning costs beside its text. */
const BOOKKEEPING_BYTES = 1000;

export class BodyMemo<T extends object> {
  readonly #known = new LRUCache<string, { readonly meaning: T; readonly bytes: number }>({
    maxSize: MOST,
    sizeCalculation: ({ bytes }) => bytes + BOOKKEEPING_BYTES,
  });

  /** What these bytes mean. `read` is asked when they are new; what it throws is not remembered. Nobody changes a meaning. */
  meaningOf(bytes: Buffer, read: (bytes: Buffer) => T): T {
    if (bytes.length > LONGEST) return read(bytes);
    const key = hash('sha256', bytes, 'base64');
    const known = this.#known.get(key);
    if (known !== undefined) return known.meaning;
    const meaning = read(bytes);
    this.#known.set(key, { meaning, bytes: bytes.length });
    return meaning;
  }
}
