// A gateway is cut off from Valkey, in the middle of jobs, and connected again.
import { hold } from '../faults/fault.ts';
import { eventually } from '../support/waiting.ts';
import { accepted, answerOf, ask, handIn, look } from './callers.ts';
import type { Ran } from './fake-main.ts';
import { millis, seconds, type Ground, type Seen, type Trial } from './fleet-trial.ts';
import { allowing, inTime } from './in-time.ts';
import { runOf } from './run-words.ts';
import { allBack, hasKept, keepSome } from './without-valkey.ts';

/** Longer than Valkey waits for a sign of life of the gateway that has a job. */
const LONG = 'lasts 20000 ms';
const JOBS = 6;
/** Of each gateway: more than there are jobs, so that no question waits for one, and what is taken over begins at once. */
const SLOTS = 10;
/** Until others run the jobs of a gateway that is gone (docs/cluster.md). Milliseconds. */
const TAKEN_OVER_MS = 15_000;

async function partition(ground: Ground): Promise<Seen> {
  const fleet = await ground.fleet({ slots: SLOTS });
  const [one, two, three] = fleet.nodes;
  const kept = await keepSome(fleet);
  const jobs = Array.from({ length: JOBS }, (_, number) => ({
    id: `job-${number}`,
    question: `job ${number} ${LONG}`,
  }));
  for (const { id, question } of jobs) await accepted(two, id, question);
  const runsHere = async (): Promise<readonly Ran[]> =>
    (await fleet.ran()).filter(({ node, outcome, question }) => {
      return node === 1 && outcome === 'open' && question.includes(LONG);
    });
  await eventually('the one that is cut off has jobs', async () => (await runsHere()).length > 0, { limitMs: 60_000 });
  const before = await runsHere();
  fleet.network.cut('node-1');
  const cutAt = performance.now();
  // Beside what is asked: it comes when the first question has found no Valkey, and not when that is answered.
  const alone = one.alone().then((notice) => ({ notice, noticedMs: performance.now() - cutAt }));
  // The one finds that Valkey is away; the other has the same machine of the run, and Valkey.
  const [[first, other, { notice, noticedMs }], allowedMs] = await allowing(() =>
    Promise.all([ask(one, 'first after the cut'), ask(two, 'first at another gateway'), alone]),
  );
  inTime('the first question', first.ms, fleet.timeoutMs + fleet.longestRunMs, allowedMs);
  inTime('the notice', noticedMs, fleet.timeoutMs, allowedMs);
  hold(/does not answer in time|cannot be reached/.test(notice), `it says ${notice}`);
  const slowest = await hasKept(fleet, one, kept, 'when it was cut off');
  const [status, code] = await handIn(one, 'late', 'late job');
  hold(status === 503 && code === 'fleet_unreachable', `a job was answered with ${status} ${String(code)}`);
  // What the others share, and remove, meanwhile.
  await ask(two, 'shared by the others');
  hold((await ask(three, 'shared by the others')).source === 'HIT', 'the others share no more');
  const answers = new Map<string, string>();
  const [, allowedToJobsMs] = await allowing(async () => {
    for (const { id, question } of jobs) answers.set(id, await answerOf(three, id, question));
  });
  const moved = before.filter(({ question }) => {
    const { id = '' } = jobs.find((each) => each.question === question) ?? {};
    return runOf(answers.get(id) ?? '')?.node !== 1;
  });
  hold(moved.length === before.length, 'a job has its answer from the gateway that was cut off');
  await two.act('clear');
  hold((await one.notices()).length === 1, 'it says more than one thing of Valkey');
  fleet.network.mend('node-1');
  const backMs = await allBack(fleet);
  hold((await ask(one, 'kept 0')).source === 'MISS', 'it still has what was removed while it was cut off');
  await accepted(one, 'late', 'late job');
  await answerOf(two, 'late', 'late job');
  for (const { id } of jobs) {
    for (const node of fleet.nodes) {
      hold((await look(node, id)).result?.message.content === answers.get(id), `${id} has another answer by now`);
    }
  }
  const ran = await fleet.ran();
  const late = Math.min(
    ...before.map(({ question, number }) =>
      Math.min(
        ...ran
          .filter((each) => each.question === question && !(each.node === 1 && each.number === number))
          .map(({ startedAt }) => startedAt - performance.timeOrigin - cutAt),
      ),
    ),
  );
  inTime('the first of its jobs on another gateway', late, TAKEN_OVER_MS, allowedToJobsMs);
  return {
    seen: `The first question took ${millis(first.ms)}, one at another gateway at the same time ${millis(other.ms)}, ${kept.length} kept answers ${millis(slowest)} at most; a job was refused with fleet_unreachable; ${before.length} jobs that it ran were run by the others, and have their answer alone; what was removed meanwhile is removed there too.`,
    figures: [
      { what: 'Cut off from Valkey: the notice is there', measured: seconds(noticedMs) },
      { what: 'Cut off from Valkey: the others run its jobs', measured: seconds(late) },
      { what: 'Connected again: it shares, and takes jobs', measured: seconds(backMs) },
    ],
  };
}

export const CUT_OFF: Trial = {
  name: 'one gateway is cut off from Valkey',
  promise:
    'It goes on with its own memory and disk, says so at once, and once, and comes back by itself; its jobs are run by the others within some 15 s, each with one answer.',
  run: partition,
};
