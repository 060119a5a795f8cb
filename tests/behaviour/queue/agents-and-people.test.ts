// The promise: a person who asks while four helpers of a coding agent work waits for one running answer at most, and Ollama
// never has to hold two models that do not fit together.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { queueSchema } from '../../../backend/contract/views/queue-view.ts';
import type { RecordedCall } from '../../support/fake-ollama/fake-ollama.ts';
import { startHearth, type Hearth, type HearthOptions } from '../../support/hearth.ts';
import { deferred, eventually, type Deferred } from '../../support/waiting.ts';

let hearth: Hearth;
/** One for each run of a model, in the order in which they began: it ends when its own is resolved. */
let holds: Deferred<void>[];
let working: Promise<unknown>;
let stopped: boolean;

beforeEach(() => {
  holds = [];
  stopped = false;
});
afterEach(async () => {
  stopped = true;
  for (const { resolve } of holds) resolve();
  await working;
  await hearth.stop();
});

const start = async (options: HearthOptions): Promise<void> => {
  const answer = () => {
    const hold = deferred();
    if (stopped) hold.resolve();
    holds.push(hold);
    return { hold: hold.promise, pieces: ['Yes', '.'] };
  };
  hearth = await startHearth({ ...options, fake: { ...options.fake, answer } });
};

/** Agents bring their tools along: what they ask without any is background work. */
const tools = [{ name: 'read', description: 'Reads a file.', input_schema: { type: 'object', properties: {} } }];

/** Four helpers, each of which asks again as soon as it has its answer, as those of Claude Code do. */
function help(models: readonly [string, string, string, string]): void {
  const headers = { 'user-agent': 'claude-cli/2.1.197 (external, sdk-cli)', 'x-app': 'cli' };
  const helper = async (model: string, name: number): Promise<void> => {
    for (let turn = 0; !stopped; turn++) {
      const messages = [{ role: 'user', content: `helper ${name}, turn ${turn}` }];
      const answer = await hearth.post(
        '/v1/messages',
        { model, max_tokens: 100, stream: true, messages, tools },
        { headers },
      );
      await answer.text();
    }
  };
  working = Promise.all(models.map(helper));
}

/** Asks as a person does. */
async function ask(model: string, content: string): Promise<string> {
  const messages = [{ role: 'user', content: `person: ${content}` }];
  const headers = { 'user-agent': 'Mozilla/5.0' };
  return await (await hearth.post('/api/chat', { model, messages }, { headers })).text();
}

const waits = (route: string): Promise<true> =>
  eventually(`${route} waits`, async () => {
    const { waiting } = queueSchema.parse(await (await hearth.get('/api/chat-queue')).json());
    return waiting.some((entry) => entry.route === route);
  });

const isOfPerson = (call: RecordedCall | undefined): boolean => call?.rawBody.includes('person:') === true;
const begun = (number: number): Promise<void> => hearth.fake.until((fake) => fake.chats().length >= number);

test('a question comes next, whatever the helpers still have to ask', async () => {
  await start({});
  help(['llama3.2', 'llama3.2', 'llama3.2', 'llama3.2']);
  await begun(1);
  for (let round = 0; round < 8; round++) {
    const before = holds.length;
    const answer = ask('llama3.2', `question ${round}`);
    await waits('/api/chat');
    expect(holds.length).toBe(before);
    holds[before - 1]?.resolve();
    await begun(before + 1);
    expect(hearth.fake.chats().map(isOfPerson).at(-1)).toBe(true);
    holds[before]?.resolve();
    expect(await answer).toContain('"done":true');
    // A few turns of the helpers between two questions.
    for (let turn = 0; turn <= round % 3; turn++) {
      const number = holds.length;
      await begun(number);
      holds[number - 1]?.resolve();
      await begun(number + 1);
    }
  }
  expect(hearth.fake.peakOpen).toBe(1);
});

test('with several models and slots, two runners are never outstanding that do not fit together', async () => {
  await start({ fake: { maxLoaded: 1 }, config: { queue: { max_concurrent: 3 }, batch: { max_batch_size: 2 } } });
  const [one, other] = ['llama3.2', 'qwen2.5:0.5b'];
  help([one, other, one, other]);
  await begun(1);
  for (let round = 0; round < 6; round++) {
    let isDone = false;
    const answer = ask(round % 2 === 0 ? one : other, `question ${round}`).finally(() => (isDone = true));
    await eventually('the question is answered', () => {
      for (const { resolve } of holds) resolve();
      return isDone;
    });
    expect(await answer).toContain('"done":true');
  }
  const spans = hearth.fake.calls
    .filter(({ kind }) => kind === 'run' || kind === 'load')
    .map(({ body, startedAt, endedAt = Infinity }) => ({
      model: String(body?.['model']).replace(/:latest$/, ''),
      startedAt,
      endedAt,
    }));
  const beside = spans.flatMap((a) =>
    spans.filter((b) => a.model !== b.model && a.startedAt <= b.startedAt && b.startedAt < a.endedAt),
  );
  expect(beside).toEqual([]);
  expect(new Set(spans.map(({ model }) => model)).size).toBeGreaterThan(1);
});
