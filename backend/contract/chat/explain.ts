// Explains an invalid input in one sentence: the field, what is allowed, what came.
import type { z } from 'zod';
import { namesOf, quotation, sentence, type Sentence } from '../sentence.ts';

/** The first problem of a failed parse as a sentence. `input`: the parsed value, `whole`: its name. */
export function explain(error: z.ZodError, input: unknown, whole = 'The body'): Sentence {
  const issue = firstIssue(error.issues);
  if (issue === undefined) return sentence`${whole} is not as expected.`;
  const name = fieldName(issue.path) || whole;
  const came = valueAt(input, issue.path);
  if (issue.code === 'unrecognized_keys') return sentence`${name} has an unknown field: ${namesOf(issue.keys)}.`;
  return sentence`${name} ${allowed(issue)}. ${wasOf(came)}`;
}

/** A sentence with the value that came. */
export function wasOf(came: unknown): Sentence {
  return came === undefined ? sentence`It is missing.` : sentence`It was ${quotation(came)}.`;
}

/** For a union, the problem of the nearest branch says more than "no branch fits". */
function firstIssue(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue | undefined {
  const issue = issues[0];
  if (issue?.code !== 'invalid_union') return issue;
  // The right type but too large, or wrong further down.
  const isNearer = ({ path, code }: z.core.$ZodIssue): boolean => path.length > 0 || !code.startsWith('invalid_');
  const deeper = issue.errors.map((branch) => branch[0]).find((inner) => inner !== undefined && isNearer(inner));
  return deeper === undefined ? issue : { ...deeper, path: [...issue.path, ...deeper.path] };
}

function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `must be ${oneOf(issue.values.map((value) => JSON.stringify(value)))}`;
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`
        : lowerFirst(issue.message, `must have at least ${issue.minimum}${unit(issue.origin)}`);
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int'
        ? `must be at most ${issue.maximum}`
        : lowerFirst(issue.message, `must have at most ${issue.maximum}${unit(issue.origin)}`);
    case 'invalid_union':
      return `must be ${oneOf(unionExpectations(issue))}`;
    default:
      return lowerFirst(issue.message, 'is not allowed');
  }
}

function unionExpectations(issue: z.core.$ZodIssueInvalidUnion): string[] {
  // The discriminating field has none of the allowed values.
  if (issue.inclusive !== false && issue.options !== undefined)
    return issue.options.map((value) => JSON.stringify(value));
  const wanted = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) => {
      if (inner.code === 'invalid_type') return [article(inner.expected)];
      if (inner.code === 'invalid_value') return inner.values.map((value) => JSON.stringify(value));
      return [];
    }),
  );
  return wanted.length === 0 ? ['of another form'] : [...new Set(wanted)];
}

/** The unit of a length. */
function unit(origin: string): string {
  return origin === 'string' ? ' characters' : '';
}

/** Hearth's own messages begin with "must"; zod's do not, and are replaced. */
function lowerFirst(message: string, otherwise: string): string {
  return message.startsWith('must') ? message : otherwise;
}

function article(type: string): string {
  const names: Record<string, string> = { int: 'whole number', record: 'object', ExactJson: 'object' };
  const name = names[type] ?? type;
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`;
}

function oneOf(options: readonly string[]): string {
  if (options.length < 2) return options.join('');
  return `${options.slice(0, -1).join(', ')} or ${options.at(-1) ?? ''}`;
}

/** `messages[0].role`; empty for the whole. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return name.replace(/^\./, '');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    return (value as Record<PropertyKey, unknown>)[part];
  }, input);
}
