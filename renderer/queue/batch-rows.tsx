// What waits behind the line: accepted work that is kept on disk until there is room. A batch is one row, however many it holds.
import type { JSX } from 'preact';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { BatchSummary } from '../../backend/contract/views/queue-view.ts';
import { Section } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { count, moment } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

/** Whether anything waits there. */
export function isAnyBehind({ queue }: Live): boolean {
  return queue.behind > 0 || queue.batches.length > 0;
}

export function Behind({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element | null {
  if (!isAnyBehind(live)) return null;
  const { behind, batches } = live.queue;
  return (
    <Section title={t('queue.behind_line')} end={<p class="sec-note">{t('queue.jobs', { n: behind })}</p>}>
      {batches.length === 0 && <p class="quiet">{t('queue.on_disk')}</p>}
      <ul>
        {batches.map((batch) => (
          <BatchRow key={batch.batch_id} batch={batch} now={now} />
        ))}
      </ul>
    </Section>
  );
}

function BatchRow({ batch, now }: { readonly batch: BatchSummary; readonly now: number }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { batch_id, counts, created_at } = batch;
  const { total, queued, processing, failed } = counts;
  const done = total - queued - processing;
  const facts = [
    t('queue.batch', { id: batch_id, time: moment(Date.parse(created_at), now) }),
    ...(processing > 0 ? [t('queue.batch_running', { n: processing })] : []),
    ...(failed > 0 ? [t('queue.batch_failed', { n: failed })] : []),
  ];
  return (
    <li class="q-row q-batch">
      <span class="q-pos" />
      <div>
        <p class="name">{t('queue.batch_done', { done: count(done), total: count(total) })}</p>
        <p class="meta who">
          <span>{facts.join(', ')}</span>
        </p>
      </div>
      <button
        class="btn"
        type="button"
        aria-disabled={busy}
        aria-label={t('queue.cancel_batch', { id: batch_id })}
        onClick={() => run(() => call('cancel_batch', { batch_id }))}
      >
        {t('queue.cancel')}
      </button>
    </li>
  );
}
