// Which class a request has in line, and under which name it waits, by the rules of the configuration and those that Hearth
// brings. Pure: what the request itself asks for is read by whoever knows its headers.
import type { QueueClass } from '../../contract/chat/chat-request.ts';
import type { KeepAliveRule, Patterns, QueueRule } from '../../contract/queue-rule.ts';
import { SHIPPED_RULES } from '../../contract/shipped-rules.ts';

/** What rules look at. */
export interface Facts {
  /** The value of a header, by its name in lower case. */
  header(name: string): string | undefined;
  readonly path: string;
  readonly model: string;
  readonly stream: boolean;
  /** Whether it brings tools; undefined where that is not known. */
  readonly tools: boolean | undefined;
  /** The most tokens that it asks for, when it says so. */
  readonly maxTokens: number | undefined;
  /** Its first text that is not the system's. Asked only where a rule wants to know. */
  prompt(): string;
}

export interface Classed {
  readonly class: QueueClass;
  /** What gave it the class: the name of a rule, its place in the configuration, or `default`. */
  readonly by: string;
  /** The name that a rule gives it; undefined where none does. */
  readonly caller: string | undefined;
  /** Whose keep_alive counts; undefined where no rule says it. */
  readonly keepAlive: KeepAliveRule | undefined;
}

/** What gives a class where no rule does. */
const BY_DEFAULT = 'default';

/** Of each thing that rules give, that of the first which holds and gives one. `own`: those of the configuration. */
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
  // What is streamed is read by somebody as it comes.
  const otherwise = facts.stream ? 'interactive' : 'normal';
  return { class: by?.then.class ?? otherwise, by: by?.name ?? BY_DEFAULT, caller, keepAlive };
}

type Test = (facts: Facts) => boolean;

/** A rule made ready, since each request is held against all of them. */
interface Ready {
  readonly name: string;
  /** All must hold; what costs least to know is asked first. */
  readonly tests: readonly Test[];
  readonly then: QueueRule['then'];
}

const SHIPPED = SHIPPED_RULES.map(ready);
/** Those of a configuration, as long as it is in use. */
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

/** With its tag where it came without one, and the other way round: both are one model. */
function otherName(model: string): string {
  return model.endsWith(':latest') ? model.slice(0, -':latest'.length) : `${model}:latest`;
}

/** Whether a text is there and fits one of the patterns, in small or capital letters. */
function fitting(patterns: Patterns): (text: string | undefined) => boolean {
  const list = (typeof patterns === 'string' ? [patterns] : patterns).map((each) => each.toLowerCase().split('*'));
  return (text) => {
    if (text === undefined || text === '') return false;
    const lower = text.toLowerCase();
    return list.some((parts) => fitsOne(parts, lower));
  };
}

/** Between the parts stands anything. Each is looked for once, behind those before it: what is sent can't make this slow. */
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

/** A name with the values of headers in it; undefined where one of them did not come. */
function filled(template: string, facts: Facts): string | undefined {
  let isWhole = true;
  const name = template.replaceAll(/\{([^{}]+)\}/g, (_, header: string) => {
    const value = facts.header(header.toLowerCase()) ?? '';
    isWhole &&= value !== '';
    return value;
  });
  return isWhole ? name : undefined;
}
