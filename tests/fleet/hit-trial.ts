// What sharing costs.
import { hold } from '../faults/fault.ts';
import { ask } from './callers.ts';
import { millis, share, type Ground, type Seen, type Trial } from './fleet-trial.ts';

const HITS = { full: 400, short: 60 };
/** Added by Valkey to an answer that another gateway has kept. Milliseconds. */
const GOAL_MS = 3;
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
  const [p50, p95] = [share(added, 0.5), share(added, 0.95)];
  return {
    seen: `${count} answers kept by another gateway: ${millis(share(shared, 0.5))} (p50) where Valkey has them, ${millis(share(own, 0.5))} where memory has.`,
    figures: [
      {
        what: 'Added by Valkey to an answer that another gateway has kept, p50 and p95',
        measured: `${millis(p50)}, ${millis(p95)}`,
        goal: { says: `p50 at most ${GOAL_MS} ms`, isKept: p50 <= GOAL_MS },
      },
    ],
  };
}

export const SHARED_HIT: Trial = {
  name: 'an answer that another gateway has kept',
  promise: 'Measured: what Valkey adds to it.',
  run: sharedHit,
};
