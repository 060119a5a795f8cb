// The facts of one request.
import type { JSX } from 'preact';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { Section } from '../parts/parts.tsx';
import { count } from '../parts/words.ts';
import { isLiving } from './listed-rows.ts';
import type { Seen } from './use-requests.ts';

export function RequestFacts({ seen }: { readonly seen: Seen }): JSX.Element {
  return (
    <Section title="Facts" hidden>
      <dl class="facts">
        {factsOf(seen).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function factsOf(seen: Seen): (readonly [string, JSX.Element | string])[] {
  const { detail, status, code } = seen;
  const ended = isLiving(seen) ? undefined : status === 'completed' ? endedWords(detail?.ended_with) : status;
  return [
    ['Route', <code>{seen.route}</code>],
    ...(seen.class === undefined ? [] : [['Class', classWords(seen.class, seen.class_by)] as const]),
    ...(detail?.context === undefined
      ? []
      : [['Context', `${count(detail.context.tokens)} of ${count(detail.context.size)} tokens`] as const]),
    ...(detail !== undefined && detail.shared_with > 0
      ? [['Shared with', `${count(detail.shared_with)} more`] as const]
      : []),
    ...(ended === undefined
      ? []
      : [
          [
            'Ended',
            code === undefined ? (
              ended
            ) : (
              <>
                {ended}, <code>{code}</code>
              </>
            ),
          ] as const,
        ]),
    ['Request', <code>{seen.request_id}</code>],
    ...(detail?.cache_key === undefined ? [] : [['Cache key', <code>{detail.cache_key}</code>] as const]),
  ];
}

function classWords(name: NonNullable<Seen['class']>, by: string | undefined): string {
  return by === undefined || by === 'default' ? CLASS_WORDS[name] : `${CLASS_WORDS[name]}, by ${by}`;
}

/** Ollama's word for it, and what that means. */
function endedWords(word: string | undefined): JSX.Element | string | undefined {
  switch (word) {
    case undefined:
      return undefined;
    case 'stop':
      return 'by itself';
    case 'length':
      return 'at the most tokens that it may have';
    case 'tool_calls':
      return 'with a tool call';
    default:
      return (
        <>
          with <code>{word}</code>
        </>
      );
  }
}
