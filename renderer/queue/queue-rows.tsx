// One row of the Queue tab: a request that runs, or one that waits.
import type { JSX } from 'preact';
import type { QueueEntry } from '../../backend/contract/queue-view.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import type { Live } from '../../backend/contract/app-state.ts';
import { whenWords } from '../parts/run-rows.ts';
import { Caller, Icon } from '../parts/parts.tsx';
import { clockDuration, count, NOTHING } from '../parts/words.ts';

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
      aria-label={`${model}, show the request of ${caller}`}
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
  const { late, truncated } = entry;
  const facts = [
    ['Tokens', phase === 'loading' ? NOTHING : count(tokens)],
    ['Tokens/s', tokens_per_s === null ? NOTHING : count(tokens_per_s)],
    [phase === 'loading' ? 'Loading for' : 'Running for', since(started_at ?? created_at, now)],
    ['Shared with', shared_with === 0 ? 'nobody' : `${count(shared_with)} more`],
  ];
  return (
    <li>
      <div class="q-row running">
        <span class="q-pos">
          <svg aria-hidden="true">
            <use href={entry.source === 'bypass' ? '#s-bypass' : '#s-miss'} />
          </svg>
        </span>
        <p>
          <ToRequest id={request_id} model={model} caller={caller} /> <span class="quiet">for {caller}</span>
        </p>
        <button
          class="btn"
          type="button"
          aria-disabled={busy}
          aria-label={`Cancel the running request of ${caller}`}
          onClick={() => run(() => call('cancel', { request_id }))}
        >
          Cancel
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
        <p class="q-late">
          The prompt has about {count(truncated.tokens)} tokens, its context {count(truncated.size)}: the oldest part is
          left out
        </p>
      )}
      {late && <p class="q-late">Longer than expected, so far {since(started_at ?? created_at, now)}</p>}
    </li>
  );
}

/** Lower runs sooner inside its class; 0 is usual. */
function priorityWords(priority: number): string {
  if (priority === 0) return '';
  return priority < 0 ? 'high priority' : 'low priority';
}

interface WaitingProps extends RowProps {
  /** That it has moved up, or when it does. */
  readonly climb: string;
  readonly onMoved: () => void;
}

export function WaitingRow(props: WaitingProps): JSX.Element {
  const { entry, climb, live, now, onMoved } = props;
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { request_id, model, caller, class_by, priority, queue_position: position, shared_with, waits_for } = entry;
  const place = `${model}, position ${count(position)}`;
  const shared = shared_with > 0 ? `shared with ${count(shared_with)} more` : '';
  const by = class_by === 'default' ? '' : `by ${class_by}`;
  const lets = waits_for === 'people' ? 'lets people go first' : '';
  const more = [by, priorityWords(priority), climb, lets, shared].filter(Boolean).join(', ');
  return (
    <li class="q-row" data-row={request_id}>
      <span class="q-pos" data-long={position > 999 || undefined}>
        <span class="sr">Position </span>
        {count(position)}
      </span>
      <div>
        <p>
          <ToRequest id={request_id} model={model} caller={caller} />
        </p>
        <p class="meta who">
          <Caller name={caller} after={more === '' ? '' : ', '} />
          <span>{more}</span>
        </p>
      </div>
      <p class="q-when">
        {whenWords(entry, live, now)}
        <span class="meta">waited {since(entry.created_at, now)}</span>
      </p>
      <div class="q-act">
        {position > 1 && (
          <button
            class="btn icon"
            type="button"
            data-act="up"
            aria-disabled={busy}
            aria-label={`Move ${place}, up`}
            title="Move up"
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
          aria-label={`Cancel ${place}`}
          title="Cancel"
          onClick={() => run(() => call('cancel', { request_id }))}
        >
          <Icon name="close" />
        </button>
      </div>
    </li>
  );
}
