// One question with its answer: the text as it comes, and a quiet line that says where it came from and how long it took. What
// failed keeps what came, quotes what was said, and can be asked once more.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { TurnView } from '../../backend/contract/window/talk.ts';
import { t } from '../../words/texts.ts';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { SourceMark } from '../parts/parts.tsx';
import { count, duration, NOTHING } from '../parts/words.ts';
import { originOf } from './turn-words.ts';

interface TurnProps {
  readonly turn: TurnView;
  /** null while no gateway runs. */
  readonly live: Live | null;
  readonly now: number;
  /** Answers of several models stand here. */
  readonly namesModel: boolean;
  /** Asks the same once more, in its place; undefined while that cannot be. */
  readonly again: (() => void) | undefined;
}

export function Turn({ turn, live, now, namesModel, again }: TurnProps): JSX.Element {
  const { question, thinking, answer, state } = turn;
  return (
    <li>
      <p class="q">{question}</p>
      {thinking !== '' && <Thoughts text={thinking} goesOn={state === 'answering' && answer === ''} />}
      {(answer !== '' || state === 'answering') && (
        <p class="a">
          {answer}
          {state === 'answering' && <span class="caret" />}
        </p>
      )}
      <From turn={turn} live={live} now={now} namesModel={namesModel} />
      {state === 'failed' && <Failure turn={turn} again={again} />}
    </li>
  );
}

/** What the model thought before it spoke; made only while it is open. */
function Thoughts({ text, goesOn }: { readonly text: string; readonly goesOn: boolean }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{goesOn ? t('try.thinking') : t('try.thoughts')}</summary>
      {open && <p class="a quiet">{text}</p>}
    </details>
  );
}

/** While the answer comes each figure has its place; then it is a sentence. */
function From({ turn, live, now, namesModel }: Omit<TurnProps, 'again'>): JSX.Element {
  const { state, model, tokens, tokens_per_s: pace, total_ms: total, saved_ms: saved, asked_at } = turn;
  const origin = originOf(turn, live, now);
  const rate = pace === null ? null : t('try.rate', { n: count(pace) });
  const source = origin !== undefined && (
    <span class="src">
      <SourceMark name={origin.mark} />
      {origin.words}
    </span>
  );
  if (state === 'answering') {
    return (
      <p class="from" aria-live="off">
        {source}
        <span>
          <span class="fig c12">{tokens === null ? NOTHING : t('try.tokens', { n: tokens })}</span>
          <span class="fig c6">{rate}</span>
          <span class="fig c6">{duration(Math.max(0, now - Date.parse(asked_at)))}</span>
        </span>
        {namesModel && <span>{model}</span>}
      </p>
    );
  }
  const time = duration(total ?? 0);
  return (
    <p class="from" aria-live="off">
      {source}
      <span>{state === 'answered' && tokens !== null ? t('try.tokens_in', { n: tokens, time }) : time}</span>
      {rate !== null && <span>{rate}</span>}
      {saved !== null && <span>{t('try.saved', { time: duration(saved) })}</span>}
      {namesModel && <span>{model}</span>}
    </p>
  );
}

function Failure({ turn: { error, answer }, again }: Pick<TurnProps, 'turn' | 'again'>): JSX.Element {
  const { call } = useCalls();
  const { run } = useReportedAction();
  return (
    <>
      <p class="bad">{error?.sentence}</p>
      {answer !== '' && <p class="quiet">{t('try.part')}</p>}
      <p class="btns kept">
        <button class="btn" type="button" aria-disabled={again === undefined} onClick={again}>
          {t('try.again')}
        </button>
        <button class="btn plain" type="button" onClick={() => run(() => call('open', { what: 'logs' }))}>
          {t('try.open_log')}
        </button>
      </p>
    </>
  );
}
