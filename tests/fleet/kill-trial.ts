// kill -9 of gateways at any moment, mid-answer and mid-job. One kill costs a fleet 10 to 15 s until all that the dead one had runs
// elsewhere; these are not waited for: the next kill comes while the others still take over, and the dead one starts again at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { hold } from '../faults/fault.ts';
import { eventually } from '../support/waiting.ts';
import type { Fleet } from './whole-fleet.ts';
import { Load } from './fleet-load.ts';
import type { Node } from './node.ts';
import { seconds, share, type Ground, type Seen, type Trial } from './fleet-trial.ts';

/** From one kill to the next come so many replies at most: by these and not by a clock, so that a busy machine has some too. */
const REPLIES = 60;
/** The longest from the last of these to the kill. Milliseconds. */
const MORE_MS = 60;
/** One kill in so many takes two gateways at once, one in so many all three, and one in so many one that just starts. */
const TWO = 6;
const ALL = 25;
const EARLY = 8;
/** Between two words of an answer, so that a kill falls into the middle of some. Milliseconds. */
const PIECE_MS = 10;
/** Told of its way after so many. */
const TELLS = 20;

/** Starts gateways that are dead, and knows how long that took. */
class Starts {
  readonly #under = new Map<Node, Promise<void>>();
  readonly startsMs: number[] = [];

  begin(node: Node): void {
    const before = this.#under.get(node) ?? Promise.resolve();
    const started = before.then(async () => {
      if (node.hasStarted) return;
      const ms = await node.start();
      if (ms !== undefined) this.startsMs.push(ms);
    });
    started.catch(() => undefined);
    this.#under.set(node, started);
  }

  /** Rejects with what has kept one from starting. */
  async all(): Promise<void> {
    await Promise.all(this.#under.values());
  }
}

async function kill(fleet: Fleet, starts: Starts, { chance, kills, say }: Ground, load: Load): Promise<void> {
  let done = 0;
  while (done < kills) {
    const isEarly = chance.below(EARLY) === 0;
    const last = load.replies + chance.below(REPLIES);
    if (isEarly) await sleep(chance.below(800));
    else {
      await eventually('replies come', () => load.replies >= last, { limitMs: 300_000, everyMs: 2 });
      await sleep(chance.below(MORE_MS));
    }
    const count = chance.below(ALL) === 0 ? 3 : chance.below(TWO) === 0 ? 2 : 1;
    // One that has not even begun to start cannot be killed.
    const alive = fleet.nodes.filter(({ hasStarted, isReady }) => hasStarted && (isEarly || isReady));
    const from = chance.below(3);
    const chosen = [...alive.slice(from), ...alive.slice(0, from)].slice(0, Math.min(count, kills - done));
    await Promise.all(chosen.map((node) => node.kill()));
    for (const node of chosen) starts.begin(node);
    const before = done;
    done += chosen.length;
    const { answers, parts } = load.counts;
    if (Math.floor(done / TELLS) > Math.floor(before / TELLS)) {
      say(`${done} kills, ${load.ledger.answered.length} jobs answered, ${answers} answers whole and ${parts} cut`);
    }
  }
}

export const KILLS: Trial = {
  name: 'kill -9 of gateways, mid-answer and mid-job',
  promise:
    'No job that was accepted is lost, has two answers, or runs again once its answer was seen; each answer that a caller got is whole, or the beginning of the one that broke off.',
  async run(ground: Ground): Promise<Seen> {
    // One of a batch that gives way to a person is asked again, though its Ollama may have written it already: so none gives way here,
    // and whatever has said its last word runs again after a kill alone.
    const settings = {
      'queue.retention_seconds': 86_400,
      'queue.batch_retention_seconds': 86_400,
      'queue.yield_ms': 0,
    };
    const fleet = await ground.fleet({ settings, pieceMs: PIECE_MS });
    const load = new Load(fleet, ground.chance);
    const starts = new Starts();
    const { failed, end } = load.begin();
    const startedAt = performance.now();
    try {
      await Promise.race([kill(fleet, starts, ground, load), failed]);
      ground.say('all are killed; the dead ones start');
      await Promise.race([starts.all(), failed]);
      for (const node of fleet.nodes) await node.joined();
      ground.say('all are there again');
    } finally {
      await Promise.race([end(), failed]);
    }
    const tookMs = performance.now() - startedAt;
    const settledAt = performance.now();
    ground.say(`${load.ledger.pending.length} accepted jobs are not answered yet`);
    await load.settle();
    ground.say(`all accepted jobs were answered ${seconds(performance.now() - settledAt)} later`);
    for (const entry of load.ledger.all) await load.lookAt(entry);
    const ran = await fleet.ran();
    const { late, cut, takenOverMs } = load.ledger.check(ran, fleet.nodes);
    ground.say(`${ran.length} runs, ${ran.filter(({ outcome }) => outcome === 'aborted').length} of them broken off`);
    const killed = fleet.nodes.flatMap(({ killedAt }) => killedAt).length;
    hold(killed === ground.kills, `${killed} were killed instead of ${ground.kills}`);
    const { answers, shared, parts, lost, refused, sentAgain } = load.counts;
    const cancelled = load.ledger.all.filter((entry) => entry.cancelled).length;
    return {
      seen: [
        `${killed} kills in ${Math.round(tookMs / 60_000)} min`,
        `${load.ledger.answered.length} jobs accepted and answered once, ${cancelled} taken back, none lost; ${sentAgain} handed in again, since nginx or a gateway had refused them or broke off`,
        `${cut} runs cut in their middle; ${late} that had said their last word ran again, since the kill came before Valkey knew`,
        `${answers} other answers right and whole, ${shared} of them kept or shared ones; ${parts} broken off and right so far, ${lost} ended as leader_lost, ${refused} refused`,
      ].join('; '),
      figures: [
        {
          what: 'A job of a killed gateway runs on another, p50 and the longest',
          measured: `${seconds(share(takenOverMs, 0.5))}, ${seconds(share(takenOverMs, 1))}`,
        },
        {
          what: 'A killed gateway takes connections again, p50 and the longest',
          measured: `${seconds(share(starts.startsMs, 0.5))}, ${seconds(share(starts.startsMs, 1))}`,
        },
      ],
    };
  },
};
