// A chat request on the wire of Hearth's own routes. chat.ts has the answer.
import { z } from 'zod';
import { keepAliveSeconds } from '../duration.ts';
import { ExactJson } from '../go/exact-json.ts';
import { anything, list, map, raw, struct } from '../go/go-type.ts';
import { message, OURS, tool } from './ollama-bodies.ts';

const text = z.string();

/**
 * Base64 as Ollama takes it: standard alphabet, padded, no `data:` prefix. The length is checked separately, since a
 * repeated group of four would overflow the regular expression's stack at a few megabytes.
 */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

function isBase64(image: string): boolean {
  return image.length > 0 && image.length % 4 === 0 && BASE64.test(image);
}

/** Up to this length a text that begins like a path is treated as one: a picture's base64 is longer. */
function looksLikePath(image: string): boolean {
  return image.startsWith('/') && image.length < 256 && !image.startsWith('/9j/');
}

/**
 * A picture (or sound) in base64. Paths are refused because the upstream client library would read them from this
 * machine's disk (ollama-js `encodeImage`).
 */
export const imageSchema = z.string().refine((image) => isBase64(image) && !looksLikePath(image), {
  error: 'must be base64 text without a "data:" prefix; a file path or an address is not accepted',
  abort: true,
});

export const toolCallSchema = z.looseObject({
  id: text.optional(),
  function: z.looseObject({ name: text, arguments: z.record(z.string(), z.unknown()) }),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

/** Ollama reads roles without regard to case (api/types.go). */
const roleSchema = z
  .string()
  .transform((role) => role.toLowerCase())
  .pipe(z.enum(['system', 'user', 'assistant', 'tool']));

/** A tool call of an earlier answer, read as leniently as Ollama does. */
const earlierCallSchema = z.looseObject({
  id: text.optional(),
  function: z
    .looseObject({
      name: text.prefault(''),
      arguments: z.record(z.string(), z.unknown()).or(z.instanceof(ExactJson)).prefault({}),
    })
    .prefault({}),
});

export const messageSchema = z
  .looseObject({
    role: roleSchema,
    content: text.nullish(),
    thinking: text.optional(),
    images: z.array(imageSchema).optional(),
    tool_calls: z.array(earlierCallSchema).optional(),
    tool_name: text.optional(),
  })
  .refine((m) => typeof m.content === 'string' || m.tool_calls !== undefined || m.images !== undefined, {
    path: ['content'],
    error: 'must be a string',
    abort: true,
  })
  .transform((m) => ({ ...m, content: m.content ?? '' }));
export type Message = z.infer<typeof messageSchema>;

/** A name that separates some of a caller's answers and conversations from its others. */
export const namespaceSchema = z.string().min(1).max(128);

/** The caller's cache wishes in the body. `ttl` is in seconds. */
export const cacheControlSchema = z.strictObject({
  'no-cache': z.boolean().optional(),
  'no-store': z.boolean().optional(),
  ttl: z.number().positive().max(31_536_000).optional(),
  namespace: namespaceSchema.optional(),
});

/** Who waits for a request: a person, a program, or nobody. Persons go first. */
export const QUEUE_CLASSES = ['interactive', 'normal', 'background'] as const;
export type QueueClass = (typeof QUEUE_CLASSES)[number];

/** Lower runs sooner. */
export const CLASS_RANK: Readonly<Record<QueueClass, number>> = { interactive: 0, normal: 1, background: 2 };

/** The order inside a class: lower runs sooner, 0 is the default. `high` and `low` are the words of older clients. */
export const PRIORITY = { high: -1, usual: 0, low: 1, least: -100, most: 100 } as const;

/** How a request got its class: `the request` itself, the name of a rule, `queue.rules[2]`, or `default`. */
export interface Place extends Urgency {
  readonly classBy: string;
  /** A word that the request asked for and that is not a class. */
  readonly unknownWord?: string | undefined;
}

/** How soon a request should run: by class, then by number. */
export interface Urgency {
  readonly class: QueueClass;
  readonly priority: number;
}

/** Behind every request that somebody waits for. */
export const LEAST_URGENT: Urgency = { class: 'background', priority: PRIORITY.most };

/** The distance of two classes in `levelOf`: more than all numbers inside one class. */
export const CLASS_STEP = PRIORITY.most - PRIORITY.least + 1;

/** Class and number as one number; lower is sooner. */
export function levelOf({ class: of, priority }: Urgency): number {
  return CLASS_RANK[of] * CLASS_STEP + priority;
}

/** The most urgent of all; LEAST_URGENT for an empty list. */
export function mostUrgent(all: Iterable<Urgency>): Urgency {
  let most = LEAST_URGENT;
  for (const one of all) if (levelOf(one) < levelOf(most)) most = one;
  return most;
}

/** Hearth's own body fields, also accepted on the routes of Ollama and OpenAI, which do not know them. */
export const OWN_FIELDS = {
  use_cache: z.boolean().nullish(),
  cache: cacheControlSchema.nullish(),
  priority: z
    .union([z.number().int().min(PRIORITY.least).max(PRIORITY.most), z.string()])
    .nullish()
    .describe(
      `A class (${QUEUE_CLASSES.join(', ')}; high and low are known too), or a number: below 0 is interactive, above 0 is background, and 0 leaves the class to the rules. Lower runs sooner inside a class. From elsewhere nobody may ask to go first, unless the key has high_priority.`,
    ),
};
export const OWN_FIELDS_SCHEMA = z.object(OWN_FIELDS);

/** A request id that a caller may choose (X-Request-ID, requestId). */
export const REQUEST_ID = /^[\w.:-]{1,128}$/;
export const requestIdSchema = z
  .string()
  .regex(REQUEST_ID, { error: 'must be 1 to 128 characters of A-Z a-z 0-9 _ . : -' });

const keepAliveSchema = z.union([z.string(), z.number()]).refine((value) => !Number.isNaN(keepAliveSeconds(value)), {
  error: 'must be a duration such as "5m", a number of seconds, 0 or -1',
});

/**
 * Body of POST /api/chat-optimized and /api/chat-queue. Unknown fields are kept and go upstream. Only /api/chat-queue
 * reads `requestId`.
 */
export const chatRequestSchema = z.looseObject({
  messages: z.array(messageSchema).min(1, { error: 'must have at least one message' }),
  model: z.string().max(512).nullish(),
  stream: z.boolean().nullish(),
  ...OWN_FIELDS,
  system_prompt: z.string().nullish(),
  systemPrompt: z.string().nullish(),
  options: z.record(z.string(), z.unknown()).nullish(),
  format: z
    .union([z.literal('json'), z.literal(''), z.record(z.string(), z.unknown()), z.instanceof(ExactJson)])
    .nullish(),
  tools: z.array(z.record(z.string(), z.unknown())).nullish(),
  think: z.union([z.boolean(), z.enum(['low', 'medium', 'high', 'max'])]).nullish(),
  keep_alive: keepAliveSchema.nullish(),
  conversation_id: z.string().min(1).max(256).nullish(),
  requestId: requestIdSchema.nullish(),
});

/** The parts of that body that are read by Ollama's rules before validation: its messages and tools, and all names. */
export const ownChat = struct('hearth.ChatRequest', {
  ...Object.fromEntries(Object.keys(chatRequestSchema.shape).map((name) => [name, anything])),
  ...OURS,
  messages: list('[]api.Message', message),
  tools: list('api.Tools', tool),
  options: map(),
  format: raw,
});

export type ChatRequest = z.infer<typeof chatRequestSchema>;
