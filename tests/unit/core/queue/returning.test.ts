// An agent that goes on within moments is waited for where its prompt would have to be read again: never past the bound, never without
// having been seen to come back, and never where the wait would cost more than it saves.
import { expect, test } from 'vitest';
import type { QueueClass } from '../../../../backend/contract/chat/chat-request.ts';
import { Prompt } from '../../../../backend/core/prompts/read-once.ts';
import type { LeaseWish } from '../../../../backend/core/queue/waiter.ts';
import { QueueHarness, type Asker } from '../../../support/queue-harness.ts';

const turn = (of: string, number = 0): Prompt =>
  new Prompt({ model: 'A', prompt: `${of}: `.repeat(8000) + 'and then? '.repeat(number) });
const at = (of: QueueClass): Partial<LeaseWish> => ({
  urgency: () => ({ class: of, classBy: 'default', priority: 0 }),
});

interface Stage {
  readonly settings?: ConstructorParameters<typeof QueueHarness>[0];
  /** Milliseconds after which the agent has gone on so far. */
  readonly gaps?: readonly number[];
  /** For each character. */
  readonly readMs?: number | null;
  readonly agent?: Partial<LeaseWish>;
}

/** An agent that has gone on so often, and whose last answer has just ended. */
async function afterTurns({ settings = {}, gaps = [500, 500, 500], readMs = 0.25, agent = {} }: Stage = {}) {
  const line = new QueueHarness(settings);
  line.resident.add('A');
  line.readMs = (_model, chars) => (readMs === null ? undefined : readMs * chars);
  const run = async (asker: Asker, prompt: Prompt): Promise<void> => {
    await line.settle();
    const reading = line.held.reads('A', prompt);
    reading.answers();
    reading.ended();
    asker.release();
    await line.settle();
  };
  const ask = (name: string, prompt: Prompt, over: Partial<LeaseWish> = {}): Asker =>
    line.enter('A', { name, caller: name, prompt, ...over });
  for (const [i, gap] of [...gaps, 0].entries()) {
    await run(ask('agent', turn('agent', i), agent), turn('agent', i));
    await line.clock.advance(gap);
  }
  line.granted.length = 0;
  const next = (): Asker => ask('agent', turn('agent', gaps.length + 1), agent);
  return { line, run, ask, next };
}

test('who comes when an agent should go on lets its next turn go first, and goes then', async () => {
  const { line, run, ask, next } = await afterTurns();
  ask('other', turn('other'));
  await line.clock.advance(400);
  expect(line.granted).toEqual([]);
  const agent = next();
  await line.settle();
  expect(line.granted).toEqual(['agent']);
  await line.clock.advance(1700);
  await run(agent, turn('agent', 4));
  expect(line.granted).toEqual(['agent', 'other']);
});

test('an agent that does not come is waited for no longer than it took before', async () => {
  const { line, ask } = await afterTurns({ gaps: [300, 900, 600] });
  ask('other', turn('other'));
  await line.clock.advance(1099);
  expect(line.granted).toEqual([]);
  await line.clock.advance(1);
  expect(line.granted).toEqual(['other']);
});

test('nobody is held back past batch.batch_timeout_ms, however often the agent goes on', async () => {
  const { line, run, ask, next } = await afterTurns({
    settings: { batch: { batch_timeout_ms: 2000, max_batch_size: 100 } },
  });
  ask('other', turn('other'));
  for (let turns = 0; turns < 3; turns++) {
    await line.clock.advance(400);
    const agent = next();
    await line.clock.advance(300);
    expect(line.granted.at(-1)).toBe('agent');
    await run(agent, turn('agent', 4));
  }
  // It came 2,100 ms ago.
  expect(line.granted).toEqual(['agent', 'agent', 'agent', 'other']);
});

test.each<{ that: string; stage: Stage; over?: Partial<LeaseWish>; prompt?: Prompt }>([
  { that: 'was not seen to go on so often', stage: { gaps: [500, 500] } },
  { that: 'takes longer', stage: { gaps: [3000, 3000, 3000] } },
  { that: 'would be read again sooner than it comes', stage: { readMs: 0.001 } },
  { that: 'is read at a pace that nobody knows', stage: { readMs: null } },
  { that: 'is less urgent', stage: { agent: at('normal') }, over: at('interactive') },
  { that: 'would lose nothing', stage: {}, prompt: turn('agent', 2) },
  { that: 'has a setting against it', stage: { settings: { queue: { by_prompt: false } } } },
  { that: 'leaves another slot', stage: { settings: { queue: { max_concurrent: 2 } } } },
  { that: 'may hold back nobody', stage: { settings: { batch: { batch_timeout_ms: 0 } } } },
])('an agent is not waited for that $that', async ({ stage, over = {}, prompt = turn('other') }) => {
  const { line, ask } = await afterTurns(stage);
  ask('other', prompt, over);
  await line.settle();
  expect(line.granted).toEqual(['other']);
});

test('a vector does not wait for an agent, and who was moved by hand does not either', async () => {
  const { line, ask } = await afterTurns();
  ask('other', turn('other'));
  line.enter('A', { name: 'embed', lane: 'embed' });
  await line.settle();
  expect(line.granted).toEqual(['embed']);
  ask('third', turn('third'), { serves: (flight) => flight === 'third' });
  line.queue.moveUp('third');
  await line.settle();
  expect(line.granted).toEqual(['embed', 'third']);
});
