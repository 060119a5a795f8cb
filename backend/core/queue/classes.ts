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

/** The first rule that gives a class gives it, and the first that gives a name, that; likewise for keep_alive. `own`: those of the configuration. */
export function classOf(facts: Facts, own: readonly QueueRule[]): Classed {
  let found: { readonly class: QueueClass; readonly by: string } | undefined;
  let caller: string | undefined;
  let keepAlive: KeepAliveRule | undefined;
  for (const rules of [own, SHIPPED_RULES]) {
    for (const [i, rule] of rules.entries()) {
      const { then } = rule;
      const isNews =
        (found === undefined && then.class !== undefined) ||
        (caller === undefined && then.caller !== undefined) ||
        (keepAlive === undefined && then.keep_alive !== undefined);
      if (!isNews || !holds(rule, facts)) continue;
      if (then.class !== undefined) found ??= { class: then.class, by: rule.name ?? `queue.rules[${i}]` };
      if (then.caller !== undefined) caller ??= filled(then.caller, facts);
      keepAlive ??= then.keep_alive;
    }
  }
  // What is streamed is read by somebody as it comes.
  return { ...(found ?? { class: facts.stream ? 'interactive' : 'normal', by: BY_DEFAULT }), caller, keepAlive };
}

/** Whether all that a rule asks for is so; what costs least to know is asked first. */
function holds({ when }: QueueRule, facts: Facts): boolean {
  const { stream, tools, max_tokens, user_agent, origin, path, model, header = {}, prompt_prefix } = when;
  return (
    (stream === undefined || stream === facts.stream) &&
    (tools === undefined || tools === facts.tools) &&
    (max_tokens === undefined || (facts.maxTokens !== undefined && facts.maxTokens <= max_tokens)) &&
    (user_agent === undefined || fits(user_agent, facts.header('user-agent'))) &&
    (origin === undefined || fits(origin, facts.header('origin'))) &&
    (path === undefined || fits(path, facts.path)) &&
    (model === undefined || fits(model, facts.model) || fits(model, otherName(facts.model))) &&
    Object.entries(header).every(([name, wanted]) => fits(wanted, facts.header(name.toLowerCase()))) &&
    (prompt_prefix === undefined || facts.prompt().startsWith(prompt_prefix))
  );
}

/** With its tag where it came without one, and the other way round: both are one model. */
function otherName(model: string): string {
  return model.endsWith(':latest') ? model.slice(0, -':latest'.length) : `${model}:latest`;
}

/** Whether a text is there and fits one of the patterns, in small or capital letters. */
function fits(patterns: Patterns, text: string | undefined): boolean {
  if (text === undefined || text === '') return false;
  const lower = text.toLowerCase();
  return typeof patterns === 'string' ? fitsOne(patterns, lower) : patterns.some((each) => fitsOne(each, lower));
}

/** `*` stands for anything. Each part is looked for once, behind those before it: what is sent can not make this slow. */
function fitsOne(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.toLowerCase().split('*');
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
