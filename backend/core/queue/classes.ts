// The class of a request and the name that it waits under, by the rules of the configuration and the shipped ones.
// Pure. What the request's own headers ask for is read elsewhere.
import type { QueueClass } from '../../contract/chat/chat-request.ts';
import type { KeepAliveRule, Patterns, QueueRule } from '../../contract/rules/queue-rule.ts';
import { SHIPPED_RULES } from '../../contract/rules/shipped-rules.ts';

/** The facts that rules test. */
export interface Facts {
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
  /** Whether it has tools; undefined when unknown. */
  readonly tools: boolean | undefined;
  /** The most tokens that it asks for, if it says so. */
  readonly maxTokens: number | undefined;
  /** Its first text outside the system prompt. Read only if a rule needs it. */
  prompt(): string;
}

export interface Classed {
  readonly class: QueueClass;
  /** What set the class: the name of a rule, its position in the configuration, or `default`. */
  readonly by: string;
  /** The name that a rule gives it; undefined when none does. */
  readonly caller: string | undefined;
  /** Whose keep_alive applies; undefined when no rule says so. */
  readonly keepAlive: KeepAliveRule | undefined;
}

/** The `by` of a class that no rule set. */
const BY_DEFAULT = 'default';

/** Takes each property from the first rule that matches and sets it. `own` are the rules of the configuration. */
export function classOf(facts: Facts, own: readonly QueueRule[]): Classed {
  let by: Ready | undefined;
  let caller: string | undefined;
  let keepAlive: KeepAliveRule | undefined;
  for (const rules of [readyOf(own), SHIPPED]) {
    for (const rule of rules) {
      const { class: of, caller: template, keep_alive } = rule.then;
      const isNews =
        (by === undefined && of !== undefined) ||
        (caller === undefined && template !== undefined) ||
        (keepAlive === undefined && keep_alive !== undefined);
      if (!isNews || !rule.tests.every((holds) => holds(facts))) continue;
      if (of !== undefined) by ??= rule;
      if (template !== undefined) caller ??= filled(template, facts);
      keepAlive ??= keep_alive;
    }
  }
  // Streamed answers are usually read as they come.
  const otherwise = facts.stream ? 'interactive' : 'normal';
  return { class: by?.then.class ?? otherwise, by: by?.name ?? BY_DEFAULT, caller, keepAlive };
}

type Test = (facts: Facts) => boolean;

/** A compiled rule, since each request is tested against all rules. */
interface Ready {
  readonly name: string;
  /** All must hold; the cheapest come first. */
  readonly tests: readonly Test[];
  readonly then: QueueRule['then'];
}

const SHIPPED = SHIPPED_RULES.map(ready);
/** The compiled rules of a configuration, for as long as it is in use. */
const made = new WeakMap<readonly QueueRule[], readonly Ready[]>();

function readyOf(rules: readonly QueueRule[]): readonly Ready[] {
  const known = made.get(rules);
  if (known !== undefined) return known;
  const list = rules.map(ready);
  made.set(rules, list);
  return list;
}

function ready({ name, when, then }: QueueRule, at: number): Ready {
  return { name: name ?? `queue.rules[${at}]`, tests: testsOf(when), then };
}

function testsOf(when: QueueRule['when']): Test[] {
  const { stream, tools, max_tokens, user_agent, origin, path, model, header = {}, prompt_prefix } = when;
  const tests: Test[] = [];
  if (stream !== undefined) tests.push((facts) => facts.stream === stream);
  if (tools !== undefined) tests.push((facts) => facts.tools === tools);
  if (max_tokens !== undefined) tests.push(({ maxTokens }) => maxTokens !== undefined && maxTokens <= max_tokens);
  const headers = { ...header, ...(user_agent && { 'user-agent': user_agent }), ...(origin && { origin }) };
  for (const [name, patterns] of Object.entries(headers)) {
    const fits = fitting(patterns);
    const lower = name.toLowerCase();
    tests.push((facts) => fits(facts.header(lower)));
  }
  if (path !== undefined) {
    const fits = fitting(path);
    tests.push((facts) => fits(facts.path));
  }
  if (model !== undefined) {
    const fits = fitting(model);
    tests.push((facts) => fits(facts.model) || fits(otherName(facts.model)));
  }
  if (prompt_prefix !== undefined) tests.push((facts) => facts.prompt().startsWith(prompt_prefix));
  return tests;
}

/** The name without `:latest` if it has that tag, else with it: both mean the same model. */
function otherName(model: string): string {
  return model.endsWith(':latest') ? model.slice(0, -':latest'.length) : `${model}:latest`;
}

/** Whether a text exists and matches one of the patterns, ignoring case. */
function fitting(patterns: Patterns): (text: string | undefined) => boolean {
  const list = (typeof patterns === 'string' ? [patterns] : patterns).map((each) => each.toLowerCase().split('*'));
  return (text) => {
    if (text === undefined || text === '') return false;
    const lower = text.toLowerCase();
    return list.some((parts) => fitsOne(parts, lower));
  };
}

/**
 * Matches a pattern split at its `*`. Each part is searched once, behind the one before it, so no input can make this
 * slow.
 */
function fitsOne(parts: readonly string[], text: string): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop();
  if (last === undefined) return text === first;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - at >= last.length && text.endsWith(last);
}

/** A name with the values of headers filled in; undefined when one of them is missing. */
function filled(template: string, facts: Facts): string | undefined {
  let isWhole = true;
  const name = template.replaceAll(/\{([^{}]+)\}/g, (_, header: string) => {
    const value = facts.header(header.toLowerCase()) ?? '';
    isWhole &&= value !== '';
    return value;
  });
  return isWhole ? name : undefined;
}
