// What sharing costs, and what more gateways carry.
import { readFile } from 'node:fs/promises';
import { hold } from '../faults/fault.ts';
import { ask, type Door } from './callers.ts';
import { millis, share, type Figure, type Ground, type Seen, type Trial } from './fleet-trial.ts';
import { SLOTS, type Fleet } from './whole-fleet.ts';

const HITS = { full: 400, short: 60 };
/** Added by Valkey to an answer that another gateway has kept. Milliseconds. */
const GOAL_MS = 3;
/** How long an answer of the measurement takes, and for how long is measured. Milliseconds. */
const ANSWER_MS = 1000;
const MEASURED_MS = { full: 30_000, short: 8000 };
/** A tick of Linux's account of processor time, as it is on every architecture that Node has. Milliseconds. */
const TICK_MS = 10;

async function sharedHit(ground: Ground): Promise<Seen> {
  const fleet = await ground.fleet({ pieceMs: -1 });
  const [one, two] = fleet.nodes;
  const count = HITS[ground.isFull ? 'full' : 'short'];
  const shared: number[] = [];
  const own: number[] = [];
  for (let number = 0; number < count; number++) {
    const question = `question ${number}`;
    await ask(one, question);
    for (const list of [shared, own]) {
      const { source, ms } = await ask(two, question);
      hold(source === 'HIT', `${question} was ${source}`);
      list.push(ms);
    }
  }
  const added = shared.map((ms, at) => ms - (own[at] ?? 0));
  const [p50, p99] = [share(added, 0.5), share(added, 0.99)];
  return {
    seen: `${count} answers kept by another gateway: ${millis(share(shared, 0.5))} (median) and ${millis(share(shared, 0.99))} (p99) where Valkey has them, ${millis(share(own, 0.5))} and ${millis(share(own, 0.99))} where memory has.`,
    figures: [
      {
        what: 'Added by Valkey to an answer that another gateway has kept, median and p99',
        measured: `${millis(p50)}, ${millis(p99)}`,
        goal: { says: `median at most ${GOAL_MS} ms`, isKept: p50 <= GOAL_MS },
      },
    ],
  };
}

/** Processor time that gateways, and Valkey, have had so far. Milliseconds. */
async function worked(fleet: Fleet): Promise<readonly [number, number]> {
  const each = await Promise.all(
    fleet.nodes.map(async ({ pid }) => {
      if (pid === undefined) return 0;
      // After the name, which may have anything in it: the state and ten more, then the ticks in the program and in the kernel.
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ');
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    }),
  );
  const info = await fleet.valkey('valkey-1').info('cpu');
  const seconds = Array.from(info.matchAll(/^used_cpu_(?:sys|user):([\d.]+)/gm), ([, value]) => Number(value));
  return [sum(each), sum(seconds) * 1000];
}

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);

async function throughput(ground: Ground): Promise<Seen> {
  const figures: Figure[] = [];
  const forMs = MEASURED_MS[ground.isFull ? 'full' : 'short'];
  for (const count of [1, 2, 3]) {
    const fleet = await ground.fleet({ gateways: count });
    const front: Door = { send: (sent) => fleet.ask(sent) };
    // What is done once costs nobody anything later.
    for (const node of fleet.nodes.slice(0, count)) await ask(node, `first of ${node.name}`);
    const before = await worked(fleet);
    const from = performance.now();
    let answered = 0;
    let inTime = 0;
    const callers = Array.from({ length: 2 * SLOTS * count }, async (_, caller) => {
      for (let number = 0; performance.now() < from + forMs; number++) {
        await ask(front, `${caller}-${number} lasts ${ANSWER_MS} ms`);
        answered++;
        if (performance.now() < from + forMs) inTime++;
      }
    });
    await Promise.all(callers);
    const [gateways, valkey] = (await worked(fleet)).map((ms, at) => (ms - (before[at] ?? 0)) / answered);
    figures.push({
      what: `${count} of 3 gateways: answers a second, of ${count * SLOTS} that the Ollamas can give; processor time of gateways and of Valkey for each`,
      measured: `${((inTime * 1000) / forMs).toFixed(1)}; ${millis(gateways ?? 0)}, ${millis(valkey ?? 0)}`,
    });
    await fleet.close();
  }
  return {
    seen: `New questions through nginx for ${forMs / 1000} s, each answer of ${ANSWER_MS / 1000} s, ${SLOTS} slots a gateway, twice as many callers as slots.`,
    figures,
  };
}

export const SHARED_HIT: Trial = {
  name: 'an answer that another gateway has kept',
  promise: 'Measured: what Valkey adds to it.',
  run: sharedHit,
};

export const THROUGHPUT: Trial = {
  name: 'one, two and three gateways',
  promise: 'Measured: how many answers come through nginx, and what they cost.',
  run: throughput,
};
