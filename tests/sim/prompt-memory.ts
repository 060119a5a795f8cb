// What a model server keeps of prompts, as llama-server does it, on which Ollama's runners stand (tools/server/server-context.cpp,
// get_available_slot; server-task.cpp, server_prompt_cache): places with what was read last, and in newer versions a cache in the
// machine's memory for what is pushed out of them. Texts stand for tokens, 4 characters each.
import { textOf } from '../../backend/core/prompts/outline.ts';
import type { Part } from '../../backend/core/prompts/prompt.ts';

/** The tokens of a prompt by number: equal ones have equal numbers. */
export type Tokens = Int32Array;

/** Gives each text of 4 characters a number. Parts begin a token of their own, and most of them come again and again. */
export class Tokenizer {
  readonly #numbers = new Map<string, number>();
  readonly #parts = new Map<string, Tokens>();

  of(parts: readonly Part[]): Tokens {
    const each = parts.map((part) => this.#ofPart(part));
    const all = new Int32Array(each.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const tokens of each) {
      all.set(tokens, at);
      at += tokens.length;
    }
    return all;
  }

  #ofPart(part: Part): Tokens {
    const text = `<${part.kind}>\n${textOf([part])}`;
    const known = this.#parts.get(text);
    if (known !== undefined) return known;
    const words = [`<${part.kind}>`, ...(textOf([part]).match(/[^]{1,4}/g) ?? [])];
    const made = Int32Array.from(words, (word) => this.#number(word));
    this.#parts.set(text, made);
    return made;
  }

  #number(word: string): number {
    const known = this.#numbers.get(word) ?? this.#numbers.size;
    this.#numbers.set(word, known);
    return known;
  }
}

export function commonTokens(a: Tokens, b: Tokens): number {
  const most = Math.min(a.length, b.length);
  let at = 0;
  while (at < most && a[at] === b[at]) at++;
  return at;
}

export interface ServerKind {
  readonly name: string;
  /** OLLAMA_NUM_PARALLEL. */
  readonly places: number;
  /** Tokens that its cache in the machine's memory holds; 0: it has none. */
  readonly cache: number;
}

/** A share of a prompt that must stand in a place for that to be chosen before the others (slot_prompt_similarity). */
const ALIKE = 0.1;
/** Who loses less than this share of a place's tokens leaves them unsaved. */
const KEEPS = 0.5;
/** Of what is cached at least this share must be of use. */
const OF_USE = 0.25;

interface Place {
  tokens: Tokens;
  busy: boolean;
  usedAt: number;
}

export interface Reading {
  /** Tokens that had to be read, and that did not. */
  readonly processed: number;
  readonly reused: number;
  /** The answer has been written; all that stands in the place now. */
  done(whole: Tokens): void;
}

export class PromptServer {
  readonly #kind: ServerKind;
  readonly #places: Place[];
  /** The oldest first. */
  #cached: Tokens[] = [];
  #uses = 0;

  constructor(kind: ServerKind) {
    this.#kind = kind;
    this.#places = Array.from({ length: kind.places }, () => ({ tokens: new Int32Array(0), busy: false, usedAt: -1 }));
  }

  read(prompt: Tokens): Reading {
    const place = this.#placeFor(prompt);
    // The last token is always read, as the answer comes from it.
    const reused = Math.min(commonTokens(place.tokens, prompt), prompt.length - 1);
    place.busy = true;
    place.usedAt = this.#uses++;
    place.tokens = prompt;
    const done = (whole: Tokens): void => {
      place.busy = false;
      place.tokens = whole;
    };
    return { processed: prompt.length - reused, reused, done };
  }

  /** How much of a prompt stands in one of its free places. */
  shared(prompt: Tokens): number {
    const free = this.#places.filter(({ busy }) => !busy);
    return Math.max(0, ...free.map(({ tokens }) => commonTokens(tokens, prompt)));
  }

  #placeFor(prompt: Tokens): Place {
    const free = this.#places.filter(({ busy }) => !busy);
    const [oldest] = free.toSorted((a, b) => a.usedAt - b.usedAt);
    if (oldest === undefined) throw new Error('More were sent than the server answers at once.');
    const shared = (place: Place): number => commonTokens(place.tokens, prompt);
    const nearest = free.reduce((best, place) => (shared(place) > shared(best) ? place : best), oldest);
    const isAlike = shared(nearest) > ALIKE * prompt.length;
    const place = isAlike ? nearest : oldest;
    if (!isAlike || shared(nearest) < KEEPS * nearest.tokens.length) this.#exchange(place, prompt);
    return place;
  }

  /** Saves what stands in a place, and takes from the cache what has more of the prompt. */
  #exchange(place: Place, prompt: Tokens): void {
    const { cache } = this.#kind;
    if (cache === 0 || place.tokens.length === 0) return;
    const { tokens } = place;
    if (!this.#cached.some((other) => commonTokens(other, tokens) === tokens.length)) {
      this.#cached = [...this.#cached.filter((other) => commonTokens(other, tokens) < other.length), tokens];
    }
    let keeps = commonTokens(tokens, prompt) / tokens.length;
    let alike = commonTokens(tokens, prompt);
    let best: Tokens | undefined;
    for (const other of this.#cached) {
      const common = commonTokens(other, prompt);
      const share = common / other.length;
      if (share >= OF_USE && share > keeps && common > alike) [best, keeps, alike] = [other, share, common];
    }
    if (best !== undefined) {
      place.tokens = best;
      this.#cached = this.#cached.filter((other) => other !== best);
    }
    const size = (): number => this.#cached.reduce((sum, { length }) => sum + length, 0);
    while (this.#cached.length > 1 && size() > cache) this.#cached.shift();
  }
}
