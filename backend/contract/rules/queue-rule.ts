// A rule that sets the queue class of requests, the name they wait under, or whose keep_alive counts: its format, and
// the position of a mistake. core/queue/classes.ts finds the rule of a request.
import { z } from 'zod';
import { QUEUE_CLASSES } from '../chat/chat-request.ts';

export const MOST_RULES = 100;
const MOST_PATTERNS = 20;

/** Characters that are legal between quotes in a response header. */
const ruleName = z.string().regex(/^[ !#-[\]-~]{1,64}$/);
const pattern = z.string().min(1).max(200);
const patterns = z.union([pattern, z.array(pattern).min(1).max(MOST_PATTERNS)]);
const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,64}$/);

const whenSchema = z.strictObject({
  user_agent: patterns.optional(),
  origin: patterns.optional(),
  path: patterns.optional(),
  model: patterns.optional(),
  header: z.record(headerName, patterns).optional(),
  stream: z.boolean().optional(),
  /** Whether the request has tools. */
  tools: z.boolean().optional(),
  /** Matches requests that ask for at most this many tokens. */
  max_tokens: z.int().min(1).max(1_000_000).optional(),
  /** The beginning of the first message that is not a system message; for /api/generate, of the prompt. */
  prompt_prefix: z.string().min(1).max(1000).optional(),
});

/**
 * Whose keep_alive counts. `default`: the caller's, and at least Hearth's own if the caller sets none. `force`:
 * Hearth's own, whatever the caller says. `pass`: the caller's, and none if the caller sets none.
 */
export const KEEP_ALIVE_RULES = ['force', 'default', 'pass'] as const;
export type KeepAliveRule = (typeof KEEP_ALIVE_RULES)[number];

const thenSchema = z
  .strictObject({
    class: z.enum(QUEUE_CLASSES).optional(),
    /** The name it waits under; `{X-Name}` is replaced by the value of a header. */
    caller: z.string().min(1).max(200).optional(),
    keep_alive: z.enum(KEEP_ALIVE_RULES).optional(),
  })
  .refine((then) => Object.values(then).some((value) => value !== undefined));

export const queueRuleSchema = z.strictObject({
  name: ruleName.optional(),
  when: whenSchema.prefault({}),
  then: thenSchema,
});
export const queueRulesSchema = z.array(queueRuleSchema).max(MOST_RULES);

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;
export type QueueRule = DeepReadonly<z.output<typeof queueRuleSchema>>;
export type Patterns = string | readonly string[];

/** What is allowed, to follow "must be". */
export const RULES_ALLOWED = `a list of at most ${MOST_RULES} rules, each with "then" and, unless it is for all requests, "when"`;

const PATTERNS_ALLOWED = `a text of 1 to 200 characters in which "*" stands for anything, or a list of up to ${MOST_PATTERNS} of them`;

/** What each part of a rule may be, to follow "must be". */
const ALLOWED: Readonly<Record<string, string>> = {
  '': `a table with ${namesOf(queueRuleSchema)}`,
  name: '1 to 64 letters, digits, blanks or signs, without quotation marks and "\\"',
  when: `a table with any of ${namesOf(whenSchema)}`,
  'when.user_agent': PATTERNS_ALLOWED,
  'when.origin': PATTERNS_ALLOWED,
  'when.path': PATTERNS_ALLOWED,
  'when.model': PATTERNS_ALLOWED,
  'when.header': `a table of header names, each with ${PATTERNS_ALLOWED}`,
  'when.stream': 'true or false',
  'when.tools': 'true or false',
  'when.max_tokens': 'a whole number from 1 to 1000000',
  'when.prompt_prefix': 'a text of 1 to 1000 characters',
  then: `a table with any of ${namesOf(thenSchema)}`,
  'then.class': `one of ${QUEUE_CLASSES.map((name) => `"${name}"`).join(', ')}`,
  'then.keep_alive': `one of ${KEEP_ALIVE_RULES.map((name) => `"${name}"`).join(', ')}`,
  'then.caller': 'a text of 1 to 200 characters, in which "{X-Name}" stands for the value of a header',
};

function namesOf({ shape }: { readonly shape: Readonly<Record<string, unknown>> }): string {
  return Object.keys(shape).join(', ');
}

/** Where the first mistake in a list of rules is, what is allowed there, and what came. */
export interface WrongRule {
  /** As in `[2].when.stream`, with indexes from 0, in the file's own names. */
  readonly inside: string;
  readonly allowed: string;
  readonly got: unknown;
}

/** The first mistake in a list of rules; undefined if each rule is valid by itself. */
export function wrongRule(value: unknown): WrongRule | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const [i, rule] of value.entries()) {
    const issue = queueRuleSchema.safeParse(rule).error?.issues[0];
    if (issue === undefined) continue;
    // No deeper than the entries of ALLOWED: part of a pattern list is explained as the list.
    const path = issue.path.map(String).slice(0, 2);
    while (ALLOWED[path.join('.')] === undefined && path.length > 0) path.pop();
    const got = path.reduce<unknown>((part, key) => (part as Readonly<Record<string, unknown>>)?.[key], rule);
    return { inside: [`[${i}]`, ...path].join('.'), allowed: ALLOWED[path.join('.')] ?? '', got };
  }
  return undefined;
}
