// Above the list: a search by words, and which sources are shown, each with how many there are.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { SOURCES, type Source } from '../../backend/contract/chat/chat.ts';
import { t } from '../../words/texts.ts';
import { Icon } from '../parts/parts.tsx';
import { useCalls, useReportedAction } from '../parts/use-calls.ts';
import { count, timeOfDay } from '../parts/words.ts';
import type { Counts, Filter } from './request-loader.ts';
import type { Requests } from './use-requests.ts';

export const ALL = 'all';
/** Hit, coalesced, miss, bypass in the order of what they cost, and what did not end well. */
const CHOICES = [ALL, 'hit', 'coalesced', 'miss', 'bypass', 'failed'] as const;
export type Choice = (typeof CHOICES)[number];

export function filterOf(words: string, choice: Choice): Filter {
  const text = words.trim();
  return {
    ...(text === '' ? {} : { q: text }),
    ...(isSource(choice) ? { source: [choice] } : {}),
    ...(choice === 'failed' ? { status: [choice] } : {}),
  };
}

function isSource(choice: Choice): choice is Source {
  return (SOURCES as readonly string[]).includes(choice);
}

interface ToolsProps {
  readonly words: string;
  readonly setWords: (words: string) => void;
  readonly choice: Choice;
  readonly setChoice: (choice: Choice) => void;
  readonly requests: Requests;
  /** Until when texts are kept; undefined while nobody watches closely. */
  readonly watchingUntil: string | undefined;
  /** Nothing is looked for. */
  readonly isWhole: boolean;
}

export function RequestTools(props: ToolsProps): JSX.Element {
  const { words, setWords, choice, setChoice, requests, watchingUntil, isWhole } = props;
  const input = useRef<HTMLInputElement>(null);
  const { loaded } = requests;
  const clear = (): void => {
    setWords('');
    input.current?.focus();
  };
  return (
    <>
      <div class="tools">
        <div class="find">
          <Icon name="search" />
          <label class="sr" for="find">
            {t('requests.find')}
          </label>
          <input
            id="find"
            ref={input}
            type="search"
            maxLength={500}
            placeholder={t('requests.find_in')}
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
            onKeyDown={({ key }) => key === 'Escape' && setWords('')}
          />
          {words !== '' && (
            <button
              class="btn icon"
              type="button"
              aria-label={t('requests.clear_search')}
              title={t('requests.clear')}
              onClick={clear}
            >
              <Icon name="close" />
            </button>
          )}
        </div>
        <span class="pick">
          <label class="sr" for="src">
            {t('requests.source')}
          </label>
          <select id="src" value={choice} onChange={({ currentTarget }) => setChoice(currentTarget.value as Choice)}>
            {CHOICES.map((each) => (
              <option key={each} value={each}>
                {choiceWords(each, loaded?.counts)}
              </option>
            ))}
          </select>
        </span>
      </div>
      <p class="sr" role="status">
        {!isWhole && foundWords(requests)}
      </p>
      <Watching until={watchingUntil} />
    </>
  );
}

/** "Hit 112" */
function choiceWords(choice: Choice, counts: Counts | undefined): string {
  const word = choice === ALL ? t('requests.all') : t(`parts.source.${choice}`);
  return counts === undefined ? word : `${word} ${count(counts[choice])}`;
}

/** How many a search has found, for those who cannot see the rows; of a living list it says nothing. */
function foundWords({ loaded }: Requests): string {
  if (loaded?.list === undefined) return '';
  const { rows, next } = loaded.list;
  return t(next === null ? 'requests.found' : 'requests.found_or_more', { n: rows.length });
}

/** Until when texts are kept, and the way to end it. */
function Watching({ until }: { readonly until: string | undefined }): JSX.Element | null {
  const { call } = useCalls();
  const { run, busy } = useReportedAction();
  if (until === undefined) return null;
  return (
    <p class="watching">
      <span>{t('requests.kept_until', { time: timeOfDay(Date.parse(until)) })}</span>
      <button
        class="btn plain"
        type="button"
        aria-disabled={busy}
        aria-label={t('requests.stop_keeping')}
        onClick={() => run(() => call('watch', { minutes: 0 }))}
      >
        {t('requests.stop')}
      </button>
    </p>
  );
}
