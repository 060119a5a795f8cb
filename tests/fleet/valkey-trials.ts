// What can happen to Valkey while answers stream and jobs run: it is started again, its replica takes over, it becomes a replica
// itself while gateways are connected.
import { hold } from '../faults/fault.ts';
import { eventually } from '../support/waiting.ts';
import { accepted, answerOf, ask, handIn } from './callers.ts';
import { millis, seconds, type Ground, type Seen, type Trial } from './fleet-trial.ts';
import type { Fleet } from './whole-fleet.ts';
import { allBack, goOnAlone, keepSome, streamed } from './without-valkey.ts';

/** Of what runs when it happens: for how long some of it does, how many jobs there are, and how many answers are kept. */
const WORK = {
  full: { long: 'lasts 6000 ms', jobs: 24, kept: 20 },
  short: { long: 'lasts 3000 ms', jobs: 8, kept: 8 },
} as const;
type Work = (typeof WORK)[keyof typeof WORK];
const workOf = ({ isFull }: Ground): Work => WORK[isFull ? 'full' : 'short'];

interface Busy {
  readonly jobs: readonly { readonly id: string; readonly question: string }[];
  /** Of streams: how many were whole, of how many. Those that nobody else leads have to be. */
  streams(): Promise<string>;
}

/** Has jobs that run and wait, and streams that are read at every gateway, some of them the same run. */
async function busy(fleet: Fleet, { long, jobs: count }: Work): Promise<Busy> {
  const jobs = Array.from({ length: count }, (_, number) => {
    return { id: `job-${number}`, question: number < 4 ? `job ${number} ${long}` : `job ${number}` };
  });
  for (const { id, question } of jobs) await accepted(fleet.nodes[0], id, question);
  const own = fleet.nodes.map((node) => streamed(node, `stream of ${node.name} ${long}`));
  const same = fleet.nodes.map((node) => streamed(node, `stream of all ${long}`));
  for (const each of [...own, ...same]) each.catch(() => undefined);
  const runs = async (word: string): Promise<number> =>
    (await fleet.ran()).filter(({ question, outcome }) => outcome === 'open' && question.includes(word)).length;
  // On a busy machine the first of them have ended before the last begin.
  await eventually('streams and jobs run', async () => (await runs('stream of')) > 0 && (await runs('job ')) > 0, {
    limitMs: 60_000,
  });
  return {
    jobs,
    async streams() {
      hold(!(await Promise.all(own)).includes(false), 'a stream broke off though its gateway led it');
      const whole = (await Promise.all(same)).filter(Boolean).length;
      hold(whole > 0, 'the stream that all had broke off at the gateway that led it');
      const rest = whole === same.length ? '' : ', the others ended as leader_lost';
      return `${own.length} streams came whole, and ${whole} of ${same.length} that were one run${rest}`;
    },
  };
}

/** That each job has one answer. Gives how many ran more than once. */
async function allAnswered(fleet: Fleet, { jobs }: Busy): Promise<number> {
  for (const { id, question } of jobs) await answerOf(fleet.nodes[2], id, question);
  const ran = await fleet.ran();
  return jobs.filter(({ question }) => ran.filter((each) => each.question === question).length > 1).length;
}

async function restart(ground: Ground): Promise<Seen> {
  const fleet = await ground.fleet({ valkey: { appendfsync: 'always', 'key-load-delay': '2000' } });
  const kept = await keepSome(fleet, workOf(ground).kept);
  const work = await busy(fleet, workOf(ground));
  const store = fleet.stores['valkey-1'];
  await store.kill();
  const slowest = await goOnAlone(fleet, kept, 'without Valkey');
  const notices = await Promise.all(fleet.nodes.map((node) => node.alone()));
  hold(
    notices.every((each) => /is not there|has cut|does not answer/.test(each)),
    `they say ${notices.join(' ')}`,
  );
  const told = await Promise.all(fleet.nodes.map((node) => node.notices()));
  hold(
    told.every((each) => each.length === 1),
    `they say more than one thing of Valkey: ${told.flat().join(' ')}`,
  );
  const [status, code] = await handIn(fleet.nodes[1], 'late', 'late job');
  hold(status === 503 && code === 'fleet_unreachable', `a job was answered with ${status} ${String(code)}`);
  const startedAt = performance.now();
  const loads = store.start();
  let saidThatItLoads = false;
  await Promise.race([
    loads,
    eventually(
      'one of them says that it loads',
      async () => {
        const said = (await Promise.all(fleet.nodes.map((node) => node.notices()))).flat();
        return (saidThatItLoads = said.some((each) => each.includes('still loading')));
      },
      { limitMs: 60_000 },
    ),
  ]);
  await loads;
  await allBack(fleet);
  const backMs = performance.now() - startedAt;
  const streams = await work.streams();
  const twice = await allAnswered(fleet, work);
  await accepted(fleet.nodes[1], 'late', 'late job');
  await answerOf(fleet.nodes[0], 'late', 'late job');
  const ran = await fleet.ran();
  const ends = work.jobs.filter(
    ({ question }) => ran.filter((each) => each.question === question && each.outcome === 'done').length > 1,
  );
  hold(ends.length === 0, `${ends.length} jobs ran to their end twice though no gateway has ended`);
  return {
    seen: `${streams}. Kept answers took ${millis(slowest)} at most meanwhile, and a job was refused with fleet_unreachable; ${saidThatItLoads ? 'while it loaded its data they said so; ' : ''}${work.jobs.length} accepted jobs have one answer each, ${twice} of them were begun again.`,
    figures: [
      {
        what: 'Valkey is started again, and loads its data for a while: all gateways share, and take jobs',
        measured: seconds(backMs),
      },
    ],
  };
}

async function failover(ground: Ground): Promise<Seen> {
  const fleet = await ground.fleet({ settings: { 'cluster.job_replicas': 1, 'cluster.timeout_ms': 1000 } });
  const kept = await keepSome(fleet, workOf(ground).kept);
  const work = await busy(fleet, workOf(ground));
  await fleet.stores['valkey-1'].kill();
  const slowest = await goOnAlone(fleet, kept, 'without a primary');
  const movedAt = performance.now();
  await fleet.promote('valkey-2');
  await allBack(fleet);
  const backMs = performance.now() - movedAt;
  const [status, code] = await handIn(fleet.nodes[0], 'alone', 'job of one Valkey');
  hold(status === 503 && code === 'fleet_unreachable', `without a replica a job got ${status} ${String(code)}`);
  const view = await fleet.nodes[1].get('/api/chat-queue?requestId=alone');
  hold(view.status === 404, `a job that was refused is still there: ${view.text}`);
  for (const question of kept) {
    for (const node of fleet.nodes) hold((await ask(node, question)).source === 'HIT', `${question} is lost`);
  }
  const streams = await work.streams();
  await fleet.stores['valkey-1'].start();
  await fleet.follow('valkey-1', 'valkey-2');
  await accepted(fleet.nodes[1], 'alone', 'job of one Valkey');
  const twice = await allAnswered(fleet, work);
  await answerOf(fleet.nodes[0], 'alone', 'job of one Valkey');
  return {
    seen: `${streams}. With cluster.job_replicas = 1 all ${work.jobs.length} accepted jobs were answered, ${twice} of them begun again; no new one was accepted until there was a replica again, and the one that was refused did not stay. Kept answers took ${millis(slowest)} at most without a primary, and are still there.`,
    figures: [{ what: 'The replica has taken over: all gateways share through it', measured: seconds(backMs) }],
  };
}

async function demoted(ground: Ground): Promise<Seen> {
  const fleet = await ground.fleet({ valkey: { 'replica-serve-stale-data': 'no' } });
  const kept = await keepSome(fleet, workOf(ground).kept);
  const says = async (pattern: RegExp): Promise<void> => {
    for (const node of fleet.nodes) {
      await eventually(
        `${node.name} says ${pattern.source}`,
        async () => (await node.notices()).some((each) => pattern.test(each)),
        { limitMs: 60_000 },
      );
    }
  };
  await fleet.valkey('valkey-2').call('REPLICAOF', 'NO', 'ONE');
  await fleet.follow('valkey-1', 'valkey-2');
  await says(/is a replica|has become a replica/);
  const slowest = await goOnAlone(fleet, kept, 'before a replica');
  await fleet.stores['valkey-2'].kill();
  await goOnAlone(fleet, kept, 'before a replica without a primary');
  await says(/has lost its primary/);
  await fleet.valkey('valkey-1').call('REPLICAOF', 'NO', 'ONE');
  const backMs = await allBack(fleet);
  await accepted(fleet.nodes[0], 'after', 'job after it');
  await answerOf(fleet.nodes[1], 'after', 'job after it');
  return {
    seen: `They said that it is a replica, and kept answers took ${millis(slowest)} at most; a job was run by the next gateway after it.`,
    figures: [{ what: 'A replica is the primary again: all gateways share', measured: seconds(backMs) }],
  };
}

export const VALKEY_TRIALS: readonly Trial[] = [
  {
    name: 'Valkey is killed while answers stream and jobs run, and loads its data again',
    promise:
      'No question waits for it, each gateway says so once and comes back by itself; streams go on, and accepted jobs have one answer.',
    run: restart,
  },
  {
    name: 'the replica of Valkey takes over while answers stream and jobs run',
    promise:
      'With cluster.job_replicas = 1 no accepted job is lost; the gateways work through the new primary, to which the address has moved.',
    run: failover,
  },
  {
    name: 'Valkey becomes a replica under its gateways, and loses its primary',
    promise: 'The gateways go on alone, say why, and come back when it is the primary again.',
    run: demoted,
  },
];
