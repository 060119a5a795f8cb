// What the fleet has promised, as its callers know it, against what the Ollamas have run. It asks nothing; fleet-load.ts does.
import type { RequestView } from '../../backend/contract/views/queue-view.ts';
import { hold } from '../faults/fault.ts';
import { JobBook, type BookedJob } from '../faults/job-book.ts';
import type { Ran } from './fake-main.ts';
import type { Node } from './node.ts';
import { runOf, wrongWith, type RunName } from './run-words.ts';

/** A job, as its caller knows it. Moments in milliseconds since 1970, by the clock of the run. */
export interface Entry extends BookedJob {
  readonly question: string;
  /** Its batch; undefined where it was handed in by itself. */
  readonly batch: string | undefined;
  /** When its caller had the 202. */
  acceptedAt?: number;
  /** When its answer was first seen. */
  answeredAt?: number;
}

/** What a whole run was like. */
export interface Tally {
  /** Runs that had said their last word, and were run again since the kill came before Valkey knew. */
  readonly late: number;
  /** Runs that a kill has cut. */
  readonly cut: number;
  /** From the kill to the beginning of the next run of the same job. Milliseconds, in order. */
  readonly takenOverMs: readonly number[];
}

/** Clocks of two processes of one machine, and what lies between a word and its record. Milliseconds. */
const BLUR_MS = 50;

/** After its last word Valkey knows within this, also on a machine that is busy. Milliseconds. */
const KNOWN_MS = 5000;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export class Ledger extends JobBook<Entry> {
  /** Answers that callers had to questions that were no jobs, by their run. */
  readonly #told: { readonly run: RunName; readonly question: string; readonly isWhole: boolean }[] = [];

  add(id: string, question: string, batch: string | undefined): Entry {
    return this.book({ id, question, batch });
  }

  protected override isAccepted({ acceptedAt }: Entry): boolean {
    return acceptedAt !== undefined;
  }

  /** What was seen of a job fits what was promised. Throws Broken. */
  seen(entry: Entry, view: RequestView): void {
    const wrong = (text: string, isWhole: boolean): string | undefined => wrongWith(entry.question, text, isWhole);
    if (this.fits(entry, view, wrong) !== undefined) entry.answeredAt ??= nowMs();
  }

  /** An answer, or its beginning, came to a question. Throws Broken where it is nobody's. */
  told(question: string, content: string, isWhole: boolean): void {
    const wrong = wrongWith(question, content, isWhole);
    hold(wrong === undefined, String(wrong));
    const run = runOf(content);
    if (run !== undefined) this.#told.push({ run, question, isWhole });
  }

  /**
   * Holds what callers were told against what the Ollamas have run: each answer is from a run of its question, which had said
   * its last word; no job ran again after its answer was seen, nor after its last word unless its gateway was killed
   * in between. Throws Broken.
   */
  check(ran: readonly Ran[], nodes: readonly Node[]): Tally {
    const byName = new Map(ran.map((each) => [nameOf(each), each]));
    for (const { run, question, isWhole } of this.#told) {
      const found = byName.get(nameOf(run));
      hold(found?.question === question, `an answer to ${question} is from run ${nameOf(run)}, which had another`);
      hold(!isWhole || found.outcome === 'done', `the whole answer to ${question} is from a run that broke off`);
    }
    const byQuestion = new Map<string, Ran[]>();
    for (const each of ran) byQuestion.set(each.question, [...(byQuestion.get(each.question) ?? []), each]);
    const killed = nodes.map(({ killedAt }) => killedAt);
    let late = 0;
    const takenOverMs: number[] = [];
    for (const { id, question, answer, answeredAt = Infinity } of this.all) {
      const runs = (byQuestion.get(question) ?? []).toSorted((one, other) => one.startedAt - other.startedAt);
      hold(answer === undefined || runs.length > 0, `${id}: it is answered, and was never run`);
      const from = runs.find((each) => answer !== undefined && nameOf(each) === nameOf(runOf(answer) ?? each));
      hold(answer === undefined || from?.outcome === 'done', `${id}: its answer is from a run that broke off`);
      for (const [at, run] of runs.entries()) {
        hold(run.startedAt < answeredAt + BLUR_MS, `${id}: it was run again after its answer was seen`);
        const next = runs[at + 1];
        if (next === undefined) continue;
        const kills = (killed[run.node - 1] ?? []).filter((when) => when > run.startedAt && when < next.startedAt);
        const last = kills.at(-1);
        if (last !== undefined) takenOverMs.push(next.startedAt - last);
        if (run.outcome !== 'done') continue;
        const { endedAt = Infinity } = run;
        const kill = kills.find((when) => when < endedAt + KNOWN_MS);
        hold(kill !== undefined, `${id}: it ran again after it had run to its end: ${toldOf(runs, killed)}`);
        late++;
      }
    }
    const cut = ran.filter(
      ({ node, outcome, endedAt = 0 }) =>
        outcome === 'aborted' && killed[node - 1]?.some((when) => Math.abs(when - endedAt) < 20 * BLUR_MS) === true,
    ).length;
    return { late, cut, takenOverMs: takenOverMs.toSorted((one, other) => one - other) };
  }
}

/** Runs of one job, and when their gateways were killed, in milliseconds from the first of them on. */
function toldOf(runs: readonly Ran[], killed: readonly (readonly number[])[]): string {
  const from = runs[0]?.startedAt ?? 0;
  const at = (ms = Number.NaN): number => Math.round(ms - from);
  const each = runs.map(({ node, startedAt, endedAt, outcome }) => {
    const kills = killed[node - 1]?.map(at).filter((ms) => Math.abs(ms - at(startedAt)) < 60_000);
    return `on ${node} from ${at(startedAt)} to ${at(endedAt)} ${outcome}, killed at ${kills?.join(' ')}`;
  });
  return each.join('; ');
}

const nameOf = ({ node, number }: RunName): string => `${node}-${number}`;
