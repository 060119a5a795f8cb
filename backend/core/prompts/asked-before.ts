// What was asked before, as outlines, for as long as a few MB last: which of the earlier prompts of an app a new one goes on
// with, and which kept question is nearest to one that has no kept answer. In memory alone; a restart forgets it.
import { common, type Table } from '../apart.ts';
import { BLOCK, bytesOf, isSamePrompt, sharedBlocks, type Outline } from './outline.ts';
import type { Remembered } from './parting.ts';

/** A request that went up, or may have. */
export interface Asked extends Remembered {
  readonly id: string;
  readonly owner: string;
  readonly caller: string;
  /** By its installed name. */
  readonly model: string;
  /** Undefined where it names none. */
  readonly conversation: string | undefined;
  /** When it came. Milliseconds since 1970. */
  readonly at: number;
  /** What it asks beside its prompt, and of which Ollama and model, each by name. */
  readonly fields: Table;
  readonly of: Table;
  /** Of its answer. */
  readonly key: string | undefined;
  readonly text: string | undefined;
  /** What of it was kept the same: where, and the hash of what was sent there. */
  readonly pinned?: readonly { readonly what: string; readonly at: number; readonly sent_hash: string }[] | undefined;
}

/** Requests remembered, and the bytes that they may take without their texts. */
const MOST = 1000;
const MOST_BYTES = 4 * 1024 * 1024;
/** The last ones that a new one is compared with, block by block. */
const COMPARED = 32;
/** Characters of a prompt that is compared letter by letter too. */
const SHORT = 8 * BLOCK;

interface Entry extends Asked {
  text: string | undefined;
}

/** What one owner asked of one model, by the id of the request, the oldest first. */
interface Space {
  readonly all: Map<string, Entry>;
  /** Those of them whose answer was kept. */
  readonly kept: Map<string, Entry>;
}

const bytesOfText = (text: string): number => text.length * 2;

export class AskedBefore {
  readonly #maxTextBytes: () => number;
  /** The oldest first; and those whose text is at hand. */
  readonly #all = new Set<Entry>();
  readonly #withText = new Set<Entry>();
  /** By owner and model. */
  readonly #spaces = new Map<string, Space>();
  #bytes = 0;
  #textBytes = 0;

  /** `maxTextBytes`: for the texts of the last prompts; asked at each use. */
  constructor(maxTextBytes: () => number) {
    this.#maxTextBytes = maxTextBytes;
  }

  /** Remembers a request. One that is asked again, because it had to give way, takes its own place. */
  add(asked: Asked): void {
    const own = this.#space(asked)?.all.get(asked.id);
    if (own !== undefined) this.#forget(own);
    const entry: Entry = { ...asked };
    this.#all.add(entry);
    this.#bytes += bytesOf(entry.outline);
    const space = this.#space(asked) ?? { all: new Map(), kept: new Map() };
    space.all.set(entry.id, entry);
    this.#spaces.set(spaceOf(asked), space);
    if (entry.text !== undefined) {
      this.#withText.add(entry);
      this.#textBytes += bytesOfText(entry.text);
    }
    this.#trim();
  }

  /** Its answer was kept. */
  kept(asked: Pick<Asked, 'id' | 'owner' | 'model'>): void {
    const space = this.#space(asked);
    const own = space?.all.get(asked.id);
    if (own !== undefined) space?.kept.set(own.id, own);
  }

  /** The earlier requests of the same owner and model, to be held against this one. */
  comparedWith(asked: Asked): Comparison {
    const { all, kept } = this.#space(asked) ?? NOTHING;
    const others = (entries: ReadonlyMap<string, Entry>): Entry[] =>
      Array.from(entries.values()).filter(({ id }) => id !== asked.id);
    return new Comparison(asked, others(all), others(kept));
  }

  /** For tests and benches. */
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
    for (const entry of this.#all) {
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
    this.#all.delete(entry);
    this.#bytes -= bytesOf(entry.outline);
    const space = this.#space(entry);
    space?.all.delete(entry.id);
    space?.kept.delete(entry.id);
    if (space?.all.size === 0) this.#spaces.delete(spaceOf(entry));
  }
}

const NOTHING: Space = { all: new Map(), kept: new Map() };

const spaceOf = ({ owner, model }: Pick<Asked, 'owner' | 'model'>): string => `${owner}\n${model}`;

/** A request, and those that were asked before it. */
export class Comparison {
  readonly #asked: Asked;
  readonly #earlier: readonly Entry[];
  readonly #kept: readonly Entry[];
  readonly #shared: (other: Outline) => number;
  /** Each is compared once, for whatever it is asked. */
  readonly #nearness = new Map<Entry, number>();

  constructor(asked: Asked, earlier: readonly Entry[], kept: readonly Entry[]) {
    this.#asked = asked;
    this.#earlier = earlier;
    this.#kept = kept;
    this.#shared = sharedBlocks(asked.outline);
  }

  /**
   * The request whose prompt this one goes on with: the last of its conversation where it names one. Else, of the last ones
   * of its app, that which has most in common with it, wherever that stands. A model server takes the one with the
   * longest common beginning; but where a clock at the top makes all beginnings equally short, that choice would be chance.
   * Of several as near, the last.
   */
  get before(): Asked | undefined {
    const { caller, conversation } = this.#asked;
    const own = this.#earlier.filter((entry) => entry.caller === caller);
    const last = conversation && own.findLast((entry) => entry.conversation === conversation);
    return last || nearest(own.slice(-COMPARED), { score: (entry) => this.#near(entry) });
  }

  /**
   * The nearest of the questions whose answers are kept: one with the same prompt, else the one with most of it; of several as
   * near, the one that `far` says is least far. `holds`: whether an answer is still there.
   */
  nearestKept(holds: (key: string) => boolean, far: (other: Asked) => number): Asked | undefined {
    const isHeld = ({ key }: Asked): boolean => key !== undefined && holds(key);
    const alike = this.#kept.filter(({ outline }) => isSamePrompt(outline, this.#asked.outline)).slice(-COMPARED);
    const known = new Map<Entry, number>();
    const farOf = (entry: Entry): number => {
      const distance = known.get(entry) ?? far(entry);
      known.set(entry, distance);
      return distance;
    };
    return (
      nearest(alike, { far: farOf, may: isHeld }) ??
      nearest(this.#kept.slice(-COMPARED), { score: (entry) => this.#near(entry), far: farOf, may: isHeld })
    );
  }

  /** Whether an answer was ever kept, as far as it is remembered. */
  get wasKept(): boolean {
    return this.#kept.length > 0;
  }

  /** How much two prompts have in common: whole blocks, and where they have few, what is the same at the beginning and end. */
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

/** How entries are held against each other; each is asked only where it decides. */
interface Measure {
  score?(entry: Entry): number;
  far?(entry: Entry): number;
  may?(entry: Entry): boolean;
}

const NONE = (): number => 0;

/** Of those that may be, the one with the highest score; of equal ones the least far, and of those the last. */
function nearest(
  entries: readonly Entry[],
  { score = NONE, far = NONE, may = () => true }: Measure,
): Entry | undefined {
  let best: { readonly entry: Entry; readonly score: number } | undefined;
  for (const entry of entries.toReversed()) {
    const own = score(entry);
    const ahead = best === undefined ? 1 : own - best.score || far(best.entry) - far(entry);
    if (ahead > 0 && may(entry)) best = { entry, score: own };
  }
  return best?.entry;
}
