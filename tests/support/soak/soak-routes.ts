// The routes of the soak: how each one puts a question, and how its answer is read. One reading for all of them.
import type { Said, Spoken, ToolUse } from './model.ts';
import type { Reply } from './send.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A question to a model that writes. */
export interface Wish {
  readonly said: Said;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream: boolean;
}

/** What an answer said, in no dialect. */
export interface Reading extends Spoken {
  /**
   * `whole`: it says that it is. `open`: it came to an end without saying so. `cut`: it broke off, or there was none.
   * Else the sentence of its failure.
   */
  readonly end: 'whole' | 'open' | 'cut' | { readonly failure: string };
}

export interface Route {
  readonly path: string;
  readonly form: Said['form'];
  /** Whether it can say so. */
  readonly thinks: boolean;
  readonly tools: boolean;
  /** Whether it can; where it is not said, it can. */
  readonly seeds?: false;
  /** Handed on as it is, in its turn: seen by no cache. */
  readonly handedOn?: true;
  body(wish: Wish): Fields;
  /** What one object of the answer adds: the whole of it, or a piece of a stream. */
  read(piece: Piece): Partial<Spoken> & { readonly done?: boolean };
}

/** Loosely, as all dialects have it: each route reads its own fields. */
interface Piece {
  readonly content?: string | readonly Block[];
  readonly thinking?: string;
  readonly response?: string;
  readonly message?: { readonly content?: string; readonly thinking?: string; readonly tool_calls?: readonly Called[] };
  readonly tool_calls?: readonly Called[];
  readonly done?: boolean;
  readonly done_reason?: string;
  readonly error?: unknown;
  readonly choices?: readonly Choice[];
  readonly type?: string;
  readonly stop_reason?: string;
  /** A text in OpenAI's Responses. */
  readonly delta?: string | { readonly text?: string; readonly thinking?: string; readonly partial_json?: string };
  readonly object?: string;
  readonly status?: string;
  readonly output?: readonly Item[];
}

interface Item {
  readonly type: string;
  readonly content?: readonly Block[];
  readonly summary?: readonly Block[];
}

interface Called {
  readonly function: ToolUse;
}

interface Choice {
  readonly text?: string;
  readonly message?: Delta;
  readonly delta?: Delta;
  readonly finish_reason: string | null;
}

interface Delta {
  readonly content?: string;
  readonly reasoning?: string;
  readonly tool_calls?: readonly Called[];
}

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly name?: string;
  readonly input?: unknown;
}

const LOOK = { name: 'look', description: 'Looks.', parameters: { type: 'object', properties: {} } };
const TOOLS = [{ type: 'function', function: LOOK }];
/** Answers that are kept on every route. A seed changes nothing at temperature 0. */
const chanceOf = (seed: number | undefined): Fields =>
  seed === undefined ? { temperature: 0 } : { temperature: 1, seed };
const native = ({ thinks, tools, seed }: Said): Fields => ({
  ...(thinks && { think: true }),
  ...(tools && { tools: TOOLS }),
  options: chanceOf(seed),
});
const openai = ({ thinks, tools, seed }: Said): Fields => ({
  ...chanceOf(seed),
  ...(thinks && { reasoning_effort: 'high' }),
  ...(tools && { tools: TOOLS }),
});
const used = (calls: readonly Called[] = []): ToolUse[] =>
  calls.map(({ function: { name, arguments: given } }) => ({
    name,
    arguments: typeof given === 'string' ? (JSON.parse(given) as unknown) : given,
  }));

const own: Pick<Route, 'form' | 'thinks' | 'tools' | 'body' | 'read'> = {
  form: 'chat',
  thinks: true,
  tools: true,
  body: ({ said, messages, stream }) => ({ model: said.model, messages, stream, ...native(said) }),
  read: ({ content, thinking = '', message, tool_calls: calls, done, done_reason: reason }) => ({
    content: message?.content ?? (typeof content === 'string' ? content : ''),
    thinking: message?.thinking ?? thinking,
    calls: used(message?.tool_calls ?? calls),
    // Hearth's own routes say of an answer that Ollama left without an end that it is incomplete.
    done: reason !== 'incomplete' && (done ?? reason !== undefined),
  }),
};

export const OWN: Route = { ...own, path: '/api/chat-optimized' };

const MESSAGES: Route = {
  path: '/v1/messages',
  form: 'chat',
  thinks: true,
  tools: true,
  seeds: false,
  body: ({ said, messages, stream }) => ({
    model: said.model,
    max_tokens: 5000,
    temperature: 0,
    messages,
    stream,
    ...(said.thinks && { thinking: { type: 'enabled', budget_tokens: 1024 } }),
    ...(said.tools && { tools: [{ name: LOOK.name, input_schema: LOOK.parameters }] }),
  }),
  read: ({ type, content, delta: added, stop_reason: stopped }) => {
    const delta = typeof added === 'object' ? added : undefined;
    const blocks = Array.isArray(content) ? (content as readonly Block[]) : [];
    const texts = (kind: 'text' | 'thinking'): string => blocks.map((each) => each[kind] ?? '').join('');
    const calls = blocks.filter((each) => each.type === 'tool_use');
    return {
      content: texts('text') + (delta?.text ?? ''),
      thinking: texts('thinking') + (delta?.thinking ?? ''),
      calls: [
        ...calls.map(({ name = '', input }) => ({ name, arguments: input })),
        ...(delta?.partial_json === undefined
          ? []
          : [{ name: LOOK.name, arguments: JSON.parse(delta.partial_json) as unknown }]),
      ],
      done: (type === 'message' && stopped !== undefined) || type === 'message_stop',
    };
  },
};

/** With a search of the web among its tools, which no model here calls, only Ollama can do it. */
const SEARCHING: Route = {
  ...MESSAGES,
  handedOn: true,
  tools: false,
  body: (wish) => ({ ...MESSAGES.body(wish), tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
};

export const ROUTES: readonly Route[] = [
  OWN,
  { ...own, path: '/api/chat' },
  {
    path: '/api/generate',
    form: 'generate',
    thinks: true,
    tools: false,
    body: ({ said, messages, stream }) => ({
      model: said.model,
      prompt: messages.at(-1)?.content,
      system: messages.find(({ role }) => role === 'system')?.content ?? '',
      stream,
      ...native(said),
    }),
    read: ({ response = '', thinking = '', done = false }) => ({ content: response, thinking, done }),
  },
  {
    path: '/v1/chat/completions',
    form: 'chat',
    thinks: true,
    tools: true,
    body: ({ said, messages, stream }) => ({ model: said.model, messages, stream, ...openai(said) }),
    read: ({ choices: [choice] = [] }) => {
      const { content = '', reasoning = '', tool_calls: calls } = choice?.delta ?? choice?.message ?? {};
      return { content, thinking: reasoning, calls: used(calls), done: (choice?.finish_reason ?? null) !== null };
    },
  },
  {
    path: '/v1/completions',
    form: 'generate',
    thinks: false,
    tools: false,
    body: ({ said, messages, stream }) => ({
      model: said.model,
      prompt: messages.at(-1)?.content,
      stream,
      ...openai(said),
    }),
    read: ({ choices: [choice] = [] }) => ({
      content: choice?.text ?? '',
      done: (choice?.finish_reason ?? null) !== null,
    }),
  },
  MESSAGES,
  SEARCHING,
  {
    path: '/v1/responses',
    form: 'chat',
    thinks: true,
    // Ollama leaves the text out of a whole answer that calls tools.
    tools: false,
    seeds: false,
    body: ({ said, messages, stream }) => ({
      model: said.model,
      input: messages,
      temperature: 0,
      stream,
      ...(said.thinks && { reasoning: { effort: 'high' } }),
    }),
    read: ({ type = '', delta, object, status, output = [] }) => {
      const said = (kind: string): string => (type === kind && typeof delta === 'string' ? delta : '');
      const texts = (blocks: readonly Block[] = []): string => blocks.map(({ text = '' }) => text).join('');
      return {
        content: said('response.output_text.delta') + output.map((item) => texts(item.content)).join(''),
        thinking: said('response.reasoning_summary_text.delta') + output.map((item) => texts(item.summary)).join(''),
        done: type === 'response.completed' || (object === 'response' && status === 'completed'),
      };
    },
  },
];

/** The sentence of a failure in any dialect; undefined where there is none. */
export function failureIn(piece: Fields): string | undefined {
  const { error } = piece;
  if (typeof error === 'string') return error;
  const inside: unknown = (Object(error) as Fields)['message'];
  return typeof inside === 'string' ? inside : undefined;
}

/** All objects of an answer, however they are framed. A last line that is not whole is left out; another throws. */
export function objectsIn({ text, complete, headers }: Reply): readonly Fields[] {
  const type = String(headers['content-type'] ?? '');
  if (/event-stream|ndjson/.test(type)) {
    const lines = text.split('\n');
    if (!complete) lines.pop();
    return lines
      .map((line) => line.replace(/^data: /, ''))
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Fields);
  }
  return complete && text.trim() !== '' ? [JSON.parse(text) as Fields] : [];
}

/** Reads an answer. Throws what is not in the form of its dialect. */
export function reading(route: Pick<Route, 'read'>, reply: Reply): Reading {
  const objects = objectsIn(reply);
  const parts = objects.map((each) => route.read(each));
  const failure = objects.map(failureIn).find((each) => each !== undefined);
  const done = parts.filter((part) => part.done === true).length;
  if (done > 1) throw new Error('it ended twice');
  return {
    content: parts.map(({ content = '' }) => content).join(''),
    thinking: parts.map(({ thinking = '' }) => thinking).join(''),
    calls: parts.flatMap(({ calls = [] }) => calls),
    end: failure !== undefined ? { failure } : done === 1 ? 'whole' : reply.complete ? 'open' : 'cut',
  };
}
