// What the simulated Ollama of the soak says. Each answer is a function of all that was asked, so that one that reached
// somebody else, or is put together of two, is seen. A question's text also says what goes wrong with it.
import type { FakeModel, RecordedCall, Scripted, ScriptedPiece } from '../fake-ollama/fake-ollama.ts';
import { vector, words } from '../fake-ollama/fake-text.ts';
import { hash } from './random.ts';

const TALKS = ['completion', 'tools', 'thinking'];
export const CHAT_MODELS = ['llama3.2:latest', 'deepseek-r1:8b', 'qwen2.5:0.5b'] as const;
/** By the length of their vectors, so that those of one are never those of the other. */
export const EMBEDDING_MODELS = { 'nomic-embed-text:latest': 8, 'all-minilm:latest': 12 } as const;
export type EmbeddingModel = keyof typeof EMBEDDING_MODELS;

export const MODELS: readonly FakeModel[] = [
  ...CHAT_MODELS.map((name) => ({ name, capabilities: TALKS, loadMs: 2 })),
  ...Object.entries(EMBEDDING_MODELS).map(([name, length]) => ({
    name,
    capabilities: ['embedding'],
    details: { embedding_length: length },
  })),
];

/** All that an answer depends on. */
export interface Said {
  readonly form: 'chat' | 'generate';
  /** With its tag. */
  readonly model: string;
  /** Each with its role before it. */
  readonly texts: readonly string[];
  readonly thinks: boolean;
  readonly tools: boolean;
  readonly seed: number | undefined;
}

export interface ToolUse {
  readonly name: string;
  readonly arguments: unknown;
}

export interface Spoken {
  readonly thinking: string;
  readonly content: string;
  readonly calls: readonly ToolUse[];
}

interface Trouble {
  /** Of each 1,000 questions. */
  readonly share: number;
  readonly script: (number: number) => Scripted;
  /** What the failure says, in every dialect; absent: it ends well. */
  readonly says?: (number: number) => RegExp;
}

/** Pieces after which an answer ends without saying so. */
const UNFINISHED_AFTER = 5;

const never = new Promise<never>(() => undefined);
const exactly = (text: string, number: number): RegExp => new RegExp(`${text} ${number}\\.`);

/** What goes wrong, or is odd, by its name in the question. */
export const TROUBLES = {
  /** Each piece leaves by itself. */
  fine: { share: 262, script: () => ({}) },
  slow: { share: 50, script: () => ({ firstPieceMs: 8, pieceMs: 4 }) },
  sliced: { share: 40, script: () => ({ chunkBytes: 61 }) },
  atonce: { share: 530, script: () => ({ pieceMs: -1 }) },
  long: { share: 10, script: () => ({}) },
  refused: {
    share: 20,
    script: (number) => ({ fail: { status: 400, error: `soak refused ${number}.` } }),
    says: (number) => exactly('soak refused', number),
  },
  failed: {
    share: 20,
    script: (number) => ({ fail: { status: 500, error: `soak failed ${number}.` } }),
    says: (number) => exactly('soak failed', number),
  },
  broken: {
    share: 20,
    script: (number) => ({ failAfter: { pieces: 3, error: `soak broke ${number}.` } }),
    says: (number) => exactly('soak broke', number),
  },
  cut: { share: 16, script: () => ({ cutAfter: 4 }), says: () => /closed the connection/ },
  unfinished: { share: 14, script: () => ({ endWithoutDone: true }) },
  malformed: { share: 15, script: () => ({ malformedAfter: 3 }), says: () => /Ollama sent/ },
  silent: { share: 2, script: () => ({ silent: true }), says: () => /sent nothing for/ },
  stuck: {
    share: 1,
    script: () => ({ pauseAfter: { pieces: 2, until: never } }),
    says: () => /stopped in the middle for/,
  },
} as const satisfies Readonly<Record<string, Trouble>>;
export type TroubleName = keyof typeof TROUBLES;

const NAMES = Object.keys(TROUBLES) as TroubleName[];
const ALL = NAMES.reduce((sum, name) => sum + TROUBLES[name].share, 0);

/** The question of a number: always the same text, with the same trouble. */
export function question(number: number): string {
  let left = hash(`trouble of ${number}`) % ALL;
  const name = NAMES.find((each) => (left -= TROUBLES[each].share) < 0) ?? 'fine';
  return `#${number} ${name}: 灯 in window ${hash(String(number)) % 97} 👩‍👩‍👧`;
}

/** Number and trouble of a question's text. */
export function about(text: string): { readonly number: number; readonly trouble: TroubleName } {
  const [, number, name] = /^#(\d+) (\w+):/.exec(text) ?? [];
  return { number: Number(number ?? -1), trouble: NAMES.find((each) => each === name) ?? 'fine' };
}

/** The failure that a question ends with; undefined when it ends well. */
export function failureOf(text: string): RegExp | undefined {
  const { number, trouble } = about(text);
  const { says }: Trouble = TROUBLES[trouble];
  return says?.(number);
}

const VOCABULARY =
  'ember kettle 雪 window garden río stone naïve lantern 🧡 winter bread <b> story "keeps" \\light'.split(' ');

function piecesOf(said: Said): readonly ScriptedPiece[] {
  const key = hash(JSON.stringify(said));
  const mark = key.toString(36);
  const last = said.texts.at(-1) ?? '';
  const { trouble } = about(last.replace(/^\w+: /, ''));
  const [count, size] = trouble === 'long' ? [40, 500] : [1 + (key % 8), 1];
  const content = Array.from({ length: count }, (_, i) => {
    const word = VOCABULARY[hash(`${mark} ${i}`) % VOCABULARY.length] ?? '';
    return ` ${`${word}${i}`.repeat(size)}`;
  });
  const pieces = [
    ...(said.thinks ? words(`Thinking ${mark} over.`).map((thinking) => ({ thinking })) : []),
    ...words(`${said.model} ${mark} on ${last}`),
    ...content,
    ...(said.tools ? [{ tool_calls: [{ function: { name: 'look', arguments: { mark, at: last } } }] }] : []),
  ];
  return trouble === 'unfinished' ? pieces.slice(0, UNFINISHED_AFTER) : pieces;
}

/** What the model says to it. */
export function spoken(said: Said): Spoken {
  const all = piecesOf(said).map((piece) => (typeof piece === 'string' ? { content: piece } : piece));
  return {
    thinking: all.map(({ thinking = '' }) => thinking).join(''),
    content: all.map(({ content = '' }) => content).join(''),
    calls: all.flatMap(({ tool_calls: calls = [] }) => calls.map((call) => (call as { function: ToolUse }).function)),
  };
}

/** The vector of a text, as `/api/embed` gives it or, not normalised, `/api/embeddings`. */
export const vectorOf = (text: string, model: EmbeddingModel, normalised: boolean): readonly number[] =>
  vector(text, EMBEDDING_MODELS[model], normalised);

interface Body {
  readonly model?: string;
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly prompt?: string;
  readonly system?: string;
  readonly think?: unknown;
  /** Anthropic's. */
  readonly thinking?: { readonly type?: string };
  /** Of OpenAI's Responses, as `input` may be. */
  readonly reasoning?: { readonly effort?: string };
  readonly tools?: readonly { readonly name?: string }[];
  readonly options?: { readonly seed?: number };
  readonly input?: string | readonly string[];
}

/** The script of a call, made of nothing but its body. */
export function scriptOf(call: RecordedCall): Scripted {
  const body = (call.body ?? {}) as Body;
  if (call.kind === 'embed') {
    const bad = [body.input ?? body.prompt ?? []].flat().find((text) => about(text).trouble === 'refused');
    return bad === undefined ? {} : TROUBLES.refused.script(about(bad).number);
  }
  const { model = '', prompt = '', system = '', think, thinking, reasoning, tools = [], options } = body;
  const { input } = body;
  const messages = typeof input === 'string' ? [{ role: 'user', content: input }] : body.messages;
  const texts = messages?.map(({ role, content }) => `${role}: ${content}`) ?? [
    ...(system === '' ? [] : [`system: ${system}`]),
    `user: ${prompt}`,
  ];
  const said: Said = {
    form: messages === undefined ? 'generate' : 'chat',
    model: model.includes(':') ? model : `${model}:latest`,
    texts,
    thinks: Boolean(think) || thinking?.type === 'enabled' || reasoning !== undefined,
    tools: tools.some(({ name }) => name !== 'web_search'),
    seed: options?.seed,
  };
  const { number, trouble } = about(messages?.at(-1)?.content ?? prompt);
  return { ...TROUBLES[trouble].script(number), pieces: piecesOf(said) };
}
