// The machines that models run on. With one, which is the usual house, everything is that one's, and nothing is chosen. Of
// several, each request goes to one that has its model; which of them that is, core/routing says by what each tells here.
import { isCloudName, named, noMachineHas, withoutLocal } from '../../models/names.ts';
import { lengthOf, type Readable } from '../../beginnings.ts';
import type { InstalledModel, Relay, Watch } from '../../ports.ts';
import { mayRun } from '../../routing/model-patterns.ts';
import { bestOf, type Reading, type Standing } from '../../routing/route.ts';
import { LinesOfAll, type Lines } from './lines-of-all.ts';
import { nameOf, type Machine } from './machine.ts';
import { RelayOfAll } from './relay-of-all.ts';
import { maySoonBeUp, sleeping } from './sleeping.ts';
import { eachOnce, WatchOfAll } from './watch-of-all.ts';

/** What is to be run, or looked at. */
export interface Wanted {
  readonly model: string;
  /** What of an answer is wanted, for the words of a refusal. */
  readonly to?: Parameters<typeof noMachineHas>[2];
  /** Its prompt, by which it is known who holds some of it. */
  readonly prompt?: Readable | undefined;
}

/** A machine that sleeps, with its models. */
export interface Asleep {
  readonly machine: Machine;
  readonly models: readonly InstalledModel[];
}

/** How a machine stands to a request, and which it is. */
interface Candidate extends Standing {
  readonly machine: Machine;
}

const NOBODY: ReadonlySet<Machine> = new Set();
const NOTHING_HELD: Reading = { heldChars: 0, ms: 0 };

/** Of whom nothing is known that would be against asking it. */
const UNKNOWN = 'unknown';

export class Machines {
  readonly all: readonly [Machine, ...Machine[]];
  /** The only one there is; undefined of several. */
  readonly only: Machine | undefined;
  /** What is known of all of them together. */
  readonly watch: Watch;
  /** The lines of all of them. */
  readonly queue: Lines;
  /** Hands on what is asked in others' words. */
  readonly relay: Relay;
  readonly #may = new Map<Machine, (model: string) => boolean>();
  /** The last list of each, whatever its age: a machine that sleeps has the models that it had. */
  readonly #lists = new Map<Machine, readonly InstalledModel[]>();
  readonly #byName = new WeakMap<readonly InstalledModel[], Map<string, InstalledModel | undefined>>();
  readonly #restless = new Set<() => void>();

  constructor(all: readonly [Machine, ...Machine[]]) {
    this.all = all;
    this.only = all.length === 1 ? all[0] : undefined;
    this.watch = this.only?.watch ?? new WatchOfAll(this);
    this.queue = this.only?.queue ?? new LinesOfAll(this);
    this.relay = this.#alone?.relay ?? new RelayOfAll(this);
    for (const machine of all) this.#may.set(machine, mayRun(machine.place?.models ?? []));
  }

  /** The only one, where it never sleeps: then what is asked of it tells all. */
  get #alone(): Machine | undefined {
    return this.only?.waker === undefined ? this.only : undefined;
  }

  /** The first of those that answer, by their priority; of those that do not, where none does. */
  get first(): Machine {
    return this.only ?? this.inOrder.find(isUp) ?? this.inOrder[0] ?? this.all[0];
  }

  /** By priority, and in the order of the list. */
  get inOrder(): readonly Machine[] {
    return this.all.toSorted((a, b) => (a.place?.priority ?? 1) - (b.place?.priority ?? 1));
  }

  /** Those that answer, by priority. */
  get up(): readonly Machine[] {
    return this.#alone === undefined ? this.inOrder.filter(isUp) : [this.#alone];
  }

  /** The one of this name; with one machine, that one, whatever is asked. */
  named(name: string | undefined): Machine {
    return this.all.find((machine) => nameOf(machine) === name) ?? this.first;
  }

  /** Something else is known of one of them: who waits for one that is gone may go to another. */
  looked(machine: Machine): void {
    const { installed } = machine.watch.state;
    if (installed !== undefined) this.#lists.set(machine, installed);
    if (isUp(machine)) machine.waker?.came();
    this.lookForOthers();
  }

  /** Asks all who stand somewhere whether they would be better served elsewhere. */
  lookForOthers(): void {
    for (const look of this.#restless) look();
  }

  /** `look` is called when something else is known of the machines; the result ends that. */
  onLook(look: () => void): () => void {
    this.#restless.add(look);
    return () => void this.#restless.delete(look);
  }

  /** The model that a name means there, by its last list; `unknown` where it has told none. Undefined: it has no such model. */
  modelOn(machine: Machine, name: string): InstalledModel | 'unknown' | undefined {
    const list = machine.watch.state.installed ?? this.#lists.get(machine);
    if (list === undefined) return UNKNOWN;
    const known = this.#byName.get(list) ?? new Map<string, InstalledModel | undefined>();
    this.#byName.set(list, known);
    if (!known.has(name)) known.set(name, named(name, list) ?? named(withoutLocal(name), list));
    return known.get(name);
  }

  /** Whether it may be asked for this model, wherever that is. */
  may(machine: Machine, model: string): boolean {
    return this.#may.get(machine)?.(model) === true;
  }

  /** Whether one of several has it by its last list, also where it sleeps, or may not be asked. */
  knows(model: string): boolean {
    return this.only === undefined && this.all.some((machine) => this.#isOn(machine, model));
  }

  #isOn(machine: Machine, model: string): boolean {
    const found = this.modelOn(machine, model);
    return found !== undefined && found !== UNKNOWN;
  }

  /** Whether it may be asked for this model, and has it as far as is known. */
  #serves(machine: Machine, model: string): boolean {
    if (!this.may(machine, model)) return false;
    return isCloudName(model) || this.modelOn(machine, model) !== undefined;
  }

  /** Those that answer and have the model. */
  having(model: string): readonly Machine[] {
    if (this.only !== undefined) return [this.only];
    return this.up.filter((machine) => this.#serves(machine, model));
  }

  /**
   * Those that a question about a model, or a change of it, goes to: who answers and has it; else who might, but for its list.
   * Throws model_not_found where it is only on machines that may not be asked for it, or none may.
   */
  asking(model: string, to: NonNullable<Wanted['to']>): readonly Machine[] {
    const having = this.having(model);
    if (having.length > 0) return having;
    const may = this.inOrder.filter((machine) => this.may(machine, model));
    const isElsewhere = this.knows(model) && !may.some((machine) => this.#serves(machine, model));
    if (may.length === 0 || isElsewhere) this.#refuse({ model, to });
    const up = may.filter(isUp);
    return up.length > 0 ? up : may;
  }

  /** Those that a download of it goes to by itself, the first of them that answers: who may be asked for it. None where none may. */
  pulling(model: string): readonly Machine[] {
    const may = this.inOrder.filter((machine) => this.may(machine, model));
    const up = may.filter(isUp);
    return up.length > 0 ? up : may;
  }

  /** What may be asked of those that answer, asked now, and of those that would be woken. Throws what the first throws where none tells it. */
  async tags(signal: AbortSignal): Promise<readonly InstalledModel[]> {
    if (this.#alone !== undefined) return await this.#alone.upstream.tags(signal);
    const asleep = this.asleep.map(({ models }) => models);
    const asked = this.up.length + asleep.length > 0 ? this.up : [this.first];
    const lists = await Promise.allSettled(
      asked.map(async (machine) => (await machine.upstream.tags(signal)).filter(({ name }) => this.may(machine, name))),
    );
    const told = [...lists.flatMap((list) => (list.status === 'fulfilled' ? [list.value] : [])), ...asleep];
    const [first] = lists;
    if (told.length === 0 && first?.status === 'rejected') throw sleeping(this.first, first.reason);
    return eachOnce(told);
  }

  /** Those that sleep and a request would wake, by priority, with what they had and may be asked for when they were seen last. */
  get asleep(): readonly Asleep[] {
    if (this.#alone !== undefined) return [];
    return this.inOrder.filter(maySoonBeUp).flatMap((machine) => {
      const last = machine.watch.state.installed ?? this.#lists.get(machine);
      return last === undefined ? [] : [{ machine, models: last.filter(({ name }) => this.may(machine, name)) }];
    });
  }

  /** Whether this one is to keep a model warm: it has it, and so has none that goes before it. */
  warmsOn(machine: Machine, model: string): boolean {
    const having = this.having(model);
    const first = having[0]?.place?.priority;
    return having.includes(machine) && machine.place?.priority === first;
  }

  /** The machine for a request by what is known now, but none of these; undefined where none that answers, or can be woken, has the model. */
  choose({ model, prompt }: Wanted, not: ReadonlySet<Machine> = NOBODY): Machine | undefined {
    if (this.only !== undefined) return this.only;
    const candidates: Candidate[] = [];
    for (const machine of this.all) {
      const mayBeAsked = isUp(machine) || maySoonBeUp(machine);
      if (not.has(machine) || !mayBeAsked || !this.#serves(machine, model)) continue;
      candidates.push({ machine, ...this.#standingOf(machine, model, prompt) });
    }
    return bestOf(candidates)?.machine;
  }

  #standingOf(machine: Machine, name: string, prompt: Readable | undefined): Standing {
    const { place, queue, estimator, residency, modelfiles } = machine;
    const found = this.modelOn(machine, name);
    const model = found === UNKNOWN ? undefined : found;
    const weights = model && modelfiles.weights(model.digest);
    const outstanding = queue.waiting + queue.running;
    const isBusy = outstanding > 0;
    return {
      priority: place?.priority ?? 1,
      weight: place?.weight ?? 1,
      digest: model?.digest,
      resident: weights !== undefined && residency.isLoaded(weights),
      waitMs: isUp(machine) ? (isBusy ? queue.eta() : 0) : (machine.waker?.leftMs ?? 0),
      loadMs: (model && estimator.loadMs(model.name)) || undefined,
      outstanding,
      full: queue.full,
      reading: () => (prompt === undefined || model === undefined ? NOTHING_HELD : readingOn(machine, model, prompt)),
    };
  }

  /**
   * The machine for a request. Waits only until something is known of each. One that has the model, and does not answer, where
   * that is all there is. Throws model_not_found, which names those that were asked, invalid_request for what is no name, or
   * the signal's reason.
   */
  async route(wanted: Wanted, signal: AbortSignal, not: ReadonlySet<Machine> = NOBODY): Promise<Machine> {
    if (this.only !== undefined) return this.only;
    const { model } = wanted;
    const { connect_timeout_ms } = this.all[0].config().ollama;
    await Promise.all(this.all.map(({ watch }) => watch.firstLook(connect_timeout_ms, signal)));
    const found = this.choose(wanted, not);
    if (found !== undefined) return found;
    // It may have been installed since the last look.
    const may = this.inOrder.filter((machine) => this.may(machine, model));
    await Promise.all(may.filter(isUp).map(({ watch }) => watch.resolve(model, signal)));
    for (const machine of may) this.#keepList(machine);
    return this.choose(wanted, not) ?? may.find((machine) => this.#serves(machine, model)) ?? this.#refuse(wanted);
  }

  #keepList(machine: Machine): void {
    const { installed } = machine.watch.state;
    if (installed !== undefined) this.#lists.set(machine, installed);
  }

  #refuse({ model, to = 'write' }: Wanted): never {
    const asked = this.inOrder.filter((machine) => this.may(machine, model));
    const barred = this.inOrder.filter((machine) => !asked.includes(machine) && this.#isOn(machine, model));
    const installed = this.watch.state.installed ?? [];
    throw noMachineHas(model, { machines: asked.map(nameOf), barred: barred.map(nameOf), installed }, to);
  }

  /** Whether one who waits or runs there, and was told nothing yet, is better served by another. */
  isLost(machine: Machine, model: string): boolean {
    if (!isUp(machine)) return !maySoonBeUp(machine) || machine.waker?.isWaking !== true;
    return !this.#serves(machine, model);
  }

  /** Wakes it where it sleeps. */
  wake(machine: Machine): void {
    if (!isUp(machine)) machine.waker?.wake();
  }
}

/** What of a prompt need not be read again there, by the runner that stands ready, and how long the rest should take. */
function readingOn(
  { residency, modelfiles, held, estimator }: Machine,
  model: InstalledModel,
  prompt: Readable,
): Reading {
  const runner = residency.standing(modelfiles.weights(model.digest));
  const heldChars = runner === undefined ? 0 : held.reach(runner.key, prompt);
  const tokens = estimator.promptTokens(model.name, lengthOf(prompt.beginnings) - heldChars);
  const pace = estimator.readTokensPerSecond(model.name);
  return { heldChars, ms: pace === null ? 0 : (tokens * 1000) / pace };
}

/** Whether calls to it have a chance now. */
export function isUp({ watch }: Machine): boolean {
  const { status, away, breaker } = watch.state;
  return status === 'up' && !away && breaker !== 'open';
}
