// Among equals the prompt that goes on with what the model has read goes first; nobody is held back past the bounds, and where
// prompts have nothing in common the order is the one without.
import { describe, expect, test } from 'vitest';
import { CLASS_STEP, levelOf, QUEUE_CLASSES, type Place } from '../../../../backend/contract/chat/chat-request.ts';
import { Prompt } from '../../../../backend/core/prompts/read-once.ts';
import { onlyLast } from '../../../../backend/core/queue/memory-view.ts';
import { planOrder, type PlanState, type Waiting } from '../../../../backend/core/queue/order.ts';
import { HeldPrompts } from '../../../../backend/core/prompts/held.ts';
import type { LeaseWish } from '../../../../backend/core/queue/waiter.ts';
import { fc } from '../../../support/property.ts';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';

const TOOLS = 'The tools of the agent, each with its parameters. '.repeat(60);

/** A turn of one of several conversations that begin alike. */
function turn(conversation: string, number = 0): Prompt {
  const content = `${conversation}: `.repeat(800) + 'and then? '.repeat(number);
  return new Prompt({
    model: 'A',
    messages: [
      { role: 'system', content: TOOLS },
      { role: 'user', content },
    ],
  });
}

/** Two that have nothing in common. */
const other = (name: string): Prompt => new Prompt({ model: 'A', prompt: `${name} `.repeat(1000) });

const atClass = (of: Place['class']): Place => ({ class: of, classBy: 'default', priority: 0 });

/** A line of one slot, where the model is reading one prompt. */
async function reading(prompt: Prompt, settings: ConstructorParameters<typeof QueueHarness>[0] = {}) {
  const line = new QueueHarness(settings);
  line.resident.add('A');
  const enter = (name: string, asks: Prompt, over: Partial<LeaseWish> = {}): Asker =>
    line.enter('A', { name, prompt: asks, ...over });
  /** Each reads its prompt, answers, and is over. */
  const answerAll = async (...askers: readonly Asker[]): Promise<void> => {
    const left = [...askers];
    for (;;) {
      await line.settle();
      const runs = left.findIndex(({ lease }) => lease.state === 'fulfilled');
      const [next] = runs === -1 ? [] : left.splice(runs, 1);
      if (next === undefined) return;
      const read = line.held.reads('A', prompts.get(next.name) ?? prompt);
      read.answers();
      await line.clock.advance(1000);
      read.ended();
      next.release();
    }
  };
  const prompts = new Map<string, Prompt>();
  const asks = (name: string, of: Prompt, over: Partial<LeaseWish> = {}): Asker => {
    prompts.set(name, of);
    return enter(name, of, over);
  };
  const first = asks('first', prompt);
  await line.settle();
  return { line, asks, first, answerAll };
}

describe('the prompt that goes on with what was read last', () => {
  test('goes before one that came sooner, which is then next', async () => {
    const { line, asks, first, answerAll } = await reading(turn('bread'));
    await answerAll(first, asks('wine', turn('wine')), asks('bread', turn('bread', 1)));
    expect(line.granted).toEqual(['first', 'bread', 'wine']);
  });

  test('is told its place, and why it has that', async () => {
    const { line, asks, first } = await reading(turn('bread'));
    line.held.reads('A', turn('bread')).answers();
    const [wine, bread] = [asks('wine', turn('wine')), asks('bread', turn('bread', 1))];
    await line.settle();
    expect(bread.told.at(-1)).toMatchObject({ position: 1, goes_on: true });
    expect(wine.told.at(-1)).toMatchObject({ position: 2 });
    expect(wine.told.at(-1)).not.toHaveProperty('goes_on');
    first.release();
  });

  test('does not, where the setting says so', async () => {
    const { line, asks, first, answerAll } = await reading(turn('bread'), { queue: { by_prompt: false } });
    await answerAll(first, asks('wine', turn('wine')), asks('bread', turn('bread', 1)));
    expect(line.granted).toEqual(['first', 'wine', 'bread']);
  });

  test('does not go before one who is more urgent, nor one who was moved by hand', async () => {
    const { line, asks, first, answerAll } = await reading(turn('bread'));
    const program = { urgency: () => atClass('normal') };
    await answerAll(first, asks('bread', turn('bread', 1), program), asks('person', turn('wine'), { urgency: () => atClass('interactive') })); // prettier-ignore
    expect(line.granted).toEqual(['first', 'person', 'bread']);

    const again = await reading(turn('bread'));
    const [tea, wine] = [again.asks('tea', turn('tea')), again.asks('wine', turn('wine'), { serves: () => true })];
    again.line.queue.moveUp('wine');
    await again.answerAll(again.first, tea, wine, again.asks('bread', turn('bread', 1)));
    expect(again.line.granted).toEqual(['first', 'wine', 'tea', 'bread']);
  });

  test('goes before at most so many in a row as a batch may have', async () => {
    const { line, asks, first, answerAll } = await reading(turn('bread'), {
      batch: { max_batch_size: 2, batch_timeout_ms: 600_000 },
    });
    const wine = asks('wine', turn('wine'));
    const breads = [1, 2, 3, 4].map((n) => asks(`bread ${n}`, turn('bread', n)));
    await answerAll(first, wine, ...breads);
    expect(line.granted).toEqual(['first', 'bread 1', 'bread 2', 'wine', 'bread 3', 'bread 4']);
  });

  test('holds nobody back for longer than batch.batch_timeout_ms', async () => {
    const { line, asks, first, answerAll } = await reading(turn('bread'), {
      batch: { max_batch_size: 100, batch_timeout_ms: 2000 },
    });
    const wine = asks('wine', turn('wine'));
    const breads = [1, 2, 3, 4].map((n) => asks(`bread ${n}`, turn('bread', n)));
    await answerAll(first, wine, ...breads);
    expect(line.granted).toEqual(['first', 'bread 1', 'bread 2', 'wine', 'bread 3', 'bread 4']);
  });

  test('waits where little would be saved', async () => {
    const short = (name: string): Prompt => new Prompt({ model: 'A', prompt: `${name} `.repeat(50) });
    const { line, asks, first, answerAll } = await reading(short('bread'));
    await answerAll(first, asks('wine', short('wine')), asks('bread', short('bread')));
    expect(line.granted).toEqual(['first', 'wine', 'bread']);
  });
});

test('two places: one goes first whose place would be taken, and no other one', async () => {
  /** Two places, with milk and then bread in them. */
  const twoPlaces = async () => {
    const found = await reading(other('bread'));
    const readings = [other('milk'), other('bread')].map((prompt) => found.line.held.reads('A', prompt));
    for (const one of readings) one.answers();
    for (const one of readings) one.ended();
    return found;
  };
  const one = await twoPlaces();
  await one.answerAll(one.first, one.asks('tea', other('tea')), one.asks('bread', other('bread')));
  expect(one.line.granted).toEqual(['first', 'tea', 'bread']);
  const two = await twoPlaces();
  await two.answerAll(two.first, two.asks('tea', other('tea')), two.asks('milk', other('milk')));
  expect(two.line.granted).toEqual(['first', 'milk', 'tea']);
});

/** Where the prompts of those who wait are taken from: all of one conversation, or of none. */
const anyLine = (prompts: readonly (Prompt | undefined)[]) =>
  fc
    .array(
      fc.record({
        class: fc.constantFrom(...QUEUE_CLASSES),
        priority: fc.constantFrom(-1, 0),
        caller: fc.constantFrom('x', 'y', 'z'),
        runner: fc.constantFrom('A', 'B'),
        since: fc.nat({ max: 200_000 }),
        prompt: fc.constantFrom(...prompts),
      }),
      { maxLength: 12 },
    )
    .map((line) => line.map((each, seq): Waiting => ({ ...each, seq, passedSince: undefined })));

const STATE: PlanState = {
  now: 200_000,
  memory: onlyLast('A'),
  streak: 0,
  lastServed: new Map(),
  agingMs: 60_000,
  maxWaitMs: Infinity,
  maxBatch: 3,
  batchTimeoutMs: 2000,
};

/** What the model has read, and the line with and without regard to that. */
function bothOrders(line: readonly Waiting[], read: Prompt): { readonly by: Waiting[]; readonly without: Waiting[] } {
  const prompts = new HeldPrompts();
  prompts.reads('A', read).answers();
  return { by: planOrder(line, { ...STATE, prompts }), without: planOrder(line, STATE) };
}

test('any line of prompts that have nothing in common has the order that it has without them', () => {
  const unlike = ['tea', 'milk', 'water', 'juice'].map(other);
  fc.assert(
    fc.property(anyLine([...unlike, undefined]), (line) => {
      const distinct = line.filter(({ prompt }, i) => prompt === undefined || line.findIndex((each) => each.prompt === prompt) === i); // prettier-ignore
      const { by, without } = bothOrders(distinct, other('bread'));
      expect(by).toEqual(without);
    }),
  );
});

test('any line: all are in it once, and nobody goes before one who is more urgent', () => {
  const alike = [turn('bread', 1), turn('bread', 2), turn('wine', 1), other('tea'), undefined];
  const level = (each: Waiting): number =>
    levelOf(each) - CLASS_STEP * Math.floor((STATE.now - each.since) / STATE.agingMs);
  fc.assert(
    fc.property(anyLine(alike), (line) => {
      const { by, without } = bothOrders(line, turn('bread'));
      expect(by.toSorted((a, b) => a.seq - b.seq)).toEqual(line);
      expect(by.map(level)).toEqual(without.map(level));
    }),
  );
});

test('one who lets somebody else go first does not go before the one whose turn it is', () => {
  interface Named extends Waiting<Named> {
    readonly name: string;
  }
  const one = { ...atClass('normal'), caller: 'app', runner: 'A', since: STATE.now, passedSince: undefined };
  const due: Named = { ...one, name: 'due', seq: 1, prompt: turn('wine') };
  const goesOn: Named = { ...one, name: 'goes on', seq: 2, prompt: turn('bread', 1) };
  const moved: Named = { ...one, ...atClass('background'), name: 'moved', seq: 3, runner: 'B', movedByHand: true };
  const prompts = new HeldPrompts();
  prompts.reads('A', turn('bread')).answers();
  const order = (...line: readonly Named[]): string[] => planOrder(line, { ...STATE, prompts }).map(({ name }) => name);
  expect(order(due, goesOn)).toEqual(['goes on', 'due']);
  expect(order(due, { ...goesOn, letsFirst: [moved] }, moved)).toEqual(['due', 'moved', 'goes on']);
  expect(order(due, { ...goesOn, letsFirst: [{ ...moved, left: true }] })).toEqual(['goes on', 'due']);
});
