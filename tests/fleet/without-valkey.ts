// What a fleet is asked before, while and after its Valkey is away.
import { hold } from '../faults/fault.ts';
import { OWN, reading } from '../support/soak/soak-routes.ts';
import { eventually } from '../support/waiting.ts';
import { ask, type Door, timed } from './callers.ts';
import { bodyOf } from './fleet-load.ts';
import { allowing, inTime } from './in-time.ts';
import type { Node } from './node.ts';
import { wrongWith } from './run-words.ts';
import type { Fleet } from './whole-fleet.ts';

/** Of answers that were there before something happened to Valkey: so many, where nobody says otherwise. */
const KEPT = 20;

/** Has some answers kept by every gateway. */
export async function keepSome({ nodes }: Fleet, count = KEPT): Promise<readonly string[]> {
  const questions = Array.from({ length: count }, (_, number) => `kept ${number}`);
  // One that did not reach Valkey at that moment, as on a busy machine, has run it itself, and the others forget theirs.
  let founds = 0;
  await eventually(
    'all gateways have what is kept',
    async () => {
      let missed = 0;
      for (const question of questions)
        for (const node of nodes) if ((await ask(node, question)).source !== 'HIT') missed++;
      // Twice, since word of what another one has kept anew may come after the first time.
      founds = missed === 0 ? founds + 1 : 0;
      return founds === 2;
    },
    { limitMs: 120_000 },
  );
  return questions;
}

/**
 * That a gateway without Valkey answers what it has, and gives the longest that took: the first may wait for Valkey, as long as the
 * settings say; after that none does.
 */
export async function hasKept(
  { timeoutMs }: Fleet,
  node: Node,
  kept: readonly string[],
  what: string,
): Promise<number> {
  const took: number[] = [];
  for (const question of kept) {
    const [{ source, ms }, allowedMs] = await allowing(() => ask(node, question));
    hold(source === 'HIT', `${node.name}: ${question} was ${source} ${what}`);
    inTime(`${node.name}: a kept answer ${what}`, ms, timeoutMs, allowedMs);
    took.push(ms);
  }
  // A busy machine makes some of them late, and one that waits each time all of them.
  const late = took.filter((ms) => ms >= timeoutMs).length;
  hold(late <= kept.length / 4, `${node.name}: ${late} of ${kept.length} kept answers took ${timeoutMs} ms ${what}`);
  return Math.max(...took);
}

/** That all gateways answer what they have, and run what is new, though they have no Valkey. Gives how long the slowest took. */
export async function goOnAlone(fleet: Fleet, kept: readonly string[], what: string): Promise<number> {
  const took: number[] = [];
  for (const node of fleet.nodes) {
    took.push(await hasKept(fleet, node, kept, what));
    // It may stand in line behind jobs: how long it waits for Valkey is held where there are places for all (cut-off-trial.ts).
    await ask(node, `new at ${node.name} ${what}`);
  }
  return Math.max(...took);
}

/** Resolves with the milliseconds until all gateways use Valkey, and say nothing against it. */
export const allBack = ({ nodes }: Fleet): Promise<number> =>
  timed(async () => {
    for (const node of nodes) {
      await node.joined();
      await eventually(`${node.name} takes its notice back`, async () => (await node.notices()).length === 0);
    }
  });

/** Asks for an answer as a stream, which has to be whole or to say that its leader was lost. Gives whether it was whole. */
export async function streamed(door: Door, question: string): Promise<boolean> {
  const reply = await door.send({ method: 'POST', path: OWN.path, body: bodyOf(question, true) });
  const { content, end } = reading(OWN, reply);
  const isWhole = end === 'whole';
  const wrong = wrongWith(question, content, isWhole);
  hold(wrong === undefined, `${question}: ${wrong}`);
  hold(isWhole || reply.text.includes('"leader_lost"'), `${question}: ${reply.status} ${reply.text}`);
  return isWhole;
}
