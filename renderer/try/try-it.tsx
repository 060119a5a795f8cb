// "Try it": a box in which a model is asked through the gateway, as every app asks it. One line until it is used; then the choice
// of the model, the answers, and the way to clear them come with it.
import type { JSX } from 'preact';
import { useEffect, useId, useLayoutEffect, useRef } from 'preact/hooks';
import type { Live } from '../../backend/contract/views/app-state.ts';
import type { View } from '../../backend/contract/window/desktop.ts';
import { t } from '../../words/texts.ts';
import { Problem } from '../parts/parts.tsx';
import { useAction, useCalls } from '../parts/use-calls.ts';
import { modelsToAsk } from './models-to-ask.ts';
import { Turn } from './turn.tsx';

/** What is kept while another tab is shown. */
export interface TryPlace {
  readonly draft: string;
  /** Undefined until one is chosen. */
  readonly model: string | undefined;
  /** Something was typed once. */
  readonly used: boolean;
}
export const UNUSED: TryPlace = { draft: '', model: undefined, used: false };

/** That, where whoever keeps it puts it. */
export interface HeldPlace {
  readonly place: TryPlace;
  /** Works also after another tab was chosen. */
  readonly setPlace: (change: (place: TryPlace) => TryPlace) => void;
}

interface TryProps extends HeldPlace {
  /** null while no gateway runs: then nothing can be asked, and what was said is still there. */
  readonly live: Live | null;
  readonly talk: View['talk'];
  readonly settings: View['settings'];
  readonly now: number;
}

/** Whether it is more than one line. */
export function isOpen(talk: View['talk'], { used }: TryPlace): boolean {
  return used || talk.length > 0;
}

export function TryIt({ live, talk, settings, now, place, setPlace }: TryProps): JSX.Element {
  const { call } = useCalls();
  const { run, busy, problem } = useAction();
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const end = useFollowed(talk);
  const open = isOpen(talk, place);
  const isAnswering = lastAsked(talk)?.state === 'answering';
  const { names, model } =
    live === null ? { names: [], model: '' } : modelsToAsk(live, settings.values['models'], place.model);

  const set = (more: Partial<TryPlace>): void => setPlace((now) => ({ ...now, ...more, used: true }));
  const ask = (): void => {
    const question = place.draft.trim();
    // Until the first one is taken, a second press asks nothing and takes nothing away.
    if (question === '' || isAnswering || busy || live === null) return box.current?.focus();
    set({ draft: '' });
    run(() =>
      call('ask', { model, question }).catch((error: unknown) => {
        // What was typed meanwhile stays.
        setPlace((now) => (now.draft === '' ? { ...now, draft: question } : now));
        throw error;
      }),
    );
  };
  const stop = (): void => run(() => call('stop_answer', {}));
  const clear = (): void => {
    set({});
    run(() => call('clear_talk', {}));
    box.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && isAnswering) {
      event.preventDefault();
      stop();
    }
  };
  const onBoxKeyDown = (event: KeyboardEvent): void => {
    // While a sign is being composed Enter takes it.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask();
  };
  const models = new Set(talk.map((turn) => turn.model));

  return (
    <section class="sec" aria-labelledby={id} onKeyDown={onKeyDown}>
      {open ? (
        <div class="sec-head">
          <h2 id={id}>{t('try.title')}</h2>
          <span class="btns mid">
            {talk.length > 0 && (
              <button class="btn plain" type="button" onClick={clear}>
                {t('try.clear')}
              </button>
            )}
            {live !== null && (
              <span class="pick fit">
                <label class="sr" for={`${id}-model`}>
                  {t('try.model')}
                </label>
                <select
                  id={`${id}-model`}
                  value={model}
                  onChange={({ currentTarget }) => set({ model: currentTarget.value })}
                >
                  {names.map((name) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                </select>
              </span>
            )}
          </span>
        </div>
      ) : (
        <h2 id={id} class="sr">
          {t('try.title')}
        </h2>
      )}
      {open && talk.length === 0 && <p class="quiet before">{t('try.about')}</p>}
      {talk.length > 0 && (
        <ol class="talk" aria-label={t('try.answers')}>
          {talk.map((turn) => (
            <Turn
              key={turn.id}
              turn={turn}
              live={live}
              now={now}
              namesModel={models.size > 1}
              again={
                isAnswering || live === null
                  ? undefined
                  : () => run(() => call('ask', { model: turn.model, question: turn.question, instead_of: turn.id }))
              }
            />
          ))}
        </ol>
      )}
      <p class="sr" role="status">
        {saidOf(talk)}
      </p>
      {/* With a key, or Preact takes it for the heading that comes, and the typing is lost. */}
      <div class="say" key="say" ref={end}>
        {live !== null && (
          <div>
            <label class="sr" for={`${id}-question`}>
              {t('try.question')}
            </label>
            <textarea
              id={`${id}-question`}
              ref={box}
              rows={1}
              maxLength={100_000}
              placeholder={t('try.placeholder', { model })}
              value={place.draft}
              onInput={({ currentTarget }) => set({ draft: currentTarget.value })}
              onKeyDown={onBoxKeyDown}
            />
          </div>
        )}
        {(live !== null || isAnswering) && (
          <button class={open && !isAnswering ? 'btn primary' : 'btn'} type="button" onClick={isAnswering ? stop : ask}>
            {isAnswering ? t('try.stop') : t('try.ask')}
          </button>
        )}
      </div>
      <Problem text={problem} />
    </section>
  );
}

/** Not always the last one that is shown: one can be asked once more in its place. */
function lastAsked(talk: View['talk']): View['talk'][number] | undefined {
  return talk.toSorted((a, b) => a.id - b.id).at(-1);
}

/** How the newest answer ended, for those who cannot see it come; null, since Preact would write an empty text anew each time. */
function saidOf(talk: View['talk']): string | null {
  const turn = lastAsked(talk);
  switch (turn?.state) {
    case undefined:
    case 'answering':
      return null;
    case 'answered':
      return t('try.is_answered');
    case 'stopped':
      return t('try.is_stopped');
    case 'failed':
      return t('try.is_failed', { why: turn.error?.sentence ?? '' });
  }
}

/** The ref for what stands below the answers: while it is in sight, it stays so as they grow. Who scrolls away is left alone. */
function useFollowed(talk: View['talk']) {
  const end = useRef<HTMLDivElement>(null);
  const inSight = useRef(false);
  useEffect(() => {
    const element = end.current;
    if (element === null) return undefined;
    const seen = new IntersectionObserver(([entry]) => {
      inSight.current = entry?.isIntersecting === true;
    });
    seen.observe(element);
    return () => seen.disconnect();
  }, []);
  const last = lastAsked(talk);
  const length = (last?.answer.length ?? 0) + (last?.thinking.length ?? 0);
  useLayoutEffect(() => {
    if (last !== undefined && inSight.current) end.current?.scrollIntoView({ block: 'nearest' });
  }, [last?.id, last?.state, length]);
  return end;
}
