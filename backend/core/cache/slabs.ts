// Stores records in blocks of a few large buffers, which are reused. A buffer for each record would wait for a full
// garbage collection when its record is removed, and leave a gap for the allocator. Blocks of one size are free at
// once, and fit any record. Only the caller knows what is stored where.

/** The size of a block. A record takes whole blocks, so on average half a block is lost. */
const BLOCK_BYTES = 512;
/** Blocks of a slab, which so has one megabyte. */
const BLOCKS = 2048;

interface Slab {
  /** Its index among the slabs. */
  readonly index: number;
  readonly bytes: Buffer;
  /**
   * For each block the next one: that of its record, by its number among all blocks, or the next free one of this slab.
   */
  readonly next: Uint32Array;
  /** The first free block. */
  free: number;
  used: number;
}

export class Slabs {
  /** Slots of slabs that were given back stay empty until reused. */
  readonly #slabs: (Slab | undefined)[] = [];
  /** The slabs with a free block. */
  readonly #roomy = new Set<Slab>();

  /** Bytes that a record of this length takes. */
  static costOf(length: number): number {
    return Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  }

  /** Bytes allocated from the system, in use or not. */
  get bytes(): number {
    return this.#slabs.filter((slab) => slab !== undefined).length * BLOCKS * BLOCK_BYTES;
  }

  /** Stores a copy. Returns its first block, which `read` and `free` need together with the length. */
  keep(record: Uint8Array): number {
    let first = 0;
    // From the end, so that each block knows the next one.
    for (let at = Slabs.costOf(record.length) - BLOCK_BYTES; at >= 0; at -= BLOCK_BYTES) {
      const slab = this.#withRoom();
      const block = slab.free;
      slab.free = slab.next[block] ?? BLOCKS;
      slab.next[block] = first;
      if (++slab.used === BLOCKS) this.#roomy.delete(slab);
      slab.bytes.set(record.subarray(at, at + BLOCK_BYTES), block * BLOCK_BYTES);
      first = slab.index * BLOCKS + block;
    }
    return first;
  }

  /** A copy of a record, which can be read at any time. */
  read(first: number, length: number): Buffer {
    const record = Buffer.allocUnsafe(length);
    let number = first;
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const { slab, block } = this.#blockOf(number);
      const from = block * BLOCK_BYTES;
      slab.bytes.copy(record, at, from, from + Math.min(BLOCK_BYTES, length - at));
      number = slab.next[block] ?? 0;
    }
    return record;
  }

  /** Frees the blocks of a record. */
  free(first: number, length: number): void {
    let number = first;
    for (let at = 0; at < length; at += BLOCK_BYTES) {
      const { slab, block } = this.#blockOf(number);
      number = slab.next[block] ?? 0;
      slab.next[block] = slab.free;
      slab.free = block;
      slab.used--;
      this.#roomy.add(slab);
      if (slab.used === 0) this.#giveBack(slab);
    }
  }

  #blockOf(number: number): { readonly slab: Slab; readonly block: number } {
    const slab = this.#slabs[Math.floor(number / BLOCKS)];
    if (slab === undefined) throw new Error('a record is read that is not kept');
    return { slab, block: number % BLOCKS };
  }

  #withRoom(): Slab {
    const [roomy] = this.#roomy;
    if (roomy !== undefined) return roomy;
    const empty = this.#slabs.indexOf(undefined);
    const index = empty < 0 ? this.#slabs.length : empty;
    const bytes = Buffer.allocUnsafeSlow(BLOCKS * BLOCK_BYTES);
    const slab = { index, bytes, next: Uint32Array.from({ length: BLOCKS }, (_, i) => i + 1), free: 0, used: 0 };
    this.#slabs[index] = slab;
    this.#roomy.add(slab);
    return slab;
  }

  /** Returns an empty slab to the system, unless it is the only one with room. */
  #giveBack(slab: Slab): void {
    if (this.#roomy.size === 1) return;
    this.#roomy.delete(slab);
    this.#slabs[slab.index] = undefined;
  }
}
