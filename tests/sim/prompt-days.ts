// Days of prompts, made of what apps were seen to send (tests/data/traffic): Claude Code with the check digits at its head, alone and
// in two windows, and Open WebUI with a clock in its system prompt. The recorded texts have only their length; they are filled
// with words, the same ones for a seed.
import type { Facts } from '../../backend/core/queue/classes.ts';
import { classOf } from '../../backend/core/queue/classes.ts';
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { UpstreamRequest } from '../../backend/core/ports.ts';
import { Chance } from '../support/soak/random.ts';
import { sentBy, type Sent } from '../support/traffic.ts';
import { skewed } from './days.ts';

/** One request, and what will be answered. */
export interface PromptAsk {
  readonly caller: string;
  readonly class: QueueClass;
  readonly request: UpstreamRequest;
  readonly answer: string;
}

export interface PromptWorld {
  /** Milliseconds since the day began. */
  now(): number;
  /** Resolves when it was answered. */
  ask(ask: PromptAsk): Promise<void>;
  wait(ms: number): Promise<void>;
}

export type PromptSession = (world: PromptWorld) => Promise<void>;

interface Said {
  readonly role: string;
  readonly content: string;
}

const SECOND = 1000;
const WORDS =
  'the file has a test that reads each line of it and says what is so when the last one was not there yet'.split(' ');

/** So many characters of words. */
function filled(chance: Chance, chars: number): string {
  let text = '';
  while (text.length < chars) text += `${chance.of(WORDS)} `;
  return text.slice(0, chars);
}

/** A recorded value with words in place of the lengths that stand for them; lists have as many members as they had. */
function whole(chance: Chance, value: unknown): unknown {
  if (typeof value === 'string') {
    return value.replace(/<?(?:… )?text, (\d+) characters>/, (_, chars: string) => filled(chance, Number(chars)));
  }
  if (Array.isArray(value)) return value.map((each) => whole(chance, each));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, whole(chance, each)]));
}

function recorded(
  app: string,
  path: string,
  with_: string,
): Sent & { readonly body: Readonly<Record<string, unknown>> } {
  const found = sentBy(app).find(
    ({ url, body }) => url.startsWith(path) && typeof body !== 'string' && body[with_] !== undefined,
  );
  if (found === undefined || typeof found.body === 'string') throw new Error(`${app} was not seen to send ${path}.`);
  return { ...found, body: found.body };
}

function asked(
  app: string,
  { headers }: Sent,
  request: UpstreamRequest,
  path: string,
): Pick<PromptAsk, 'caller' | 'class'> {
  const said = (request['messages'] as readonly Said[]).find(({ role }) => role !== 'system');
  const facts: Facts = {
    header: (name) => headers[name],
    path,
    model: request.model,
    stream: request['stream'] === true,
    tools: Array.isArray(request['tools']) && request['tools'].length > 0,
    maxTokens: undefined,
    prompt: () => said?.content ?? '',
  };
  return { caller: app, class: classOf(facts, []).class };
}

const textOfBlocks = (blocks: unknown): string =>
  Array.isArray(blocks) ? (blocks as readonly { text: string }[]).map(({ text }) => text).join('\n') : String(blocks);

/** Claude Code in one window: its instructions and tools, and turns in which it reads files; at times with helpers of its own. */
function claudeCode(
  seed: number,
  { turns, helpers, of }: { turns: number; helpers: number; of: string },
): PromptSession {
  const sent = recorded('claude-code', '/v1/messages', 'tools');
  // What it says of itself is the same in each window of one version.
  const body = whole(new Chance(7), sent.body) as {
    readonly system: unknown;
    readonly tools: readonly Record<string, unknown>[];
  };
  const tools = body.tools.flatMap((tool, i) => [
    tool,
    { ...tool, name: `${String(tool['name'])}Again${i}` },
    { ...tool, name: `${String(tool['name'])}Once${i}` },
  ]);
  const chance = new Chance(seed);
  const digits = (from: Chance, count: number): string =>
    from
      .below(16 ** count)
      .toString(16)
      .padStart(count, '0');
  const check = digits(chance, 3);
  const instructions = textOfBlocks(body.system).slice(75);
  const ask = (from: Chance, messages: readonly Said[], answer: string, withTools = true): PromptAsk => {
    const head = `x-anthropic-billing-header: cc_version=2.1.197.${check}; cc_entrypoint=cli; cch=${digits(from, 5)};`;
    const system = {
      role: 'system',
      content: `${head}\n${withTools ? instructions : 'Write a title for this conversation.'}`,
    };
    const request = { model: 'm', messages: [system, ...messages], stream: true, ...(withTools ? { tools } : {}) };
    return { ...asked(`Claude Code`, sent, request, '/v1/messages'), request, answer };
  };
  /** One conversation: each turn goes on with all that was said. */
  const work = async (world: PromptWorld, from: Chance, count: number, task: string): Promise<void> => {
    const messages: Said[] = [{ role: 'user', content: `${of}: ${task}` }];
    for (let turn = 0; turn < count; turn++) {
      const answer = filled(from, Math.round(skewed(from, 100, 800)));
      await world.ask(ask(from, messages, answer));
      // Tools are at work.
      await world.wait(skewed(from, 200, 6 * SECOND));
      messages.push(
        { role: 'assistant', content: answer },
        { role: 'tool', content: filled(from, Math.round(skewed(from, 400, 6000))) },
      );
    }
  };
  return async (world) => {
    await world.wait(chance.below(20 * SECOND));
    const task = filled(chance, 306);
    const title = world.ask(ask(new Chance(seed + 1), [{ role: 'user', content: task }], 'Reading a file', false));
    const heads = Array.from({ length: helpers }, (_, i) =>
      work(world, new Chance(seed + 10 + i), Math.ceil(turns / 2), filled(new Chance(seed + 20 + i), 600)),
    );
    await Promise.all([title, work(world, chance, turns, task), ...heads]);
  };
}

/** Somebody who talks to Open WebUI, whose system prompt says what time it is, with its titles and follow-ups. */
function openWebUi(seed: number, turns: number): PromptSession {
  const sent = recorded('open-webui', '/api/chat', 'tools');
  const tools = (whole(new Chance(8), sent.body) as { readonly tools: unknown })['tools'];
  const chance = new Chance(seed);
  const told = filled(new Chance(9), 2500);
  return async (world) => {
    await world.wait(chance.below(60 * SECOND));
    const said: Said[] = [];
    const open: Promise<void>[] = [];
    for (let turn = 0; turn < turns; turn++) {
      said.push({ role: 'user', content: filled(chance, Math.round(skewed(chance, 40, 600))) });
      const clock = new Date(Date.UTC(2026, 0, 15, 9) + world.now()).toISOString().slice(0, 16).replace('T', ' ');
      const system = { role: 'system', content: `Current date and time: ${clock}\n${told}` };
      const request = { model: 'm', messages: [system, ...said], tools, stream: true };
      const answer = filled(chance, Math.round(skewed(chance, 300, 2400)));
      await world.ask({ ...asked(`Open WebUI ${seed}`, sent, request, '/api/chat'), request, answer });
      said.push({ role: 'assistant', content: answer });
      const history = said.map(({ role, content }) => `${role}: ${content}`).join('\n');
      const task = {
        model: 'm',
        messages: [{ role: 'user', content: `### Task:\nSuggest follow-ups.\n${history}` }],
        stream: false,
      };
      open.push(
        world.ask({
          ...asked(`Open WebUI ${seed}`, sent, task, '/api/chat'),
          request: task,
          answer: filled(chance, 120),
        }),
      );
      await world.wait(skewed(chance, 5 * SECOND, 60 * SECOND));
    }
    await Promise.all(open);
  };
}

/** A program that asks several things about each of its documents, all at once. */
function reader(seed: number, documents: number): PromptSession {
  const sent = recorded('python-sdks', '/api/chat', 'messages');
  const chance = new Chance(seed);
  return async (world) => {
    for (let n = 0; n < documents; n++) {
      const document = filled(chance, 16_000);
      const ask = (question: number): Promise<void> => {
        const said = { role: 'user', content: `${document}\nQuestion ${question}: ${filled(chance, 100)}` };
        const request = { model: 'm', messages: [said], stream: false };
        return world.ask({
          ...asked(`program ${seed}`, sent, request, '/api/chat'),
          request,
          answer: filled(chance, 300),
        });
      };
      await Promise.all([1, 2, 3, 4].map(ask));
      await world.wait(chance.below(SECOND));
    }
  };
}

export interface PromptDay {
  readonly name: string;
  sessions(seed: number): readonly PromptSession[];
}

const TURNS = 12;

export const PROMPT_DAYS: readonly PromptDay[] = [
  { name: 'Claude Code', sessions: (seed) => [claudeCode(seed, { turns: 2 * TURNS, helpers: 0, of: 'one' })] },
  {
    name: 'Claude Code in two windows',
    sessions: (seed) => ['one', 'two'].map((of, i) => claudeCode(seed + 100 * i, { turns: TURNS, helpers: 0, of })),
  },
  { name: 'Open WebUI, three people', sessions: (seed) => [0, 1, 2].map((i) => openWebUi(seed + i, TURNS)) },
  {
    name: 'Claude Code beside Open WebUI',
    sessions: (seed) => [claudeCode(seed, { turns: TURNS, helpers: 0, of: 'one' }), openWebUi(seed + 1, TURNS)],
  },
  { name: 'two programs with documents', sessions: (seed) => [reader(seed, TURNS / 2), reader(seed + 1, TURNS / 2)] },
];
