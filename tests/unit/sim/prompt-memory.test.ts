// The simulated memory of prompts before what a real llama-server was measured to process of three small experiments.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PromptServer, type ServerKind, type Tokens } from '../../sim/prompt-memory.ts';

interface Real {
  readonly counter_at_the_head: Readonly<
    Record<'turns' | 'head' | 'first' | 'said' | 'answered', number> & {
      measured: Readonly<Record<'as_sent' | 'pinned', number>>;
    }
  >;
  readonly two_thirds_shared: Readonly<
    Record<'turns' | 'shared' | 'first' | 'said' | 'answered', number> & { measured: InBothOrders }
  >;
  readonly nothing_shared: Readonly<Record<'turns' | 'first', number> & { measured: InBothOrders }>;
}
type InBothOrders = Readonly<Record<'in_turns' | 'one_after_the_other', number>>;

const real = JSON.parse(readFileSync(new URL('../../data/llama-server-prompts.json', import.meta.url), 'utf8')) as Real;
/** As far as the lengths, which were not kept, can be met. */
const NEAR = 0.02;
const KIND: ServerKind = { name: 'as it was', places: 1, cache: 0 };

let numbers = 0;
/** So many tokens that stand nowhere else. */
const fresh = (count: number): number[] => Array.from({ length: count }, () => numbers++);

interface Turn {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
}

/** Turns of one conversation, each after all that was said. */
function conversation(first: readonly number[], turns: number, said: number, answered: number): Turn[] {
  let prompt = [...first];
  return Array.from({ length: turns }, () => {
    const turn = { prompt, answer: fresh(answered) };
    prompt = [...prompt, ...turn.answer, ...fresh(said)];
    return turn;
  });
}

function processedOf(turns: readonly Turn[]): number {
  const server = new PromptServer(KIND);
  const tokens = (of: readonly number[]): Tokens => Int32Array.from(of);
  return turns.reduce((sum, { prompt, answer }) => {
    const reading = server.read(tokens(prompt));
    reading.done(tokens([...prompt, ...answer]));
    return sum + reading.processed;
  }, 0);
}

function expectNear(simulated: number, measured: number): void {
  expect(Math.abs(simulated - measured) / measured, `${simulated} for ${measured}`).toBeLessThanOrEqual(NEAR);
}

/** The first of each, the second of each. */
const inTurns = (a: readonly Turn[], b: readonly Turn[]): Turn[] =>
  a.flatMap((turn, i) => [turn, ...b.slice(i, i + 1)]);

test('a counter at the head: all is read at each turn, and kept the same only what is new', () => {
  const { measured, turns, head, first, said, answered } = real.counter_at_the_head;
  const pinned = conversation(fresh(first), turns, said, answered);
  const counted = pinned.map(({ prompt, answer }) => {
    return { prompt: [...prompt.slice(0, head), ...fresh(1), ...prompt.slice(head + 1)], answer };
  });
  expectNear(processedOf(counted), measured.as_sent);
  expectNear(processedOf(pinned), measured.pinned);
});

test('two conversations that share two thirds: one after the other costs two fifths of in turns', () => {
  const { measured, turns, shared, first, said, answered } = real.two_thirds_shared;
  const both = fresh(shared);
  const own = (): Turn[] => conversation([...both, ...fresh(first - shared)], turns, said, answered);
  const [a, b] = [own(), own()];
  expectNear(processedOf(inTurns(a, b)), measured.in_turns);
  expectNear(processedOf([...a, ...b]), measured.one_after_the_other);
});

test('prompts that share nothing: their order is worth nothing', () => {
  const { measured, turns, first } = real.nothing_shared;
  const alone = (): Turn[] => Array.from({ length: turns }, () => ({ prompt: fresh(first), answer: [] }));
  const [a, b] = [alone(), alone()];
  expectNear(processedOf(inTurns(a, b)), measured.in_turns);
  expectNear(processedOf([...a, ...b]), measured.one_after_the_other);
});
