// A fleet in its busiest half hour, event by event: people ask, a balancer gives each request to the next gateway, an answer is
// kept, shared or run on the Ollama that has the least to do. Nothing here is Hearth's own code: it counts what would be done.
import { Heap } from '../../../backend/core/queue/heap.ts';
import { percentile } from '../../bench/stats.ts';
import { Chance } from '../../support/soak/random.ts';
import { ANSWERS_KEPT_S, OLLAMA, PEOPLE } from './fleet-costs.ts';

export interface FleetOptions {
  readonly users: number;
  readonly gateways: number;
  readonly ollamas: number;
  /** Whether kept answers and runs are shared by all gateways; else each has its own. */
  readonly shared: boolean;
  readonly seed: number;
  /** Seconds that are counted, and before them seconds in which answers gather. */
  readonly seconds?: number;
  readonly before?: number;
}

/** What was done in one second of all. */
export interface Second {
  arrived: number;
  hits: number;
  joined: number;
  ran: number;
  kept: number;
  tokens: number;
  jobs: number;
  /** At its end: answers under way, those of them that others may share, who waits for one, and who follows another gateway's run. */
  running: number;
  shareable: number;
  waiting: number;
  following: number;
}

export interface FleetFigures {
  readonly seconds: readonly Second[];
  readonly asked: number;
  readonly hits: number;
  readonly joined: number;
  readonly ran: number;
  /** Seconds for a slot, of those that ran: the middle one and the 95th of a hundred. */
  readonly waitP50: number;
  readonly waitP95: number;
  /** The most that ran at once on one Ollama. */
  readonly mostOnOne: number;
  /** Those that had not ended when the time was over. */
  readonly left: number;
}

interface Run {
  readonly key: string;
  readonly gateway: number;
  readonly ollama: number;
  readonly arrivedAt: number;
  readonly prompt: number;
  readonly tokens: number;
  readonly isKept: boolean;
  readonly followers: number[];
}

interface Due {
  readonly at: number;
  readonly run: Run | undefined;
}

interface Ollama {
  running: number;
  /** Those that run and those in line. */
  busy: number;
  readonly line: Run[];
}

const emptySecond = (): Second => ({
  arrived: 0,
  hits: 0,
  joined: 0,
  ran: 0,
  kept: 0,
  tokens: 0,
  jobs: 0,
  running: 0,
  shareable: 0,
  waiting: 0,
  following: 0,
});

/** Plays it. The same options give the same figures. */
export function playFleet({
  users,
  gateways,
  ollamas,
  shared,
  seed,
  seconds = 1200,
  before = 600,
}: FleetOptions): FleetFigures {
  const chance = new Chance(seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - chance.next());
  const perS = (users * PEOPLE.requestsPerHour) / 3600;
  const end = before + seconds;
  const due = new Heap<Due>((a, b) => a.at < b.at);
  const engines: Ollama[] = Array.from({ length: ollamas }, () => ({ running: 0, busy: 0, line: [] }));
  /** The places of those that have so much to do. */
  const byBusy = [new Set(engines.keys())];
  const keptUntil = new Map<string, number>();
  const flights = new Map<string, Run>();
  const asked = new Map<number, string>();
  const counted: Second[] = Array.from({ length: end }, emptySecond);
  const waits: number[] = [];
  let [next, serial, running, shareable, waiting, following, mostOnOne] = [0, 0, 0, 0, 0, 0, 0];
  const at = (time: number): Second => counted[Math.min(end - 1, Math.floor(time))] ?? emptySecond();
  const nameOf = (question: string, gateway: number): string => (shared ? question : `${gateway} ${question}`);

  function question(): { readonly text: string; readonly mayRepeat: boolean } {
    const user = chance.below(users);
    const kind = chance.next();
    const own = asked.get(user);
    if (kind < PEOPLE.ownAgain && own !== undefined) return { text: own, mayRepeat: true };
    if (kind < PEOPLE.ownAgain + PEOPLE.common) {
      // Zipf with exponent 1, by its inverse: the rank of a question is the number of questions to a random power.
      const rank = Math.floor(PEOPLE.commonQuestions ** chance.next());
      return { text: `common ${rank}`, mayRepeat: true };
    }
    const text = `${user} ${serial++}`;
    asked.set(user, text);
    return { text, mayRepeat: chance.is(PEOPLE.mayBeKept) };
  }

  function arrive(now: number): void {
    const gateway = next++ % gateways;
    const { text, mayRepeat } = question();
    const key = nameOf(text, gateway);
    const second = at(now);
    second.arrived++;
    if (chance.is(PEOPLE.jobs)) second.jobs++;
    if ((keptUntil.get(key) ?? 0) > now) {
      second.hits++;
      return;
    }
    const flight = mayRepeat ? flights.get(key) : undefined;
    if (flight !== undefined) {
      second.joined++;
      flight.followers.push(gateway);
      if (flight.gateway !== gateway) following++;
      return;
    }
    const ollama = leastBusy();
    const tokens = 1 + Math.floor(exponential(PEOPLE.answerTokens));
    const run: Run = {
      key,
      gateway,
      ollama,
      arrivedAt: now,
      prompt: Math.floor(exponential(PEOPLE.promptTokens)),
      tokens,
      isKept: mayRepeat,
      followers: [],
    };
    if (mayRepeat) flights.set(key, run);
    waiting++;
    engines[ollama]?.line.push(run);
    busier(ollama, 1);
    start(ollama, now);
  }

  function leastBusy(): number {
    const idlest = byBusy.find((places) => places.size > 0) ?? new Set([0]);
    const [place = 0] = idlest;
    return place;
  }

  /** One more, or one less, has to do with it. */
  function busier(place: number, by: 1 | -1): void {
    const engine = engines[place];
    if (engine === undefined) return;
    byBusy[engine.busy]?.delete(place);
    engine.busy += by;
    (byBusy[engine.busy] ??= new Set()).add(place);
  }

  function start(place: number, now: number): void {
    const engine = engines[place];
    while (engine !== undefined && engine.running < OLLAMA.slots) {
      const run = engine.line.shift();
      if (run === undefined) return;
      engine.running++;
      mostOnOne = Math.max(mostOnOne, engine.running);
      running++;
      if (run.isKept) shareable++;
      waiting--;
      if (now >= before) waits.push(now - run.arrivedAt);
      const seconds = run.prompt / OLLAMA.promptTokensPerS + run.tokens / OLLAMA.tokensPerS;
      due.add({ at: now + seconds, run });
    }
  }

  function finish(run: Run, now: number): void {
    running--;
    if (run.isKept) shareable--;
    const second = at(now);
    second.ran++;
    if (flights.get(run.key) === run) flights.delete(run.key);
    following -= run.followers.filter((gateway) => gateway !== run.gateway).length;
    if (run.isKept) {
      second.kept++;
      keptUntil.set(run.key, now + ANSWERS_KEPT_S);
    }
    const engine = engines[run.ollama];
    if (engine !== undefined) engine.running--;
    busier(run.ollama, -1);
    start(run.ollama, now);
  }

  due.add({ at: exponential(1 / perS), run: undefined });
  let second = 0;
  const ends = (until: number): void => {
    const tokens = running * OLLAMA.tokensPerS;
    for (; second < until; second++) Object.assign(at(second), { running, shareable, waiting, following, tokens });
  };
  for (let first = due.shift(); first !== undefined && first.at < end; first = due.shift()) {
    ends(Math.floor(first.at));
    if (first.run !== undefined) finish(first.run, first.at);
    else {
      arrive(first.at);
      due.add({ at: first.at + exponential(1 / perS), run: undefined });
    }
  }
  ends(end);

  const inTime = counted.slice(before);
  const sumOf = (of: (each: Second) => number): number => inTime.reduce((sum, each) => sum + of(each), 0);
  return {
    seconds: inTime,
    asked: sumOf((each) => each.arrived),
    hits: sumOf((each) => each.hits),
    joined: sumOf((each) => each.joined),
    ran: sumOf((each) => each.ran),
    waitP50: percentile(waits, 0.5),
    waitP95: percentile(waits, 0.95),
    mostOnOne,
    left: running + waiting,
  };
}
