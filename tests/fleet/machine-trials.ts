// What can be wrong with the machine of one gateway: its clock, and the line that it hangs on.
import { join } from 'node:path';
import { FakeClock } from '../faults/fake-clock.ts';
import { hold } from '../faults/fault.ts';
import { accepted, answerOf, ask, look, timed } from './callers.ts';
import { millis, share, type Ground, type Seen, type Trial } from './fleet-trial.ts';
import { allowing, inTime } from './in-time.ts';
import { keepSome } from './without-valkey.ts';

/** Valkey's clock is that of this machine; what lies between asking and reading it. Milliseconds. */
const BLUR_MS = 5000;
/** Longer than a job may be without a sign of life of its gateway. */
const LONG = 'lasts 15000 ms';
const ASKED = 30;

async function clock({ fleet: open, folder }: Ground): Promise<Seen> {
  const skewed = new FakeClock(join(await folder(), 'shift'));
  await skewed.shift(0);
  // A machine that is busy is no Valkey that is away.
  const fleet = await open({ env: { 'node-2': skewed.env }, settings: { 'cluster.timeout_ms': 5000 } });
  const [one, two, three] = fleet.nodes;
  // The first of all that is asked of a fleet can be late on its way to Valkey.
  await keepSome(fleet);
  for (const days of [1, -1]) {
    await skewed.shift(days);
    const off = days > 0 ? 'ahead' : 'behind';
    for (const [from, to] of [
      [one, two],
      [two, three],
    ] as const) {
      const question = `kept by ${from.name} for ${to.name}, ${off}`;
      await ask(from, question);
      const { source } = await ask(to, question);
      hold(source === 'HIT', `${question}: it was ${source}; ${(await to.notices()).join(' ')}`);
    }
    const before = Date.now();
    for (const node of [two, three]) await accepted(node, `${node.name}-${off}`, `job ${node.name} ${off} ${LONG}`);
    const after = Date.now();
    for (const node of [two, three]) {
      const id = `${node.name}-${off}`;
      const created = Date.parse((await look(two, id)).created_at);
      const isRight = created > before - BLUR_MS && created < after + BLUR_MS;
      hold(isRight, `${id} says that it was accepted ${created - before} ms off`);
      await answerOf(one, id, `job ${id.replace(`-${off}`, '')} ${off} ${LONG}`);
    }
    // Whatever its clock says, what was kept before is older than a moment, and younger than an hour.
    await ask(one, `stays, ${off}`);
    await two.act('clear', { older_than_s: 3600 });
    hold((await ask(three, `stays, ${off}`)).source === 'HIT', 'an answer of this minute was removed as an hour old');
  }
  const ran = (await fleet.ran()).filter(({ question }) => question.startsWith('job '));
  hold(ran.length === 4, `four jobs were run ${ran.length} times`);
  return { seen: `By ${skewed.by}, a day ahead and a day behind: ${ran.length} jobs ran once each.` };
}

async function slow({ fleet: open }: Ground): Promise<Seen> {
  const fleet = await open();
  const [one, two, three] = fleet.nodes;
  const questions = Array.from({ length: ASKED }, (_, number) => `question ${number}`);
  const of = async (node: typeof one, word: string): Promise<number[]> => {
    const took: number[] = [];
    for (const question of questions) took.push((await ask(node, `${word} ${question}`)).ms);
    return took;
  };
  // Before it is slow: what the questions take by themselves, two gateways at a time.
  const [, plain] = await Promise.all([of(one, 'plain'), of(two, 'quick')]);
  const by = fleet.network.slow('node-1');
  const [[lame, sound], allowedMs] = await allowing(() => Promise.all([of(one, 'slow'), of(two, 'fast')]));
  inTime('a question there', Math.max(...lame), fleet.timeoutMs + Math.max(...plain), allowedMs);
  // Half of them are not held up by the machine: had they waited for the lame one, it would be most.
  const [before, beside] = [share(plain, 0.5), share(sound, 0.5)];
  hold(
    beside < before + fleet.timeoutMs,
    `a question on another gateway took ${millis(beside)} (p50), and ${millis(before)} before one was slow`,
  );
  // The same questions elsewhere: kept by whoever reached Valkey, run again otherwise, and right in either case.
  const shared = await Promise.all(questions.map((question) => ask(three, `slow ${question}`)));
  const jobs = Array.from({ length: 8 }, (_, number) => ({ id: `job-${number}`, question: `job ${number}` }));
  for (const { id, question } of jobs) await accepted(two, id, question);
  for (const { id, question } of jobs) await answerOf(three, id, question);
  fleet.network.fast('node-1');
  const backMs = await timed(async () => await one.joined());
  await accepted(one, 'after', 'job after it');
  await answerOf(two, 'after', 'job after it');
  await keepSome(fleet);
  const hits = shared.filter(({ source }) => source === 'HIT').length;
  return {
    seen: `${by}: a new question took ${millis(share(lame, 0.5))} there and ${millis(beside)} on another gateway (p50), which took ${millis(before)} before; ${hits} of ${shared.length} of its answers were found by the others; ${jobs.length} jobs were answered, and it took jobs itself, and shared answers, ${millis(backMs)} after that.`,
  };
}

export const MACHINE_TRIALS: readonly Trial[] = [
  {
    name: 'the clock of one gateway is a day off',
    promise:
      'What is kept is found by all and for as long as it should; jobs have the age that Valkey gives them, and are not taken from a gateway that works on them.',
    run: clock,
  },
  {
    name: 'one gateway hangs on a slow line to Valkey',
    promise:
      'It answers rightly and no later than cluster.timeout_ms allows, alone where Valkey comes too late, and shares again after that; no other gateway waits for it.',
    run: slow,
  },
];
