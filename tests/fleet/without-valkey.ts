// What a fleet is asked before, while and after its Valkey is away.
import { hold } from '../faults/fault.ts';
import { OWN, reading } from '../support/soak/soak-routes.ts';
import { eventually } from '../support/waiting.ts';
import { ask, type Door, timed } from './callers.ts';
import { bodyOf } from './fleet-load.ts';
import { millis } from './fleet-trial.ts';
import { wrongWith } from './run-words.ts';
import type { Fleet } from './whole-fleet.ts';

/** Of answers that were there before something happened to Valkey. */
const KEPT = 20;
/** No question waits for Valkey longer than cluster.timeout_ms, which is less than this; the rest is the machine of the run. */
const LATE_MS = 2000;

/** Has some answers kept by every gateway. */
export async function keepSome({ nodes }: Fleet): Promise<readonly string[]> {
  const questions = Array.from({ length: KEPT }, (_, number) => `kept ${number}`);
  // One that did not reach Valkey at that moment, as on a busy machine, has run it itself, and the others forget theirs.
  await eventually(
    'all gateways have what is kept',
    async () => {
      let missed = 0;
      for (const question of questions)
        for (const node of nodes) if ((await ask(node, question)).source !== 'HIT') missed++;
      return missed === 0;
    },
    { limitMs: 120_000 },
  );
  return questions;
}

/** Of a question that waits for nothing, `plain`: how long one may take that waits for Valkey once. Milliseconds. */
export const bound = (plain: number): number => LATE_MS + 3 * plain;

/** That all gateways answer what they have, and run what is new, though they have no Valkey. Gives how long the slowest took. */
export async function goOnAlone(fleet: Fleet, kept: readonly string[], what: string): Promise<number> {
  const took: number[] = [];
  for (const node of fleet.nodes) {
    // The first may wait for Valkey, the last does not.
    const ms: number[] = [];
    for (const question of kept) {
      const answer = await ask(node, question);
      hold(answer.source === 'HIT', `${node.name}: ${question} was ${answer.source} ${what}`);
      ms.push(answer.ms);
    }
    const [slowest, plain] = [Math.max(...ms), ms.at(-1) ?? 0];
    hold(slowest < bound(plain), `a kept answer took ${millis(slowest)} ${what}, and another one ${millis(plain)}`);
    took.push(slowest);
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
