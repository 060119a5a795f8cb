// What waits behind the line: accepted work that is kept on disk until there is room. A batch is one row, however many it holds.
import type { JSX } from 'preact';
import type { Live } from '../../backend/contract/app-state.ts';
import type { BatchSummary } from '../../backend/contract/queue-view.ts';
import { Section } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { count, moment, plural } from '../parts/words.ts';

/** Whether anything waits there. */
export function isAnyBehind({ queue }: Live): boolean {
  return queue.behind > 0 || queue.batches.length > 0;
}

export function Behind({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element | null {
  if (!isAnyBehind(live)) return null;
  const { behind, batches } = live.queue;
  return (
    <Section title="Behind the line" end={<p class="sec-note">{plural(behind, 'job')}</p>}>
      {batches.length === 0 && <p class="quiet">They are kept on disk, and go into the line when there is room.</p>}
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
    `since ${moment(Date.parse(created_at), now)}`,
    ...(processing > 0 ? [`${count(processing)} running`] : []),
    ...(failed > 0 ? [`${count(failed)} failed`] : []),
  ];
  return (
    <li class="q-row q-batch">
      <span class="q-pos" />
      <div>
        <p class="name">{`${count(done)} of ${count(total)} done`}</p>
        <p class="meta who">
          <span>{`Batch ${batch_id}, ${facts.join(', ')}`}</span>
        </p>
      </div>
      <button
        class="btn"
        type="button"
        aria-disabled={busy}
        aria-label={`Cancel the batch ${batch_id}`}
        onClick={() => run(() => call('cancel_batch', { batch_id }))}
      >
        Cancel
      </button>
    </li>
  );
}
