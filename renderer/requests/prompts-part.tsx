// Where the prompt of a request parted from that of the request before it, and what that cost.
import type { JSX } from 'preact';
import type { Parted } from '../../backend/contract/request-detail.ts';
import { Section } from '../parts/parts.tsx';
import { count, dayAndTime, plural, timeOfDay } from '../parts/words.ts';
import type { Seen } from './use-requests.ts';

interface PartProps {
  readonly parted: Parted;
  readonly seen: Seen;
  readonly setOpen: (id: string) => void;
}

export function PromptsPart({ parted, seen, setOpen }: PartProps): JSX.Element {
  const { same_chars, chars, block, where, what } = parted;
  const at = `${block > 1 ? 'about ' : ''}character ${count(same_chars + 1)} of ${count(chars)}`;
  const isSame = same_chars >= chars;
  const isDiffShown = parted.then !== undefined && parted.now !== undefined;
  return (
    <Section title="Where the prompts part" end={<p class="sec-note">{isSame ? 'nowhere' : at}</p>}>
      <ul class="diff">
        <Line text={parted.then} alone={!isDiffShown} say="What was there">
          <button class="link" type="button" onClick={() => setOpen(parted.with.request_id)}>
            <Clock at={parted.with.created_at} beside={seen.created_at} />
            <span class="sr">, show that request</span>
          </button>
        </Line>
        {isDiffShown && (
          <Line text={parted.now} alone={false} say="What is there now">
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
        <span class="quiet">The request before it</span>
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
    ...(same_after_tokens === undefined ? [] : [`${plural(same_after_tokens, 'token')} are the same`]),
    ...(new_tokens === undefined ? [] : [`${count(new_tokens)} are new at the end`]),
  ];
  const about = known_by === 'estimated' ? 'about ' : '';
  return [
    isSame
      ? 'The whole prompt was there before.'
      : parted.goes_on === true
        ? `Nothing differs up to ${where}.`
        : `What differs is in ${where}${what === undefined ? '' : `: ${what}`}.`,
    // Made of characters, so that it may differ a little from what Ollama says.
    `About the first ${plural(same_tokens, 'token')} are the same${
      reused_tokens === null ? '' : `, and Ollama reused ${about}${count(reused_tokens)}`
    }.`,
    ...(after.length === 0 ? [] : [`After it ${after.join(', and ')}.`]),
    ...(parted.block > 1 ? ['Their text is no longer in memory.'] : ['Compared in memory, nothing is written.']),
  ];
}
