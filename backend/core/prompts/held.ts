// What the runners of one Ollama hold of prompts. Each slot of a runner keeps what it read last, and a new prompt is
// read only from where it differs. Only prompts that went through Hearth are known; whatever may have changed is
// forgotten, so that no more is claimed than is known. Slots are chosen as llama-server does
// (tools/server/server-context.cpp, get_available_slot).
import { LRUCache } from 'lru-cache';
import { knownBeginning, lengthOf, sharedBeginning, upTo, type Beginnings, type Readable } from '../beginnings.ts';

/** How many runners are remembered; the least recently used is forgotten first. */
const MOST_RUNNERS = 64;
/** How many slots of a runner are remembered. */
const MOST_PLACES = 16;
/** How many beginnings of a runner are remembered: those of about 5 million characters. */
const MOST_READ = 20_000;
/** A slot is preferred when it holds at least this share of the prompt. */
const ALIKE = 0.1;

/** The prompts in the slots of a runner, the least recently used first, and how many more slots are empty. */
interface Places<P extends Readable> {
  readonly taken: readonly P[];
  readonly empty: number;
}

/** The slot that a prompt is read into: its index, or undefined for an empty one. */
function placeFor(prompt: Beginnings, { taken, empty }: Places<Readable>): number | undefined {
  const shared = taken.map(({ beginnings }) => sharedBeginning(beginnings, prompt));
  const most = Math.max(0, ...shared);
  if (most > ALIKE * lengthOf(prompt)) return shared.indexOf(most);
  return empty > 0 || taken.length === 0 ? undefined : 0;
}

/** The runners as they would be after some more prompts. */
export interface HeldView {
  /** How much of a prompt its runner would not read again; a weight, in whole blocks. */
  reach(runner: string, prompt: Readable): number;
  /** The view after this prompt was read there. */
  after(runner: string, prompt: Readable): HeldView;
}

/** What a place holds. */
export interface Stood {
  /** The request whose prompt it is, or with whose it begins. */
  readonly by: string | undefined;
  readonly prompt: Readable;
}

/** What is known of a prompt that goes up. */
export interface About {
  /** The id of its request. */
  readonly by?: string;
  /** It is longer than the context, so a part of it is left out; which one is not known. */
  readonly isCut?: boolean;
}

/** A prompt that is being read or answered. */
export interface Reading {
  /**
   * How much of it its runner had read before, since it was loaded, and so might still have held; a weight, in whole
   * blocks. After the run it keeps the value from before the run.
   */
  readonly known: number;
  /** What stood in the place that it took; undefined where nothing is known of that. */
  readonly stood: Stood | undefined;
  /** Call when the first piece of the answer came, so the whole prompt was read, unless it is cut. */
  answers(): void;
  /** Call when the run is over, however it ended. */
  ended(): void;
}

/** A slot of a runner, and the run that uses it. */
interface Place {
  /** Reduced to its beginnings once the prompt was read, so that no request is kept alive longer. */
  prompt: Readable;
  by: string | undefined;
  run: object | undefined;
}

/** One runner, with the least recently used slot first. */
interface Held {
  readonly places: Place[];
  /** The number of slots that it is known to have: one, or as many as were seen answering at once. */
  known: number;
  readonly answering: Set<object>;
  /**
   * The beginnings of everything that it has read, as hashes: least recently used first, and for one prompt the longest
   * first.
   */
  readonly read: Set<number>;
}

export class HeldPrompts implements HeldView {
  readonly #runners = new LRUCache<string, Held>({ max: MOST_RUNNERS });

  /** How much of a prompt would not be read again if it went to this runner now; a weight, in whole blocks. */
  reach(runner: string, prompt: Readable): number {
    return reachIn(this.#placesOf(runner), prompt);
  }

  after(runner: string, prompt: Readable): HeldView {
    return new Planned(new Map([[runner, placesAfter(this.#placesOf(runner), prompt)]]), (other) =>
      this.#placesOf(other),
    );
  }

  /** Notes that this prompt goes to a ready runner. */
  reads(runner: string, prompt: Readable, { by, isCut = false }: About = {}): Reading {
    const held = this.#runners.get(runner) ?? { places: [], known: 1, answering: new Set<object>(), read: new Set() };
    this.#runners.set(runner, held);
    const run = {};
    const { place, before } = taken(held, { prompt, by, run });
    let answered = false;
    let known: number | undefined;
    return {
      get stood() {
        return before;
      },
      get known() {
        return isCut ? 0 : (known ?? knownBeginning(prompt.beginnings, held.read));
      },
      answers: () => {
        if (answered) return;
        answered = true;
        held.answering.add(run);
        place.prompt = isCut ? NO_PROMPT : settled(prompt);
        if (held.answering.size <= held.known || held.known === MOST_PLACES) return;
        // More runs answer at once than slots were known, so the run that had lost its slot to this one still has one.
        held.known = held.answering.size;
        if (!held.places.includes(place)) held.places.push(place);
        if (before?.run !== undefined && held.answering.has(before.run)) held.places.unshift(before);
      },
      ended: () => {
        held.answering.delete(run);
        if (place.run === run) place.run = undefined;
        if (answered && isCut) return;
        if (answered) {
          // Later callers get what was read before this run, not what it read itself.
          known ??= knownBeginning(prompt.beginnings, held.read);
          return remember(held.read, prompt.beginnings);
        }
        // It is unknown how far it was read, but the common beginning of both prompts is still there.
        const shared = before === undefined || isCut ? 0 : sharedBeginning(before.prompt.beginnings, prompt.beginnings);
        place.prompt = settled({ beginnings: upTo(shared, prompt.beginnings) });
      },
    };
  }

  /** Notes that something unknown was read on this runner. */
  forget(runner: string): void {
    this.#runners.delete(runner);
  }

  /** Forgets the runners that are not sure: they have left memory, or were used by a program that bypasses Hearth. */
  keepOnly(isSure: (runner: string) => boolean): void {
    for (const runner of this.#runners.keys()) if (!isSure(runner)) this.#runners.delete(runner);
  }

  /** The free slots; if none is free, all, since a prompt then waits for any of them. */
  #placesOf(runner: string): Places<Readable> {
    const held = this.#runners.peek(runner);
    if (held === undefined) return NOTHING;
    const { places, known } = held;
    const free = places.filter(({ run }) => run === undefined);
    const empty = Math.max(0, known - places.length);
    return { taken: (free.length + empty > 0 ? free : places).map(({ prompt }) => prompt), empty };
  }
}

const NOTHING: Places<Readable> = { taken: [], empty: 0 };

const settled = ({ beginnings }: Readable): Readable => ({ beginnings });

/** Nothing of a prompt. */
const NO_PROMPT: Readable = { beginnings: { hashes: new Int32Array(0), ends: new Int32Array(0) } };

/** Gives a run its slot; `before` is the previous content. */
function taken(held: Held, place: Place): { readonly place: Place; readonly before?: Place } {
  const { places, known } = held;
  const { prompt } = place;
  const free = places.filter((each) => each.run === undefined);
  const empty = Math.max(0, known - places.length);
  const among = free.length + empty > 0 ? free : places;
  // With a single slot there is no choice, so the prompt need not be hashed for it.
  const at = known === 1 ? 0 : placeFor(prompt.beginnings, { taken: among.map((each) => each.prompt), empty });
  const before = at === undefined ? undefined : among[at];
  if (before !== undefined) places.splice(places.indexOf(before), 1);
  places.push(place);
  return before === undefined ? { place } : { place, before };
}

/** The longest first, so that it is forgotten before its own beginnings. */
function remember(read: Set<number>, { hashes }: Beginnings): void {
  for (let i = hashes.length - 1; i >= 0; i--) {
    const hash = hashes[i] ?? 0;
    read.delete(hash);
    read.add(hash);
  }
  for (const hash of read) {
    if (read.size <= MOST_READ) break;
    read.delete(hash);
  }
}

function reachIn(places: Places<Readable>, prompt: Readable): number {
  if (places.taken.length === 0) return 0;
  const at = placeFor(prompt.beginnings, places);
  const there = at === undefined ? undefined : places.taken[at];
  return there === undefined ? 0 : sharedBeginning(there.beginnings, prompt.beginnings);
}

function placesAfter(places: Places<Readable>, prompt: Readable): Places<Readable> {
  const { taken, empty } = places;
  const at = taken.length === 0 ? undefined : placeFor(prompt.beginnings, places);
  if (at === undefined) return { taken: [...taken, prompt], empty: Math.max(0, empty - 1) };
  return { taken: [...taken.filter((_, i) => i !== at), prompt], empty };
}

/** The current state, with planned changes. */
class Planned implements HeldView {
  readonly #changed: ReadonlyMap<string, Places<Readable>>;
  readonly #now: (runner: string) => Places<Readable>;

  constructor(changed: ReadonlyMap<string, Places<Readable>>, now: (runner: string) => Places<Readable>) {
    this.#changed = changed;
    this.#now = now;
  }

  reach(runner: string, prompt: Readable): number {
    return reachIn(this.#placesOf(runner), prompt);
  }

  after(runner: string, prompt: Readable): HeldView {
    return new Planned(new Map(this.#changed).set(runner, placesAfter(this.#placesOf(runner), prompt)), this.#now);
  }

  #placesOf(runner: string): Places<Readable> {
    return this.#changed.get(runner) ?? this.#now(runner);
  }
}
