// Outlines of earlier prompts, limited to a few MB: finds the earlier prompt of an app that a new one continues, and
// the nearest kept question for one that has no kept answer. In memory only; a restart forgets it.
import { common, type Table } from '../value-differences.ts';
import { BLOCK, bytesOf, isSamePrompt, sharedBlocks, type Outline } from './outline.ts';
import type { Remembered } from './parting.ts';

/** A request that went up, or may have. */
export interface Asked extends Remembered {
  readonly id: string;
  readonly owner: string;
  readonly caller: string;
  /** The installed name of the model. */
  readonly model: string;
  /** Undefined when it names no conversation. */
  readonly conversation: string | undefined;
  /** When it came, in milliseconds since 1970. */
  readonly at: number;
  /** What it asks besides its prompt, and the Ollama and model that it asks, each by name. */
  readonly fields: Table;
  readonly of: Table;
  /** The cache key of its answer. */
  readonly key: string | undefined;
  readonly text: string | undefined;
  /**
   * What of it was kept the same: how much of the prompt stands before it, as a weight, and the hash of what was sent
   * there.
   */
  readonly pinned?: readonly { readonly what: string; readonly at: number; readonly sent_hash: string }[] | undefined;
}

/** How many requests are remembered, and the bytes that they may take without their texts. */
const MOST = 1000;
const MOST_BYTES = 4 * 1024 * 1024;
/** How many of the last requests a new one is compared with, block by block. */
const COMPARED = 32;
/** Prompts up to this many characters are also compared letter by letter. */
const SHORT = 8 * BLOCK;

interface Entry extends Asked {
  text: string | undefined;
}

/**
 * What one owner asked of one model, the oldest first. Lists that are read from their end, since each new request
 * searches them.
 */
interface Space {
  readonly all: Entry[];
  /** The requests whose answer was kept. */
  readonly kept: Entry[];
}

const bytesOfText = (text: string): number => text.length * 2;

export class AskedBefore {
  readonly #maxTextBytes: () => number;
  /** By the id of the request, the oldest first; and the entries that still have their text. */
  readonly #all = new Map<string, Entry>();
  readonly #withText = new Set<Entry>();
  /** By owner and model. */
  readonly #spaces = new Map<string, Space>();
  #bytes = 0;
  #textBytes = 0;

  /** `maxTextBytes` limits the texts of the last prompts; called at each use. */
  constructor(maxTextBytes: () => number) {
    this.#maxTextBytes = maxTextBytes;
  }

  /** Remembers a request. One that is retried because it had to give way replaces its own entry. */
  add(asked: Asked): void {
    const own = this.#all.get(asked.id);
    if (own !== undefined) this.#forget(own);
    const entry: Entry = { ...asked };
    this.#all.set(entry.id, entry);
    this.#bytes += bytesOf(entry.outline);
    const space = this.#space(asked) ?? { all: [], kept: [] };
    space.all.push(entry);
    this.#spaces.set(spaceOf(asked), space);
    if (entry.text !== undefined) {
      this.#withText.add(entry);
      this.#textBytes += bytesOfText(entry.text);
    }
    this.#trim();
  }

  /** Notes that its answer was kept. */
  kept({ id }: Pick<Asked, 'id'>): void {
    const own = this.#all.get(id);
    if (own === undefined) return;
    const kept = this.#space(own)?.kept;
    if (kept?.includes(own) === false) kept.push(own);
  }

  /** Compares a request with the earlier ones of the same owner and model. Read the result before anything is added. */
  comparedWith(asked: Asked): Comparison {
    const { all, kept } = this.#space(asked) ?? NOTHING;
    return new Comparison(asked, all, kept);
  }

  /** For tests and benchmarks. */
  get size(): { readonly requests: number; readonly bytes: number; readonly textBytes: number } {
    return { requests: this.#all.size, bytes: this.#bytes, textBytes: this.#textBytes };
  }

  #space(asked: Pick<Asked, 'owner' | 'model'>): Space | undefined {
    return this.#spaces.get(spaceOf(asked));
  }

  #trim(): void {
    for (const entry of this.#withText) {
      if (this.#textBytes <= this.#maxTextBytes()) break;
      this.#forgetText(entry);
    }
    for (const entry of this.#all.values()) {
      if (this.#all.size <= MOST && this.#bytes <= MOST_BYTES) break;
      this.#forget(entry);
    }
  }

  #forgetText(entry: Entry): void {
    if (!this.#withText.delete(entry) || entry.text === undefined) return;
    this.#textBytes -= bytesOfText(entry.text);
    entry.text = undefined;
  }

  #forget(entry: Entry): void {
    this.#forgetText(entry);
    this.#all.delete(entry.id);
    this.#bytes -= bytesOf(entry.outline);
    const space = this.#space(entry);
    if (space === undefined) return;
    takeOut(entry, space.all);
    takeOut(entry, space.kept);
    if (space.all.length === 0) this.#spaces.delete(spaceOf(entry));
  }
}

const NOTHING: Space = { all: [], kept: [] };

/** Usually the oldest entry, which is found at once. */
function takeOut(entry: Entry, entries: Entry[]): void {
  const at = entries.indexOf(entry);
  if (at === 0) entries.shift();
  else if (at > 0) entries.splice(at, 1);
}

const spaceOf = ({ owner, model }: Pick<Asked, 'owner' | 'model'>): string => `${owner}\n${model}`;

/** A request, and those that were asked before it. */
export class Comparison {
  readonly #asked: Asked;
  readonly #earlier: readonly Entry[];
  readonly #kept: readonly Entry[];
  readonly #shared: (other: Outline) => number;
  /** Each entry is compared once, whatever it is needed for. */
  readonly #nearness = new Map<Entry, number>();

  constructor(asked: Asked, earlier: readonly Entry[], kept: readonly Entry[]) {
    this.#asked = asked;
    this.#earlier = earlier;
    this.#kept = kept;
    this.#shared = sharedBlocks(asked.outline);
  }

  /**
   * The earlier request that this one continues: the last one of its conversation if it names one. Else, of the last
   * requests of its app, the one with the most in common at any position; of equal ones the last. A model server takes
   * the longest common beginning, but a clock at the top would make all beginnings equally short and the choice random.
   */
  get before(): Asked | undefined {
    const { id, caller, conversation } = this.#asked;
    const isOwn = (entry: Entry): boolean => entry.caller === caller && entry.id !== id;
    const last = conversation && this.#earlier.findLast((entry) => entry.conversation === conversation && isOwn(entry));
    return last || nearest(lastOf(this.#earlier, isOwn), { score: (entry) => this.#near(entry) });
  }

  /** An earlier request of the same app, by its id. */
  of(id: string): Asked | undefined {
    const { id: own, caller } = this.#asked;
    return id === own ? undefined : this.#earlier.findLast((entry) => entry.id === id && entry.caller === caller);
  }

  /**
   * The nearest question whose answer is kept: one with the same prompt, else the one with most of it in common; of
   * equal ones the one with the smallest `far`. `holds` tells whether an answer is still kept.
   */
  nearestKept(holds: (key: string) => boolean, far: (other: Asked) => number): Asked | undefined {
    const { id, outline: own } = this.#asked;
    const isHeld = ({ key }: Asked): boolean => key !== undefined && holds(key);
    const alike = lastOf(this.#kept, (entry) => isSamePrompt(entry.outline, own) && entry.id !== id);
    const known = new Map<Entry, number>();
    const farOf = (entry: Entry): number => {
      const distance = known.get(entry) ?? far(entry);
      known.set(entry, distance);
      return distance;
    };
    return (
      nearest(alike, { far: farOf, may: isHeld }) ??
      nearest(
        lastOf(this.#kept, (entry) => entry.id !== id),
        { score: (entry) => this.#near(entry), far: farOf, may: isHeld },
      )
    );
  }

  /** Whether an answer was ever kept, as far as is remembered. */
  get wasKept(): boolean {
    return this.#kept.some(({ id }) => id !== this.#asked.id);
  }

  /**
   * How much two prompts have in common: whole blocks, and for short prompts the characters at the beginning and end.
   */
  #near(entry: Entry): number {
    let near = this.#nearness.get(entry);
    if (near === undefined) {
      near = this.#shared(entry.outline) * BLOCK + edges(this.#asked, entry);
      this.#nearness.set(entry, near);
    }
    return near;
  }
}

/** Characters that two short prompts have in common at their beginning and end. */
function edges(a: Remembered, b: Remembered): number {
  const isShort = Math.max(a.outline.chars, b.outline.chars) <= SHORT;
  return isShort && a.text !== undefined && b.text !== undefined ? common(a.text, b.text) : 0;
}

/** The last matching entries, as many as are compared, the newest first. */
function lastOf(entries: readonly Entry[], isOne: (entry: Entry) => boolean): Entry[] {
  const last: Entry[] = [];
  for (let at = entries.length - 1; at >= 0 && last.length < COMPARED; at--) {
    const entry = entries[at];
    if (entry !== undefined && isOne(entry)) last.push(entry);
  }
  return last;
}

/** How entries are ranked; each function is called only if it decides. */
interface Measure {
  score?(entry: Entry): number;
  far?(entry: Entry): number;
  may?(entry: Entry): boolean;
}

const NONE = (): number => 0;

/** The allowed entry with the highest score, then the smallest `far`, then the latest. `entries` come newest first. */
function nearest(
  entries: readonly Entry[],
  { score = NONE, far = NONE, may = () => true }: Measure,
): Entry | undefined {
  let best: { readonly entry: Entry; readonly score: number } | undefined;
  for (const entry of entries) {
    const own = score(entry);
    const ahead = best === undefined ? 1 : own - best.score || far(best.entry) - far(entry);
    if (ahead > 0 && may(entry)) best = { entry, score: own };
  }
  return best?.entry;
}
