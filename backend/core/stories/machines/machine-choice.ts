// The machines that models run on. With only one, the usual case, there is nothing to choose. With several, each
// request goes to a machine that has its model; core/routing chooses by the state gathered here.
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

/** The model to be run or looked at. */
export interface Wanted {
  readonly model: string;
  /** What the model is wanted for, used to word a refusal. */
  readonly to?: Parameters<typeof noMachineHas>[2];
  /** The prompt, so that a machine that holds part of it can be preferred. */
  readonly prompt?: Readable | undefined;
}

/** A sleeping machine, with its models. */
export interface Asleep {
  readonly machine: Machine;
  readonly models: readonly InstalledModel[];
}

/** A machine with its state as core/routing compares it. */
interface Candidate extends Standing {
  readonly machine: Machine;
}

const NOBODY: ReadonlySet<Machine> = new Set();
const NOTHING_HELD: Reading = { heldChars: 0, ms: 0 };

/** The models of a machine that has never reported a list. */
const UNKNOWN = 'unknown';

export class Machines {
  readonly all: readonly [Machine, ...Machine[]];
  /** The only machine; undefined when there are several. */
  readonly only: Machine | undefined;
  /** The combined watch over all machines. */
  readonly watch: Watch;
  /** The queues of all machines. */
  readonly queue: Lines;
  /** Hands on requests that are not translated. */
  readonly relay: Relay;
  readonly #may = new Map<Machine, (model: string) => boolean>();
  /** The last list of each machine, however old: a sleeping machine still has the models that it had. */
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

  /** The only machine, if it never sleeps; its answers then hold for all. */
  get #alone(): Machine | undefined {
    return this.only?.waker === undefined ? this.only : undefined;
  }

  /** The first machine that answers, by priority; if none does, the first of all. */
  get first(): Machine {
    return this.only ?? this.inOrder.find(isUp) ?? this.inOrder[0] ?? this.all[0];
  }

  /** All machines by priority, then in the order of the list. */
  get inOrder(): readonly Machine[] {
    return this.all.toSorted((a, b) => (a.place?.priority ?? 1) - (b.place?.priority ?? 1));
  }

  /** The machines that answer, by priority. */
  get up(): readonly Machine[] {
    return this.#alone === undefined ? this.inOrder.filter(isUp) : [this.#alone];
  }

  /** The machine of this name. With a single machine, that one, whatever the name. */
  named(name: string | undefined): Machine {
    return this.all.find((machine) => nameOf(machine) === name) ?? this.first;
  }

  /** Call when something changed about a machine, so that requests that wait for a lost machine can move. */
  looked(machine: Machine): void {
    const { installed } = machine.watch.state;
    if (installed !== undefined) this.#lists.set(machine, installed);
    if (isUp(machine)) machine.waker?.came();
    this.lookForOthers();
  }

  /** Lets all waiting requests check whether another machine would serve them better. */
  lookForOthers(): void {
    for (const look of this.#restless) look();
  }

  /** Calls `look` whenever something changed about a machine, until the returned function is called. */
  onLook(look: () => void): () => void {
    this.#restless.add(look);
    return () => void this.#restless.delete(look);
  }

  /** The model of this name in a machine's last list; `unknown` without a list. Undefined: it lacks the model. */
  modelOn(machine: Machine, name: string): InstalledModel | 'unknown' | undefined {
    const list = machine.watch.state.installed ?? this.#lists.get(machine);
    if (list === undefined) return UNKNOWN;
    const known = this.#byName.get(list) ?? new Map<string, InstalledModel | undefined>();
    this.#byName.set(list, known);
    if (!known.has(name)) known.set(name, named(name, list) ?? named(withoutLocal(name), list));
    return known.get(name);
  }

  /** Whether the machine may be asked for this model, wherever the model is. */
  may(machine: Machine, model: string): boolean {
    return this.#may.get(machine)?.(model) === true;
  }

  /** Whether any of several machines has the model by its last list, even if it sleeps or may not be asked. */
  knows(model: string): boolean {
    return this.only === undefined && this.all.some((machine) => this.#isOn(machine, model));
  }

  #isOn(machine: Machine, model: string): boolean {
    const found = this.modelOn(machine, model);
    return found !== undefined && found !== UNKNOWN;
  }

  /** Whether the machine may be asked for this model and, as far as is known, has it. */
  #serves(machine: Machine, model: string): boolean {
    if (!this.may(machine, model)) return false;
    return isCloudName(model) || this.modelOn(machine, model) !== undefined;
  }

  /** The machines that answer and have the model. */
  having(model: string): readonly Machine[] {
    if (this.only !== undefined) return [this.only];
    return this.up.filter((machine) => this.#serves(machine, model));
  }

  /**
   * The machines that a question about a model, or a change of it, goes to: those that answer and have it, else those
   * that may be asked. Throws model_not_found when only machines that may not be asked have it, or none may.
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

  /** The machines that a model may be downloaded to; the first that answers does it. Empty when none may. */
  pulling(model: string): readonly Machine[] {
    const may = this.inOrder.filter((machine) => this.may(machine, model));
    const up = may.filter(isUp);
    return up.length > 0 ? up : may;
  }

  /**
   * Fetches the lists of the machines that answer, with the models that may be asked for, and adds those of machines
   * that would be woken. Throws the first machine's error when no list is known.
   */
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

  /** The sleeping machines that a request would wake, by priority, with the models last seen that may be asked for. */
  get asleep(): readonly Asleep[] {
    if (this.#alone !== undefined) return [];
    return this.inOrder.filter(maySoonBeUp).flatMap((machine) => {
      const last = machine.watch.state.installed ?? this.#lists.get(machine);
      return last === undefined ? [] : [{ machine, models: last.filter(({ name }) => this.may(machine, name)) }];
    });
  }

  /** Whether this machine keeps a model warm: it has the model, and no machine with a better priority does. */
  warmsOn(machine: Machine, model: string): boolean {
    const having = this.having(model);
    const first = having[0]?.place?.priority;
    return having.includes(machine) && machine.place?.priority === first;
  }

  /**
   * The best machine for a request by what is known now, except those in `not`. Undefined when none that has the model
   * answers or can be woken.
   */
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
   * The machine for a request. Waits only until something is known of each. Returns a machine that has the model but
   * does not answer if there is no other. Throws model_not_found, which names the machines that were asked,
   * invalid_request for an invalid name, or the signal's reason.
   */
  async route(wanted: Wanted, signal: AbortSignal, not: ReadonlySet<Machine> = NOBODY): Promise<Machine> {
    if (this.only !== undefined) return this.only;
    const { model } = wanted;
    const { connect_timeout_ms } = this.all[0].config().ollama;
    await Promise.all(this.all.map(({ watch }) => watch.firstLook(connect_timeout_ms, signal)));
    const found = this.choose(wanted, not);
    if (found !== undefined) return found;
    // The model may have been installed since the last look.
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

  /** Whether a request on this machine that has received nothing yet should move to another. */
  isLost(machine: Machine, model: string): boolean {
    if (!isUp(machine)) return !maySoonBeUp(machine) || machine.waker?.isWaking !== true;
    return !this.#serves(machine, model);
  }

  /** Wakes the machine if it sleeps. */
  wake(machine: Machine): void {
    if (!isUp(machine)) machine.waker?.wake();
  }
}

/** How much of a prompt the loaded runner holds there, in characters, and how long the rest should take to read. */
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

/** Whether calls to the machine have a chance now. */
export function isUp({ watch }: Machine): boolean {
  const { status, away, breaker } = watch.state;
  return status === 'up' && !away && breaker !== 'open';
}
