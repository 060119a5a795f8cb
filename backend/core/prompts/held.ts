// What the runners of one Ollama hold of prompts: each of a runner's places has what it read last, and the next prompt is read from
// where it parts from that. Known is what went through here; whatever may have changed it is forgotten, so that no more is
// claimed than is known. How a place is chosen is llama-server's way (tools/server/server-context.cpp, get_available_slot).
import { LRUCache } from 'lru-cache';
import { knownBeginning, lengthOf, sharedBeginning, upTo, type Beginnings, type Readable } from '../beginnings.ts';

/** Runners whose places are remembered; the one used longest ago is forgotten first. */
const MOST_RUNNERS = 64;
/** Places of one runner that are remembered. */
const MOST_PLACES = 16;
/** Beginnings of one runner that are remembered: those of about 5 million characters. */
const MOST_READ = 20_000;
/** Of a prompt at least this share must stand in a place already for that to be taken before any other one. */
const ALIKE = 0.1;

/** Prompts in the places of a runner, the one used longest ago first; and how many more places are empty. */
interface Places<P extends Readable> {
  readonly taken: readonly P[];
  readonly empty: number;
}

/** Which of the places a prompt is read into: its index, or undefined for an empty one. */
function placeFor(prompt: Beginnings, { taken, empty }: Places<Readable>): number | undefined {
  const shared = taken.map(({ beginnings }) => sharedBeginning(beginnings, prompt));
  const most = Math.max(0, ...shared);
  if (most > ALIKE * lengthOf(prompt)) return shared.indexOf(most);
  return empty > 0 || taken.length === 0 ? undefined : 0;
}

/** Runners as they would be after some more prompts. */
export interface HeldView {
  /** How much of a prompt would not be read there again; a weight, in whole blocks. */
  reach(runner: string, prompt: Readable): number;
  /** The same once this prompt was read there. */
  after(runner: string, prompt: Readable): HeldView;
}

/** A prompt that is being read or answered. */
export interface Reading {
  /**
   * How much of it stood in a prompt that its runner has read since it is in memory, and so may have been there still; a
   * weight, in whole blocks. Once the run is over: as it was before that.
   */
  readonly known: number;
  /** The first of the answer has come, so all of the prompt was read. */
  answers(): void;
  /** It is over, however it ended. */
  ended(): void;
}

/** A place of a runner, and the run that has it. */
interface Place {
  /** Made into beginnings once the prompt was read, so that no request is held for longer. */
  prompt: Readable;
  run: object | undefined;
}

/** One runner, the place used longest ago first. */
interface Held {
  readonly places: Place[];
  /** Places that it is known to have: more than one once more were seen to answer at once. */
  known: number;
  readonly answering: Set<object>;
  /** The beginnings of all that it has read, as hashes; those used longest ago first, and of one prompt the longest. */
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

  /** This prompt goes to a runner that stands ready. */
  reads(runner: string, prompt: Readable): Reading {
    const held = this.#runners.get(runner) ?? { places: [], known: 1, answering: new Set<object>(), read: new Set() };
    this.#runners.set(runner, held);
    const run = {};
    const { place, before } = taken(held, prompt, run);
    let answered = false;
    let known: number | undefined;
    return {
      get known() {
        return known ?? knownBeginning(prompt.beginnings, held.read);
      },
      answers: () => {
        if (answered) return;
        answered = true;
        held.answering.add(run);
        place.prompt = settled(prompt);
        if (held.answering.size <= held.known || held.known === MOST_PLACES) return;
        // More answer at once than places were known: whoever had lost its place to this one has one after all.
        held.known = held.answering.size;
        if (!held.places.includes(place)) held.places.push(place);
        if (before?.run !== undefined && held.answering.has(before.run)) held.places.unshift(before);
      },
      ended: () => {
        held.answering.delete(run);
        if (place.run === run) place.run = undefined;
        if (answered) {
          // Who asks later is told what was read before it, not what it read itself.
          known ??= knownBeginning(prompt.beginnings, held.read);
          return remember(held.read, prompt.beginnings);
        }
        // Nobody knows how far it was read, but what both begin with still stands there.
        const shared = before === undefined ? 0 : sharedBeginning(before.prompt.beginnings, prompt.beginnings);
        place.prompt = settled({ beginnings: upTo(shared, prompt.beginnings) });
      },
    };
  }

  /** Something was read on this runner of which nothing is known. */
  forget(runner: string): void {
    this.#runners.delete(runner);
  }

  /** Those of which this is not so have left memory, or were used past Hearth. */
  keepOnly(isSure: (runner: string) => boolean): void {
    for (const runner of this.#runners.keys()) if (!isSure(runner)) this.#runners.delete(runner);
  }

  /** Those that are free; where none is, a prompt waits for one of all. */
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

/** Gives a run its place; `before`: what was in it. */
function taken(held: Held, prompt: Readable, run: object): { readonly place: Place; readonly before?: Place } {
  const { places, known } = held;
  const place: Place = { prompt, run };
  const free = places.filter((each) => each.run === undefined);
  const empty = Math.max(0, known - places.length);
  const among = free.length + empty > 0 ? free : places;
  // With one place there is no choice, and nothing has to be made of the prompt for it.
  const at = known === 1 ? 0 : placeFor(prompt.beginnings, { taken: among.map((each) => each.prompt), empty });
  const before = at === undefined ? undefined : among[at];
  if (before !== undefined) places.splice(places.indexOf(before), 1);
  places.push(place);
  return before === undefined ? { place } : { place, before };
}

/** The longest first, so that it is forgotten before the beginnings of it. */
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

/** What is known now, and what becomes of it. */
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
