// Who and what was in the way of a request while it waited for a slot. It is read from the history of the queue on
// demand. Others are named only to those who may see them.
import type { Behind, LineFacts } from '../../explain/slow-facts.ts';
import { sees } from '../../ownership.ts';
import type { PastRun, Stretch } from '../../queue/past-runs.ts';
import type { LeaseQueue } from '../../queue/queue.ts';
import type { Ended } from '../../requests/at-once.ts';
import type { Before } from '../../requests/trace.ts';
import { lengthOf, together, within, type Part } from './intervals.ts';

/** How many runs are reported for one request. */
const MOST = 20;

/** What the queue has seen of a request. */
export interface InTheWay {
  readonly line: LineFacts;
  /** The runs of others, the longest first. */
  readonly before: readonly Before[];
  /** Its own runs, in order. All but the last were given up. */
  readonly own: readonly PastRun[];
}

/** `waited`: the part of its life that it spent in the queue. */
export function inTheWayOf(
  queue: Pick<LeaseQueue, 'ranDuring' | 'haltedDuring'>,
  request: Ended,
  { waited, life }: { readonly waited: Stretch; readonly life: Stretch },
): InTheWay {
  const { flight, caller, owner, class: of = 'normal', trace } = request;
  const all = queue.ranDuring(life);
  const own = all
    .filter(({ flights }) => flight !== undefined && flights.includes(flight))
    .toSorted((a, b) => a.from - b.from);
  const last = own.at(-1);
  const lane = last?.lane ?? (trace?.kind === 'embed' ? 'embed' : 'chat');
  // Runs of the other lane have slots of their own. They are in the way only if one of the two runners had to be
  // loaded.
  const isInTheWay = (run: PastRun): boolean =>
    run.lane === lane || (last !== undefined && run.runner !== last.runner && (run.loads || last.loads));
  const ofOthers = own.length === 0 ? all : all.filter((run) => !own.includes(run));
  const others: Part<PastRun>[] = [];
  // A loop, since who waited long looks at a thousand runs or more.
  for (const run of ofOthers) {
    if (!isInTheWay(run)) continue;
    const part = within(run, waited);
    if (lengthOf(part) >= 1) others.push(part);
  }
  const halts = queue.haltedDuring(waited).map((halt) => within(halt, waited));
  const msOf = (why: 'paused' | 'ollama'): number => together(halts.filter(({ of: halt }) => halt.why === why));
  const name = (run: PastRun): string | undefined => (sees(owner, run.owner) ? run.caller : undefined);
  // The slot of the last run was granted a moment before the wait ended.
  const earlier = own.filter(({ from, to }) => from < waited.to && to <= waited.to);
  const gaveWay = own.filter((run) => run.gaveWay).length;
  return {
    own,
    before: longestOf(others).map((part) => ({
      ...(name(part.of) === undefined ? {} : { request_id: part.of.id }),
      caller: name(part.of) ?? 'somebody else',
      model: part.of.model,
      class: part.of.class,
      ms: Math.round(lengthOf(part)),
    })),
    line: {
      class: of,
      behind: grouped(others, (run) => ({ caller: name(run), own: run.caller === caller && run.owner === owner })),
      busyMs: together(others),
      pausedMs: msOf('paused'),
      awayMs: msOf('ollama'),
      gaveWay,
      brokeOff: Math.max(0, earlier.length - gaveWay),
      againMs: waited.to - (earlier[0]?.from ?? waited.to),
      held: last?.held,
    },
  };
}

/** The longest of them, as many as are reported, the longest first; of equal ones the first. Sorts a few, not all. */
function longestOf(parts: readonly Part<PastRun>[]): readonly Part<PastRun>[] {
  const longest: Part<PastRun>[] = [];
  for (const part of parts) {
    const last = longest.at(-1);
    if (longest.length === MOST && last !== undefined && lengthOf(part) <= lengthOf(last)) continue;
    const at = longest.findIndex((other) => lengthOf(other) < lengthOf(part));
    longest.splice(at === -1 ? longest.length : at, 0, part);
    if (longest.length > MOST) longest.pop();
  }
  return longest;
}

/** The group of each run, made once: everyone who waited behind a run looks at it. */
const groupNames = new WeakMap<PastRun, string>();

function groupOf(run: PastRun): string {
  let name = groupNames.get(run);
  if (name === undefined) {
    const { owner, caller, class: of, classBy, model, wentOn } = run;
    name = JSON.stringify([owner, caller, of, classBy, model, wentOn]);
    groupNames.set(run, name);
  }
  return name;
}

/** Groups runs of one app, class, model and reason, and reports each group once. */
function grouped(
  parts: readonly Part<PastRun>[],
  known: (run: PastRun) => Pick<Behind, 'caller' | 'own'>,
): readonly Behind[] {
  const groups = new Map<string, Part<PastRun>[]>();
  for (const part of parts) {
    const name = groupOf(part.of);
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    group.push(part);
  }
  const behind = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { class: of, classBy, model, wentOn } = first.of;
    return [{ ...known(first.of), class: of, classBy, model, wentOn, requests: group.length, ms: together(group) }];
  });
  return behind.toSorted((a, b) => b.ms - a.ms);
}
