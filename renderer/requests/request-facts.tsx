// The facts of one request, its text where that is kept, and the ways to copy it.
import type { JSX } from 'preact';
import type { View } from '../../backend/contract/desktop.ts';
import { WATCH_MINUTES, type CopyForm } from '../../backend/contract/request-body.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { useCopied, Copied } from '../parts/copy.tsx';
import { Icon, Section } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { count } from '../parts/words.ts';
import { isLiving } from './listed-rows.ts';
import type { Body, Seen } from './use-requests.ts';

interface FactsProps {
  readonly seen: Seen;
  readonly body: Body | undefined;
  readonly settings: View['settings'];
  readonly watchingUntil: string | undefined;
}

export function RequestFacts({ seen, body, settings, watchingUntil }: FactsProps): JSX.Element {
  const hasText = body !== undefined && (body.request !== null || body.answer !== null);
  return (
    <Section title="Facts" hidden>
      <dl class="facts">
        {factsOf(seen).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>Text</dt>
          <dd>
            {hasText && <Text body={body} />}
            {(body?.request === null || body?.answer === null) && (
              <NotKept
                why={body.why}
                isKept={watchingUntil !== undefined || settings.values['log.requests'] === true}
              />
            )}
          </dd>
        </div>
      </dl>
      {body !== undefined && body.request !== null && (
        <div class="btns" role="group" aria-label="Copy this request">
          <CopyAs id={seen.request_id} as="curl" label="Copy as curl" />
          <CopyAs id={seen.request_id} as="fetch" label="fetch" />
          <CopyAs id={seen.request_id} as="python" label="Python" />
        </div>
      )}
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

interface NotKeptProps {
  /** In a sentence. */
  readonly why: string | undefined;
  /** That of new requests is kept now. */
  readonly isKept: boolean;
}

/** Why a text is missing, and how that of the next requests is kept. */
function NotKept({ why, isKept }: NotKeptProps): JSX.Element {
  const { call, go } = useCalls();
  const { run, busy } = useReportedAction();
  if (isKept) return <p class="quiet">{why}</p>;
  return (
    <>
      <p class="quiet">
        {why} Watching closely keeps what apps ask and get for {WATCH_MINUTES} minutes, without keys and on this machine
        alone, and deletes it after a day.
      </p>
      <p class="btns kept">
        <button
          class="btn"
          type="button"
          aria-disabled={busy}
          onClick={() => run(() => call('watch', { minutes: WATCH_MINUTES }))}
        >
          Watch closely
        </button>
        <button class="link" type="button" onClick={() => go('settings', { setting: 'log.requests' })}>
          Always keep it…
        </button>
      </p>
    </>
  );
}

/** What was asked and what was answered, each folded: they can be long. */
function Text({ body: { request, answer } }: { readonly body: Body }): JSX.Element {
  const parts = [
    ...(request === null ? [] : [['What was asked', request.text] as const]),
    ...(answer?.thinking === undefined ? [] : [['What the model thought', answer.thinking] as const]),
    ...(answer === null ? [] : [['What was answered', answer.text] as const]),
    ...(answer?.tool_calls === undefined ? [] : [['Tools that it called', answer.tool_calls] as const]),
  ];
  return (
    <>
      {parts.map(([title, words]) => (
        <details key={title} class="fold">
          <summary>{title}</summary>
          <pre class="text" tabIndex={0} aria-label={title}>
            {words}
          </pre>
        </details>
      ))}
    </>
  );
}

interface CopyAsProps {
  readonly id: string;
  readonly as: CopyForm;
  readonly label: string;
}

function CopyAs({ id, as, label }: CopyAsProps): JSX.Element {
  const { call } = useCalls();
  const [copied, copy] = useCopied(() => call('copy_request', { request_id: id, as }));
  return (
    <>
      <button class="btn" type="button" aria-label={as === 'curl' ? undefined : `${label}, copy as`} onClick={copy}>
        <Icon name={copied ? 'check' : 'copy'} />
        {label}
      </button>
      <Copied yes={copied} />
    </>
  );
}
