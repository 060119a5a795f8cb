// One row of the Queue tab: a request that runs, or one that waits.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { JSX } from 'preact';
import type { QueueEntry } from '../../backend/contract/views/queue-view.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import type { Live } from '../../backend/contract/views/app-state.ts';
import { whenWords } from '../parts/run-rows.ts';
import { Caller, Icon, SourceMark } from '../parts/parts.tsx';
import { clockDuration, count, eta, NOTHING } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { ruleWords } from './reasons.ts';

interface RowProps {
  readonly entry: QueueEntry;
  readonly live: Live;
  readonly now: number;
}

/** How long ago something began. */
const since = (time: string, now: number): string => clockDuration(now - Date.parse(time));

interface ToRequestProps {
  readonly id: string;
  readonly model: string;
  readonly caller: string;
}

/** The name of the model, which leads to the request in full. */
function ToRequest({ id, model, caller }: ToRequestProps): JSX.Element {
  const { go } = useCalls();
  return (
    <button
      class="link name"
      type="button"
      data-act="show"
      aria-label={t('queue.show_request', { model, caller: shownCaller(caller) })}
      onClick={() => go('requests', { request: id })}
    >
      {model}
    </button>
  );
}

export function RunningRow({ entry, now }: RowProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { request_id, model, caller, phase, tokens, tokens_per_s, started_at, created_at, shared_with } = entry;
  const { late, expected_ms, truncated, inner, upstream } = entry;
  const ran = since(started_at ?? created_at, now);
  const facts = [
    [t('queue.tokens'), phase === 'loading' ? NOTHING : count(tokens)],
    [t('queue.tokens_per_s'), tokens_per_s === null ? NOTHING : count(tokens_per_s)],
    late && expected_ms !== null
      ? [t('queue.expected'), clockDuration(expected_ms)]
      : [t(phase === 'loading' ? 'queue.loading_for' : 'queue.running_for'), ran],
    [t('queue.shared_with'), t('queue.shared_more', { n: shared_with })],
  ];
  return (
    <li>
      <div class="q-row running">
        <span class="q-pos">
          <SourceMark name={entry.source === 'bypass' ? 'bypass' : 'miss'} />
        </span>
        <div>
          <p>
            <ToRequest id={request_id} model={model} caller={caller} />{' '}
            <span class="quiet">{t('queue.for', { caller: shownCaller(caller) })}</span>
          </p>
          {inner !== undefined && (
            <p class="meta">
              {upstream === undefined
                ? t('queue.in_line_behind', {
                    position: count(inner.queue_position),
                    time: eta(inner.estimated_wait_time),
                  })
                : t('queue.in_line_at', {
                    machine: upstream,
                    position: count(inner.queue_position),
                    time: eta(inner.estimated_wait_time),
                  })}
            </p>
          )}
          {late && inner === undefined && <p class="meta">{t('queue.late', { time: ran })}</p>}
        </div>
        <button
          class="btn"
          type="button"
          aria-disabled={busy}
          aria-label={t('queue.cancel_running', { caller: shownCaller(caller) })}
          onClick={() => run(() => call('cancel', { request_id }))}
        >
          {t('queue.cancel')}
        </button>
      </div>
      <dl class="live">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {truncated !== undefined && (
        <p class="q-cut">{t('queue.truncated', { tokens: count(truncated.tokens), size: count(truncated.size) })}</p>
      )}
    </li>
  );
}

interface WaitingProps extends RowProps {
  /** Why it stands where it does; empty where nothing is to be said. */
  readonly reason: string;
  readonly onMoved: () => void;
}

export function WaitingRow(props: WaitingProps): JSX.Element {
  const { entry, reason, live, now, onMoved } = props;
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { request_id, model, caller, class_by, queue_position: position, shared_with } = entry;
  const place = { model, position: count(position) };
  const shared = shared_with > 0 ? t('queue.shared_by', { n: shared_with }) : '';
  const more = [ruleWords(entry), reason].filter(Boolean).join(', ');
  return (
    <li class="q-row" data-row={request_id}>
      <span class="q-pos" data-long={position > 999 || undefined}>
        <span class="sr">{t('queue.position')} </span>
        {count(position)}
      </span>
      <div>
        <p>
          <ToRequest id={request_id} model={model} caller={caller} />
          {shared !== '' && <span class="quiet"> {shared}</span>}
        </p>
        <p class="meta who" title={class_by === 'default' ? undefined : t('queue.class_by', { by: class_by })}>
          <Caller name={caller} after={more === '' ? '' : ', '} />
          <span>{more}</span>
        </p>
      </div>
      <p class="q-when">
        {whenWords(entry, live, now)}
        <span class="meta">{t('queue.waited', { time: since(entry.created_at, now) })}</span>
      </p>
      <div class="q-act">
        {position > 1 && (
          <button
            class="btn icon"
            type="button"
            data-act="up"
            aria-disabled={busy}
            aria-label={t('queue.move_up_one', place)}
            title={t('queue.move_up')}
            onClick={() => run(() => call('move_up', { request_id }).then(onMoved))}
          >
            <Icon name="up" />
          </button>
        )}
        <button
          class="btn icon"
          type="button"
          data-act="cancel"
          aria-disabled={busy}
          aria-label={t('queue.cancel_waiting', place)}
          title={t('queue.cancel')}
          onClick={() => run(() => call('cancel', { request_id }))}
        >
          <Icon name="close" />
        </button>
      </div>
    </li>
  );
}
