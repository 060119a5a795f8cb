// The tab Queue: what runs, who waits in which order and since when, and what became of the rest.
import type { JSX } from 'preact';
import { Fragment } from 'preact';
import { useRef } from 'preact/hooks';
import { QUEUE_CLASSES, type QueueClass } from '../../backend/contract/chat/chat-request.ts';
import type { View } from '../../backend/contract/desktop.ts';
import { useHeldRows } from '../parts/held-rows.ts';
import { runningRows, type Live } from '../../backend/contract/app-state.ts';
import { classesInLine, climbOf, lineRows, waitingRows } from '../parts/run-rows.ts';
import { CLASS_WORDS } from '../parts/class-words.ts';
import { useCalls } from '../parts/use-calls.ts';
import { NotRunning } from '../parts/not-running.tsx';
import { Empty, Section } from '../parts/parts.tsx';
import { Behind, isAnyBehind } from './batch-rows.tsx';
import { RunningRow, WaitingRow } from './queue-rows.tsx';
import { count, moment, orNone, plural, roughly } from '../parts/words.ts';

export function Queue({ view, now }: { readonly view: View; readonly now: number }): JSX.Element {
  const { gateway, live, settings } = view;
  if (gateway.state !== 'running' || live === null) return <NotRunning gateway={gateway} />;
  const slots = settings.values['queue.max_concurrent'];
  const places = settings.values['queue.max_queue_size'];
  const running = runningRows(live);
  if (running.length === 0 && live.health.queue.length === 0 && !isAnyBehind(live)) {
    return (
      <>
        <Empty mark="idle" title={live.queue.paused ? 'Paused, and nothing is waiting' : 'Nothing is waiting'}>
          <p>{live.queue.paused ? 'New requests line up here until you resume.' : WHEN}</p>
        </Empty>
        <Totals live={live} now={now} />
      </>
    );
  }
  return (
    <div class="cols">
      <div>
        <Section title="Running" end={<p class="sec-note">{outOf(live.health.queue.running, slots, 'slot')}</p>}>
          {running.length === 0 && (
            <p class="quiet">{live.queue.paused ? 'Paused: nothing starts until you resume.' : 'Nothing runs.'}</p>
          )}
          <ul>
            {running.map((entry) => (
              <RunningRow key={entry.request_id} entry={entry} live={live} now={now} />
            ))}
          </ul>
        </Section>
        <Section title="Waiting" end={<p class="sec-note">{outOf(live.health.queue.length, places, 'place')}</p>}>
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

const WHEN = 'Requests line up here when every slot is busy.';

/** "1 of 1 slot" */
function outOf(used: number, all: unknown, noun: string): string {
  return typeof all === 'number' ? `${count(used)} of ${plural(all, noun)}` : count(used);
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
  if (rows.length === 0) return <p class="quiet">Nothing is waiting. {WHEN}</p>;
  return (
    <ol ref={list} {...handlers}>
      {lineRows(live, rows).map((row) => {
        if (row.kind === 'class') {
          return (
            <li key={row.class} class="q-class">
              <b>{CLASS_WORDS[row.class]}</b>
              <span>{`${count(row.count)}, ${HOW[row.class]}`}</span>
            </li>
          );
        }
        if (row.kind === 'request') {
          const { entry } = row;
          const climb = climbOf(row, live, now, agingMs);
          return (
            <WaitingRow key={entry.request_id} entry={entry} climb={climb} live={live} now={now} onMoved={release} />
          );
        }
        return (
          <li key={row.id} class="q-break">
            <span>
              then {row.model}
              {row.loadMs !== null && `, which loads in about ${roughly(row.loadMs)}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** How a class goes, beside the number of those in it. */
const HOW: Readonly<Record<QueueClass, string>> = {
  interactive: 'go first',
  normal: 'in turn',
  background: 'give way',
};

/** Whom each class is for. */
const FOR: Readonly<Record<QueueClass, string>> = {
  interactive: 'Someone is watching: a chat, a coding agent',
  normal: 'All else that does not say',
  background: 'Titles, tags, follow-up questions, and what rules name',
};

/** Why the line stands as it does. */
function Why({ view }: { readonly view: View }): JSX.Element {
  const { go } = useCalls();
  const aging = view.settings.values['queue.aging_ms'];
  return (
    <section class="sec">
      <details class="fold" open>
        <summary>Why in this order</summary>
        <dl class="facts kept">
          {QUEUE_CLASSES.map((name) => (
            <Fragment key={name}>
              <dt>{CLASS_WORDS[name]}</dt>
              <dd>{FOR[name]}</dd>
            </Fragment>
          ))}
        </dl>
        <p class="quiet">
          {typeof aging === 'number' && `Who waits ${roughly(aging)} moves up one class. `}
          <button class="link" type="button" onClick={() => go('settings')}>
            Change the class of an app…
          </button>
        </p>
      </details>
    </section>
  );
}

/** What became of the requests since counting began. */
function Totals({ live, now }: { readonly live: Live; readonly now: number }): JSX.Element {
  const { completed, failed, cancelled, refused } = live.queue.totals;
  const { model_switches: made, model_switches_avoided: avoided } = live.stats.batch_processor;
  const was = (value: number): string => (value === 1 || value === 0 ? 'was' : 'were');
  const sentences = [
    `${completed === 0 ? 'None' : count(completed)} ${was(completed)} answered, ${orNone(cancelled)} ${was(cancelled)} cancelled, ${orNone(refused)} ${was(refused)} refused.`,
    ...(failed > 0 ? [`${count(failed)} failed.`] : []),
    ...(avoided > 0
      ? [`Running requests of one model together avoided ${count(avoided)} of ${plural(avoided + made, 'model switch', 'model switches')}.`] // prettier-ignore
      : []),
  ];
  return (
    <Section title={`Since ${moment(Date.parse(live.stats.since), now)}`}>
      <p class="quiet">{sentences.join(' ')}</p>
    </Section>
  );
}
