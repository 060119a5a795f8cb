// A prompt in the form in which a model reads it: its parts in order, each with a display name. All dialects become
// requests of Ollama, so this is done once. How a model's template joins the parts is unknown here; most write a system
// prompt first and the tools after it. Pure.
import { hash } from 'node:crypto';
import { anyJson } from '../../contract/go/exact-json.ts';
import type { UpstreamRequest } from '../ports.ts';

export interface Part {
  /** The display name: "the system prompt", "message 3", "the tools". */
  readonly name: string;
  /** Its properties besides text: the role, and the hashes of its images. */
  readonly kind: string;
  readonly text: string;
  readonly images: number;
}

/** A message, or the request itself when it has no messages. */
type Said = Readonly<Record<string, unknown>>;

/** Roles whose messages are instructions where they come first: `developer` is what OpenAI calls the system's now. */
export const INSTRUCTING: ReadonlySet<unknown> = new Set(['system', 'developer']);

/**
 * The parts that a request of /api/chat or /api/generate makes the model read. Messages are counted from 1, in order.
 */
export function promptOf(request: UpstreamRequest): readonly Part[] {
  const { template, system, tools, messages, context, prompt, suffix, raw } = request;
  const said: readonly unknown[] = Array.isArray(messages) ? messages : [];
  const leading = said.findIndex((message) => !isTable(message) || !INSTRUCTING.has(message['role']));
  const systems = leading === -1 ? said.length : leading;
  return [
    ...textPart('the template', template),
    ...textPart('the system prompt', system),
    ...said.slice(0, systems).map((message) => messagePart('the system prompt', message)),
    ...(Array.isArray(tools) ? tools.map((tool: unknown) => textOf('the tools', anyJson(tool))) : []),
    ...said.slice(systems).map((message, i) => messagePart(`message ${systems + i + 1}`, message)),
    ...(Array.isArray(context) ? [textOf('the context of the answer before', context.join(' '))] : []),
    ...promptPart({ prompt, images: request['images'], raw }),
    ...textPart('the suffix', suffix),
  ];
}

function promptPart({ prompt, images, raw }: Said): readonly Part[] {
  const pictures = hashesOf(images);
  if (typeof prompt !== 'string' || (prompt === '' && pictures.length === 0)) return [];
  const kind = [...(raw === true ? ['raw'] : []), ...pictures].join(' ');
  return [{ name: 'the prompt', kind, text: prompt, images: pictures.length }];
}

/** Ids of calls are left out: templates do not write them, and they are new each time. */
function messagePart(name: string, message: unknown): Part {
  if (!isTable(message)) return textOf(name, anyJson(message) ?? '');
  const { role, content, thinking, tool_calls: calls, tool_name: tool, images } = message;
  const pictures = hashesOf(images);
  const called = Array.isArray(calls) ? calls.map((call: unknown) => callText(call)) : [];
  return {
    name,
    kind: [role, ...(typeof tool === 'string' ? [tool] : []), ...pictures].join(' '),
    text: [thinking, content, ...called].filter((text) => typeof text === 'string').join(''),
    images: pictures.length,
  };
}

function callText(call: unknown): string {
  const { name, arguments: given } = tableOf(tableOf(call)['function']);
  return `${String(name)}${anyJson(given ?? null)}`;
}

const textPart = (name: string, text: unknown): readonly Part[] =>
  typeof text === 'string' && text !== '' ? [textOf(name, text)] : [];

const textOf = (name: string, text: string): Part => ({ name, kind: '', text, images: 0 });

/** Images are large, so they are compared by their hashes. */
function hashesOf(images: unknown): readonly string[] {
  return Array.isArray(images) ? images.map((image) => hash('sha1', String(image))) : [];
}

function tableOf(value: unknown): Said {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Said {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
