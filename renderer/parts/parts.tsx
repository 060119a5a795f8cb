// The small parts that every view is made of: icons, sections, empty views, fire lines, asking back in place.
// They hold no data and know no command; what a view does with them is in the view's own file.
import { shownCaller } from '../../backend/contract/apps.ts';
import type { ComponentChildren, JSX } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../../words/texts.ts';
import { useAction } from './use-calls.ts';
import type { MarkName } from './status.ts';
import { marked } from './words.ts';

/** Says how something is. */
type SignName = 'check' | 'lock' | 'alert' | 'info';
export type IconName = SignName | 'copy' | 'close' | 'up' | 'restart' | 'search' | 'more' | 'out';

/** An icon beside a word, or in a button that has a name; it says nothing by itself. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="i" aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** The arch, with what stands in it. */
export function Mark({ name }: { readonly name: MarkName }): JSX.Element {
  return (
    <svg class="mark" aria-hidden="true">
      <use href={`#m-${name}`} />
    </svg>
  );
}

export type SourceName = 'hit' | 'coalesced' | 'miss' | 'bypass' | 'failed' | 'cancelled';

/** Each as drawn in ten by ten. Not by <use>, whose copy costs the browser more than the shapes: a list has hundreds. */
const SHAPES: Readonly<Record<SourceName, () => JSX.Element>> = {
  hit: () => <circle class="k-hit" cx="5" cy="5" r="4" />,
  coalesced: () => (
    <>
      <circle class="k-half" cx="5" cy="5" r="4" />
      <path class="k-ember" d="M5 0a5 5 0 0 1 0 10z" />
    </>
  ),
  miss: () => <circle class="k-ember" cx="5" cy="5" r="5" />,
  bypass: () => <path class="k-ember" d="M5-.75 10.75 5 5 10.75-.75 5z" />,
  failed: () => <path class="k-bad" d="m1.5 1.5 7 7M8.5 1.5l-7 7" />,
  cancelled: () => <path class="k-off" d="M1 5h8" />,
};

/** The mark that says how much fire an answer cost; it says nothing by itself. */
export function SourceMark({ name }: { readonly name: SourceName }): JSX.Element {
  return (
    <svg viewBox="0 0 10 10" aria-hidden="true">
      {SHAPES[name]()}
    </svg>
  );
}

interface SourceProps {
  readonly name: SourceName;
  /** Where it is called otherwise. */
  readonly word?: string;
}

/** Where an answer came from: the mark and always the word. */
export function Source({ name, word = t(`parts.source.${name}`) }: SourceProps): JSX.Element {
  return (
    <span class="src">
      <SourceMark name={name} />
      {word}
    </span>
  );
}

interface SectionProps {
  readonly title: string;
  /** The heading is only for those who cannot see the section. */
  readonly hidden?: boolean;
  /** A note or control at the right end of the heading. */
  readonly end?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A part of a view under a heading. */
export function Section({ title, hidden = false, end, children }: SectionProps): JSX.Element {
  const id = useId();
  const heading = (
    <h2 id={id} class={hidden ? 'sr' : undefined}>
      {title}
    </h2>
  );
  return (
    <section class="sec" aria-labelledby={id}>
      {end === undefined ? (
        heading
      ) : (
        <div class="sec-head">
          {heading}
          {end}
        </div>
      )}
      {children}
    </section>
  );
}

interface MarkedProps {
  readonly text: string;
  /** What a search looks for, in lower case. */
  readonly words: readonly string[];
}

/** A text in which what was found stands out. */
export function Marked({ text, words }: MarkedProps): JSX.Element {
  return <>{marked(text, words).map((piece, i) => (piece.hit ? <mark key={i}>{piece.text}</mark> : piece.text))}</>;
}

interface StepProps {
  readonly n: number;
  readonly done?: boolean;
  readonly title: string;
  readonly children: ComponentChildren;
}

/** One step of several, with its number or the check in its place. */
export function Step({ n, done = false, title, children }: StepProps): JSX.Element {
  return (
    <li>
      {done ? (
        <span class="num">
          <Icon name="check" />
          <span class="sr">{t('parts.done')}</span>
        </span>
      ) : (
        <span class="num" aria-hidden="true">
          {n}
        </span>
      )}
      <div>
        <h2>{title}</h2>
        {children}
      </div>
    </li>
  );
}

interface EmptyProps {
  readonly mark: MarkName;
  /** What is so. */
  readonly title: string;
  /** What to do about it: a sentence, then perhaps a command or buttons. */
  readonly children: ComponentChildren;
}

/** A view with nothing to show. */
export function Empty({ mark, title, children }: EmptyProps): JSX.Element {
  return (
    <div class="empty">
      <Mark name={mark} />
      <p>{title}</p>
      {children}
    </div>
  );
}

interface CallerProps {
  readonly name: string;
  /** What separates it from the words behind it. */
  readonly after?: string;
}

/** What a caller calls itself, in a row: the row of the running request in Queue has the whole of it. */
export function Caller({ name, after = '' }: CallerProps): JSX.Element {
  return (
    <span class="caller" title={name}>
      {shownCaller(name) + after}
    </span>
  );
}

interface BurnProps {
  /** The header's line or a row's. */
  readonly kind: 'fire' | 'burn';
  /** How much is left, 0 to 1; undefined while the model is being loaded. */
  readonly left: number | undefined;
  readonly label: string;
}

/** How long a model stays warm: full while it works, burning down from the right while it rests. */
export function Burn({ kind, left, label }: BurnProps): JSX.Element {
  return <Bar kind={kind} share={left} label={label} />;
}

interface BarProps {
  /** Its classes. */
  readonly kind: string;
  /** 0 to 1; undefined where it is not known, which shows as something under way. */
  readonly share: number | undefined;
  readonly label: string;
}

/** Steps of a whole bar. */
const BAR_STEPS = 1000;
/** Of one that is empty. */
const LEAST = 0.01;

/** How much of something is done, or left. */
export function Bar({ kind, share, label }: BarProps): JSX.Element {
  // A <progress> that once had a value keeps it unless it is made anew.
  if (share === undefined) return <progress key="unknown" class={kind} aria-label={label} />;
  // Not 0: Preact writes that anew each time it draws (preactjs/preact#2756), and then the browser paints. So little is no pixel.
  const value = Math.max(LEAST, Math.floor(share * BAR_STEPS));
  return <progress key="known" class={kind} max={BAR_STEPS} value={value} aria-label={label} />;
}

interface AskProps {
  /** "Clear 1,204 answers? They cannot be brought back." */
  readonly question: string;
  /** The verb that does it, and the one that leaves it. */
  readonly yes: string;
  readonly no: string;
  /** Resolves when it is done; the row then closes. Throws with the sentence to show in the row. */
  readonly onYes: () => Promise<unknown>;
  readonly onClose: () => void;
}

/** Asks back in place of the row that was pressed, with the focus on the harmless answer. */
export function Ask({ question, yes, no, onYes, onClose }: AskProps): JSX.Element {
  const keep = useRef<HTMLButtonElement>(null);
  const { run, busy, problem } = useAction();
  useLayoutEffect(() => keep.current?.focus(), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') onClose();
  };
  return (
    <div class="row-act" role="group" aria-label={question} onKeyDown={onKeyDown}>
      <p>{question}</p>
      <p class="btns">
        <button
          class="btn danger"
          type="button"
          aria-disabled={busy}
          onClick={() => run(async () => onYes().then(onClose))}
        >
          {yes}
        </button>
        <button class="btn" type="button" ref={keep} onClick={onClose}>
          {no}
        </button>
      </p>
      <Problem text={problem} />
    </div>
  );
}

/** Why an action at this place failed; read out at once. */
export function Problem({ text }: { readonly text: string | undefined }): JSX.Element | null {
  if (text === undefined) return null;
  return (
    <p class="hint bad" role="alert">
      <Icon name="alert" /> {text}
    </p>
  );
}
