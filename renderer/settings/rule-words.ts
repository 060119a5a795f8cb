// A rule of queue.rules in words: what it looks at, and what it makes of a request. Pure.
import type { Patterns, QueueRule } from '../../backend/contract/rules/queue-rule.ts';
import { eitherOf } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';

/** What a request must be for the rule to hold; "every request" where it looks at nothing. */
export function whenParts({ when }: QueueRule): string[] {
  const { user_agent, origin, path, model, header = {}, stream, tools, max_tokens, prompt_prefix } = when;
  const parts = [
    ...is('User-Agent', user_agent),
    ...is(t('settings.rules.page'), origin),
    ...is(t('settings.rules.path'), path),
    ...is(t('settings.rules.model'), model),
    ...Object.entries(header).flatMap(([name, wanted]) => is(name, wanted)),
    ...(stream === undefined ? [] : [t(stream ? 'settings.rules.streamed' : 'settings.rules.whole')]),
    ...(tools === undefined ? [] : [t(tools ? 'settings.rules.tools' : 'settings.rules.no_tools')]),
    ...(max_tokens === undefined ? [] : [t('settings.rules.tokens', { n: max_tokens })]),
    ...(prompt_prefix === undefined
      ? []
      : [t('settings.rules.begins', { text: prompt_prefix.replaceAll(/\s+/g, ' ').trim() })]),
  ];
  return parts.length === 0 ? [t('settings.rules.every')] : parts;
}

function is(what: string, wanted: Patterns | undefined): string[] {
  if (wanted === undefined) return [];
  if (wanted === '*') return [t('settings.rules.with', { what })];
  return [`${what} ${typeof wanted === 'string' ? wanted : eitherOf(wanted)}`];
}

/** "Background", "as Open WebUI {X-User}", or both. */
export function thenWords({ then }: QueueRule): string {
  const { class: of, caller, keep_alive: keepAlive = 'default' } = then;
  return [
    of === undefined ? '' : CLASS_WORDS[of],
    caller === undefined ? '' : t('settings.rules.as', { caller }),
    keepAlive === 'default' ? '' : t(`settings.rules.${keepAlive}`),
  ]
    .filter((part) => part !== '')
    .join(', ');
}
