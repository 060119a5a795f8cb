// The facts of one request, its text where that is kept, and the ways to copy it.
import type { JSX } from 'preact';
import type { View } from '../../backend/contract/window/desktop.ts';
import { WATCH_MINUTES, type CopyForm } from '../../backend/contract/views/request-body.ts';
import { pieces, t } from '../../words/texts.ts';
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
    <Section title={t('requests.facts')} hidden>
      <dl class="facts">
        {factsOf(seen).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
        <div>
          <dt>{t('requests.text')}</dt>
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
        <div class="btns" role="group" aria-label={t('requests.copy')}>
          <CopyAs id={seen.request_id} as="curl" label={t('requests.copy_curl')} />
          <CopyAs id={seen.request_id} as="fetch" label="fetch" />
          <CopyAs id={seen.request_id} as="python" label="Python" />
        </div>
      )}
    </Section>
  );
}

function factsOf(seen: Seen): (readonly [string, JSX.Element | string])[] {
  const { detail, status, code } = seen;
  const ended = isLiving(seen)
    ? undefined
    : status === 'completed'
      ? endedWords(detail?.ended_with)
      : t(`requests.status.${status}`);
  return [
    [t('requests.route'), <code>{seen.route}</code>],
    ...(seen.class === undefined ? [] : [[t('requests.class'), classWords(seen.class, seen.class_by)] as const]),
    ...(detail?.context === undefined ? [] : [[t('requests.context'), contextWords(detail.context)] as const]),
    ...(detail !== undefined && detail.shared_with > 0
      ? [[t('requests.shared_with'), t('requests.more_facts', { n: detail.shared_with })] as const]
      : []),
    ...(ended === undefined
      ? []
      : [
          [
            t('requests.ended'),
            code === undefined ? (
              ended
            ) : (
              <>
                {ended}, <code>{code}</code>
              </>
            ),
          ] as const,
        ]),
    [t('requests.request'), <code>{seen.request_id}</code>],
    ...(detail?.cache_key === undefined ? [] : [[t('requests.cache_key'), <code>{detail.cache_key}</code>] as const]),
  ];
}

function contextWords({ tokens, size }: { readonly tokens: number; readonly size: number }): string {
  return t('requests.context_of', { used: count(tokens), size: count(size) });
}

function classWords(name: NonNullable<Seen['class']>, by: string | undefined): string {
  return by === undefined || by === 'default'
    ? CLASS_WORDS[name]
    : t('requests.class_by', { class: CLASS_WORDS[name], by });
}

/** Ollama's word for it, and what that means. */
function endedWords(word: string | undefined): JSX.Element | string | undefined {
  switch (word) {
    case undefined:
      return undefined;
    case 'stop':
      return t('requests.ended_stop');
    case 'length':
      return t('requests.ended_length');
    case 'tool_calls':
      return t('requests.ended_tools');
    default:
      return <>{pieces('requests.ended_with', { word: <code>{word}</code> })}</>;
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
        {why} {t('requests.watching_keeps', { minutes: WATCH_MINUTES })}
      </p>
      <p class="btns kept">
        <button
          class="btn"
          type="button"
          aria-disabled={busy}
          onClick={() => run(() => call('watch', { minutes: WATCH_MINUTES }))}
        >
          {t('requests.watch')}
        </button>
        <button class="link" type="button" onClick={() => go('settings', { setting: 'log.requests' })}>
          {t('requests.keep_always')}
        </button>
      </p>
    </>
  );
}

/** What was asked and what was answered, each folded: they can be long. */
function Text({ body: { request, answer } }: { readonly body: Body }): JSX.Element {
  const parts = [
    ...(request === null ? [] : [[t('requests.asked'), request.text] as const]),
    ...(answer?.thinking === undefined ? [] : [[t('requests.thought'), answer.thinking] as const]),
    ...(answer === null ? [] : [[t('requests.was_answered'), answer.text] as const]),
    ...(answer?.tool_calls === undefined ? [] : [[t('requests.tools'), answer.tool_calls] as const]),
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
      <button
        class="btn"
        type="button"
        aria-label={as === 'curl' ? undefined : t('requests.copy_as', { label })}
        onClick={copy}
      >
        <Icon name={copied ? 'check' : 'copy'} />
        {label}
      </button>
      <Copied yes={copied} />
    </>
  );
}
