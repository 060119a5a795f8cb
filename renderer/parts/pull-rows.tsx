// Downloads in line, each with how far it is and what can be done about it.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PullView } from '../../backend/contract/views/pull-view.ts';
import { t } from '../../words/texts.ts';
import { Bar, Section } from './parts.tsx';
import { useCalls, useReportedAction } from './use-calls.ts';
import { bytes, NOTHING } from './words.ts';
import { pullName, pullWords, whichPull } from './pull-words.ts';

interface Props {
  readonly pulls: readonly PullView[];
  /** Somebody is in this list: a download that has ended keeps its place, so that nothing moves under the pointer. */
  readonly held: boolean;
}

export function Pulls({ pulls, held }: Props): JSX.Element | null {
  const shown = useRef<readonly PullView[]>([]);
  /** What was cancelled here is not installed by that, though an older one of the same name may be. */
  const cancelled = useRef(new Set<string>());
  const inLine = useRef<readonly PullView[]>([]);
  for (const pull of pulls) if (!isIn(inLine.current, pull)) cancelled.current.delete(pullName(pull));
  inLine.current = pulls;
  const before = shown.current;
  const rows = held
    ? [
        ...before.map((last) => pulls.find((each) => pullName(each) === pullName(last)) ?? last),
        ...pulls.filter((pull) => !isIn(before, pull)),
      ]
    : pulls;
  shown.current = rows;
  if (rows.length === 0) return null;
  const ended = rows.filter((pull) => !isIn(pulls, pull)).map(pullName);
  return (
    <Section title={t('models.downloading')} end={<p class="sec-note">{toCome(pulls)}</p>}>
      <PullRows pulls={rows} ended={ended} cancelled={cancelled.current} />
    </Section>
  );
}

function isIn(list: readonly PullView[], pull: PullView): boolean {
  return list.some((each) => pullName(each) === pullName(pull));
}

interface RowsProps {
  readonly pulls: readonly PullView[];
  /** Names of those that are no longer in line. */
  readonly ended?: readonly string[];
  /** Names of those of them that somebody cancelled; who does so is put in. */
  readonly cancelled?: Set<string>;
}

export function PullRows({ pulls, ended = [], cancelled }: RowsProps): JSX.Element {
  return (
    <ul>
      {pulls.map((pull) => {
        const name = pullName(pull);
        return ended.includes(name) ? (
          <EndedRow key={name} model={name} isHere={cancelled?.has(name) !== true} />
        ) : (
          <PullRow key={name} pull={pull} onCancel={() => cancelled?.add(name)} />
        );
      })}
    </ul>
  );
}

/** "19 GB to come", of those that go on by themselves, as far as it is known. */
function toCome(pulls: readonly PullView[]): string {
  const going = pulls.filter(({ state }) => state === 'running' || state === 'waiting');
  const left = going.reduce((sum, { completed, total }) => sum + (total ?? 0) - (completed ?? 0), 0);
  return left <= 0 ? '' : t('models.to_come', { size: bytes(left) });
}

function PullRow({ pull, onCancel }: { readonly pull: PullView; readonly onCancel: () => void }): JSX.Element {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  const { state } = pull;
  const model = pullName(pull);
  const which = whichPull(pull);
  const goes = state === 'running' || state === 'waiting';
  const { first, second, share, label } = pullWords(pull);
  const cancel = (): void => {
    onCancel();
    run(() => call('cancel_pull', which));
  };
  const turn = (): void => run(() => call(goes ? 'pause_pull' : 'pull_model', which));
  const cancelLabel = t(goes ? 'models.cancel_pull' : 'models.take_out_pull', { model });
  return (
    <li class="m-row" data-row={`pull ${model}`}>
      <div>
        <p class="name">{model}</p>
        <p class="meta">{first}</p>
        <p class="meta">{second}</p>
      </div>
      <div class="btns">
        <button class="btn plain" type="button" aria-disabled={busy} aria-label={cancelLabel} onClick={cancel}>
          {goes ? t('models.cancel') : t('models.take_out')}
        </button>
        <button
          class="btn"
          type="button"
          data-act="turn"
          aria-disabled={busy}
          aria-label={goes ? t('models.pause_pull', { model }) : t('models.resume_pull', { model })}
          onClick={turn}
        >
          {goes ? t('models.pause') : t('models.resume')}
        </button>
      </div>
      <PullLine share={share} held={!goes} runs={state === 'running'} label={label} />
    </li>
  );
}

function EndedRow({ model, isHere }: { readonly model: string; readonly isHere: boolean }): JSX.Element {
  const said = isHere ? t('models.pull_done') : t('models.pull_gone');
  return (
    <li class="m-row" data-row={`pull ${model}`}>
      <div>
        <p class="name">{model}</p>
        <p class="meta">{said}</p>
        <p class="meta">{isHere ? NOTHING : t('models.pull_rest')}</p>
      </div>
      <PullLine share={isHere ? 1 : 0} held runs={false} label={`${model}: ${said}`} />
    </li>
  );
}

interface LineProps {
  readonly share: number | undefined;
  readonly held: boolean;
  readonly runs: boolean;
  readonly label: string;
}

function PullLine({ share, held, runs, label }: LineProps): JSX.Element {
  const known = share === undefined && !runs ? 0 : share;
  return <Bar kind={held ? 'burn cool held' : 'burn cool'} share={known} label={label} />;
}
