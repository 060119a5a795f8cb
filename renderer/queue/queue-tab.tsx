// The tab Queue: what runs, who waits in which order and since when, and what became of the rest.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { useHeldRows } from '../parts/held-rows.ts';
import { runningRows, type Live } from '../../backend/contract/views/app-state.ts';
import { classesInLine, isToldLater, lineRows, waitingRows } from '../parts/run-rows.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { Behind, isAnyBehind } from './batch-rows.tsx';
import { RunningRow, WaitingRow } from './queue-rows.tsx';
import { count, moment, roughly } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { reasonsOf } from './reasons.ts';
import { Why } from './why.tsx';

export function Queue({ view, now }: { readonly view: View; readonly now: number }): JSX.Element {
  const { gateway, live, settings } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  const slots = settings.values['queue.max_concurrent'];
  const places = settings.values['queue.max_queue_size'];
  const running = runningRows(live);
  if (running.length === 0 && live.health.queue.length === 0 && !isAnyBehind(live)) {
    return (
      <>
        <Empty mark="idle" title={t(live.queue.paused ? 'queue.empty_paused' : 'queue.empty')}>
          <p>{t(live.queue.paused ? 'queue.until_resumed' : 'queue.when_busy')}</p>
        </Empty>
        <Totals live={live} now={now} />
      </>
    );
  }
  return (
    <div class="cols">
      <div>
        <Section title={t('queue.running')} end={<p class="sec-note">{slotWords(live.health.queue.running, slots)}</p>}>
          {running.length === 0 && (
            <p class="quiet">{t(live.queue.paused ? 'queue.nothing_starts' : 'queue.nothing_runs')}</p>
          )}
          <ul>
            {running.map((entry) => (
              <RunningRow key={entry.request_id} entry={entry} live={live} now={now} />
            ))}
          </ul>
        </Section>
        <Section
          title={t('queue.waiting')}
          end={<p class="sec-note">{placeWords(live.health.queue.length, places)}</p>}
        >
          <Line live={live} now={now} agingMs={settings.values['queue.aging_ms']} />
        </Section>
        <Behind live={live} now={now} />
      </div>
      <div>
        {new Set(classesInLine(waitingRows(live))).size > 1 && <Why view={view} />}
        <Totals live={live} now={now} />
      </div>
    </div>
  );
}

/** "1 of 1 slot" */
function slotWords(used: number, all: unknown): string {
  return typeof all === 'number' ? t('queue.slots', { used: count(used), all }) : count(used);
}

/** "5 of 100 places" */
function placeWords(used: number, all: unknown): string {
  return typeof all === 'number' ? t('queue.places', { used: count(used), all }) : count(used);
}

interface LineProps {
  readonly live: Live;
  readonly now: number;
  /** queue.aging_ms */
  readonly agingMs: unknown;
}

function Line({ live, now, agingMs }: LineProps): JSX.Element {
  const list = useRef<HTMLOListElement>(null);
  const { rows, release, handlers } = useHeldRows(waitingRows(live), list);
  if (rows.length === 0) return <p class="quiet">{t('queue.none_wait')}</p>;
  const reasons = reasonsOf(live, now, agingMs);
  return (
    <>
      <ol ref={list} {...handlers}>
        {lineRows(live, rows).map((row) => {
          if (row.kind === 'class') {
            return (
              <li key={row.class} class="q-class">
                <b>{CLASS_WORDS[row.class]}</b>
                <span>{t(HOW[row.class], { n: row.count })}</span>
              </li>
            );
          }
          if (row.kind === 'request') {
            const { entry } = row;
            const reason = reasons.get(entry.request_id) ?? '';
            return (
              <WaitingRow
                key={entry.request_id}
                entry={entry}
                reason={reason}
                live={live}
                now={now}
                onMoved={release}
              />
            );
          }
          const { model, loadMs } = row;
          return (
            <li key={row.id} class="q-break">
              <span>
                {loadMs === null ? t('queue.then', { model }) : t('queue.then_loads', { model, time: roughly(loadMs) })}
              </span>
            </li>
          );
        })}
      </ol>
      {rows.some((entry) => isToldLater(entry, live)) && <p class="meta2 kept">{t('queue.later')}</p>}
    </>
  );
}

/** How a class goes, beside the number of those in it. */
const HOW = {
  interactive: 'queue.go_first',
  normal: 'queue.in_turn',
  background: 'queue.give_way',
} as const satisfies Readonly<Record<QueueClass, string>>;

/** What became of the requests since counting began. */
function Totals({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element {
  const { completed, failed, cancelled, refused } = live.queue.totals;
  const { model_switches: made, model_switches_avoided: avoided } = live.stats.batch_processor;
  const sentences = [
    t('queue.totals', { completed, cancelled, refused }),
    ...(failed > 0 ? [t('queue.failed', { n: failed })] : []),
    ...(avoided > 0 ? [t('queue.switches', { avoided: count(avoided), all: avoided + made })] : []),
  ];
  return (
    <Section title={t('queue.since', { time: moment(Date.parse(live.stats.since), now) })}>
      <p class="quiet">{sentences.join(' ')}</p>
    </Section>
  );
}
