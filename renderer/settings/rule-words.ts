// A rule of queue.rules in words: what it looks at, and what it makes of a request. Pure.
import type { KeepAliveRule, Patterns, QueueRule } from '../../backend/contract/queue-rule.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';

/** What a request must be for the rule to hold; "every request" where it looks at nothing. */
export function whenParts({ when }: QueueRule): string[] {
  const { user_agent, origin, path, model, header = {}, stream, tools, max_tokens, prompt_prefix } = when;
  const parts = [
    ...is('User-Agent', user_agent),
    ...is('page', origin),
    ...is('path', path),
    ...is('model', model),
    ...Object.entries(header).flatMap(([name, wanted]) => is(name, wanted)),
    ...(stream === undefined ? [] : [stream ? 'streamed' : 'as a whole']),
    ...(tools === undefined ? [] : [tools ? 'with tools' : 'without tools']),
    ...(max_tokens === undefined ? [] : [`at most ${max_tokens} tokens`]),
    ...(prompt_prefix === undefined ? [] : [`begins with “${prompt_prefix.replaceAll(/\s+/g, ' ').trim()}”`]),
  ];
  return parts.length === 0 ? ['every request'] : parts;
}

function is(what: string, wanted: Patterns | undefined): string[] {
  if (wanted === undefined) return [];
  return wanted === '*' ? [`with ${what}`] : [`${what} ${typeof wanted === 'string' ? wanted : wanted.join(' or ')}`];
}

const KEEP_ALIVE_WORDS: Readonly<Record<KeepAliveRule, string>> = {
  force: 'our keep_alive',
  default: '',
  pass: 'keep_alive as sent',
};

/** "Background", "as Open WebUI {X-User}", or both. */
export function thenWords({ then }: QueueRule): string {
  const { class: of, caller, keep_alive: keepAlive } = then;
  return [
    of === undefined ? '' : CLASS_WORDS[of],
    caller === undefined ? '' : `as ${caller}`,
    KEEP_ALIVE_WORDS[keepAlive ?? 'default'],
  ]
    .filter((part) => part !== '')
    .join(', ');
}
