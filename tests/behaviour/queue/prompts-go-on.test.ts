// The promise: of two who are equally urgent the one goes first whose prompt goes on with what the model has just read, and both
// can see why. The prompts are as agents send them: they begin alike, and part in their own conversation.
import { afterEach, expect, test } from 'vitest';
import { queueSchema, type QueueEntry } from '../../../backend/contract/views/queue-view.ts';
import { startHearth, type Hearth } from '../../support/hearth.ts';
import { eventually } from '../../support/waiting.ts';

let hearth: Hearth;
afterEach(() => hearth.stop());

const TOOLS = 'The tools of the agent, each with its parameters. '.repeat(60);

function ask(task: string, ...then: readonly string[]): Promise<Response> {
  const said = [task.repeat(300), ...then].map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
  const messages = [{ role: 'system', content: TOOLS }, ...said];
  return hearth.post('/api/chat', { model: 'llama3.2', messages, stream: false });
}

async function waiting(count: number): Promise<readonly QueueEntry[]> {
  return eventually(`${count} wait`, async () => {
    const { waiting } = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
    return waiting.length === count && waiting;
  });
}

/** What was asked of the model, in this order. */
const sent = (): string[] =>
  hearth.fake
    .chats()
    .map(({ rawBody }) => `${/bread|wine/.exec(rawBody)?.[0]} ${rawBody.includes('And then') ? 2 : 1}`);

test('the next turn of a conversation goes before another one that came sooner, and says why', async () => {
  hearth = await startHearth();
  const gate = hearth.fake.gate();
  const first = ask('bread ');
  await hearth.fake.until(({ active }) => active === 1);
  const wine = ask('wine ');
  await waiting(1);
  const bread = ask('bread ', 'It rises.', 'And then?');
  const line = await waiting(2);
  expect(line.map(({ goes_on }) => goes_on)).toEqual([true, undefined]);
  gate.release();
  for (const answer of await Promise.all([first, wine, bread])) expect(answer.status).toBe(200);
  expect(sent()).toEqual(['bread 1', 'bread 2', 'wine 1']);
});

test('with queue.by_prompt = false they go in the order in which they came', async () => {
  hearth = await startHearth({ config: { queue: { by_prompt: false } } });
  const gate = hearth.fake.gate();
  const first = ask('bread ');
  await hearth.fake.until(({ active }) => active === 1);
  const wine = ask('wine ');
  await waiting(1);
  const bread = ask('bread ', 'It rises.', 'And then?');
  await waiting(2);
  gate.release();
  await Promise.all([first, wine, bread]);
  expect(sent()).toEqual(['bread 1', 'wine 1', 'bread 2']);
});
