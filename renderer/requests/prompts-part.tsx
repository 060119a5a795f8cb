// Where the prompt of a request parted from that of the request before it, and what that cost.
import type { JSX } from 'preact';
import type { Parted } from '../../backend/contract/views/request-detail.ts';
import { listed } from '../../words/figures.ts';
import { t } from '../../words/texts.ts';
import { Section } from '../parts/parts.tsx';
import { count, dayAndTime, timeOfDay } from '../parts/words.ts';
import type { Seen } from './use-requests.ts';

interface PartProps {
  readonly parted: Parted;
  readonly seen: Seen;
  readonly setOpen: (id: string) => void;
}

export function PromptsPart({ parted, seen, setOpen }: PartProps): JSX.Element {
  const { same_chars, chars, block, where, what } = parted;
  const at = t('requests.part_at', { isAbout: String(block > 1), at: count(same_chars + 1), of: count(chars) });
  const isSame = same_chars >= chars;
  const isDiffShown = parted.then !== undefined && parted.now !== undefined;
  return (
    <Section title={t('requests.part')} end={<p class="sec-note">{isSame ? t('requests.part_nowhere') : at}</p>}>
      <ul class="diff">
        <Line text={parted.then} alone={!isDiffShown} say={t('requests.part_then')}>
          <button class="link" type="button" onClick={() => setOpen(parted.with.request_id)}>
            <Clock at={parted.with.created_at} beside={seen.created_at} />
            <span class="sr">, {t('requests.show_that')}</span>
          </button>
        </Line>
        {isDiffShown && (
          <Line text={parted.now} alone={false} say={t('requests.part_now')}>
            <Clock at={seen.created_at} beside={seen.created_at} />
          </Line>
        )}
      </ul>
      <p class="meta2 kept">{partedWords(parted, isSame, where, what).join(' ')}</p>
    </Section>
  );
}

interface LineProps {
  readonly text: Parted['now'];
  /** It stands for both: there is no text to compare. */
  readonly alone: boolean;
  /** For those who cannot see which part is marked. */
  readonly say: string;
  readonly children: JSX.Element;
}

function Line({ text, alone, say, children }: LineProps): JSX.Element {
  return (
    <li>
      {children}
      {text === undefined || alone ? (
        <span class="quiet">{t('requests.one_before')}</span>
      ) : (
        <span>
          …{text.before}
          <span class="sr"> {say}: </span>
          <mark>{text.differs}</mark>
          {text.after}…
        </span>
      )}
    </li>
  );
}

/** The time of a request, with its day where the two are of different days. */
function Clock({ at, beside }: { readonly at: string; readonly beside: string }): JSX.Element {
  const isSameDay = new Date(at).toDateString() === new Date(beside).toDateString();
  const words = isSameDay ? timeOfDay(Date.parse(at), true) : dayAndTime(Date.parse(at));
  return <time dateTime={at}>{words}</time>;
}

/** What differs, how much of both is the same, and what Ollama reused of that. */
function partedWords(parted: Parted, isSame: boolean, where: string, what: string | undefined): string[] {
  const { same_tokens, reused_tokens, known_by, same_after_tokens, new_tokens } = parted;
  const after = [
    ...(same_after_tokens === undefined ? [] : [t('requests.part_same_after', { n: same_after_tokens })]),
    ...(new_tokens === undefined ? [] : [t('requests.part_new', { n: new_tokens })]),
  ];
  const isAbout = String(known_by === 'estimated');
  return [
    isSame
      ? t('requests.part_whole')
      : parted.goes_on === true
        ? t('requests.part_goes_on', { where })
        : what === undefined
          ? t('requests.part_in', { where })
          : t('requests.part_in_what', { where, what }),
    // Made of characters, so that it may differ a little from what Ollama says.
    reused_tokens === null
      ? t('requests.part_same', { n: same_tokens })
      : t('requests.part_same_reused', { n: same_tokens, isAbout, reused: count(reused_tokens) }),
    ...(after.length === 0 ? [] : [t('requests.part_after', { what: listed(after) })]),
    t(parted.block > 1 ? 'requests.part_forgotten' : 'requests.part_compared'),
  ];
}
