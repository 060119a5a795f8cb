// The line below a field of the settings form: what is so, and the way on from there.
import type { JSX } from 'preact';
import { Copy } from '../parts/copy.tsx';
import type { Hint } from './form.ts';
import { Icon, Marked, type IconName } from '../parts/parts.tsx';
import { thin } from '../parts/words.ts';
import { t } from '../../words/texts.ts';
import { hintPieces } from './hint-text.ts';

const HINT_ICONS: Readonly<Partial<Record<Hint['kind'], IconName>>> = {
  saved: 'check',
  found: 'check',
  wrong: 'alert',
  locked: 'lock',
  restart: 'restart',
};

interface HintLineProps {
  readonly id: string;
  readonly hint: Hint;
  /** The whole meaning, where the hint has it in brief. */
  readonly whole: string | undefined;
  /** What a search looks for, to be seen in the words. */
  readonly words: readonly string[];
  readonly undo: (value: unknown) => Promise<void>;
  readonly use: (text: string) => void;
  readonly go: (path: string) => void;
}

export function HintLine({ id, hint, whole, words, undo, use, go }: HintLineProps): JSX.Element {
  const { kind, text, code, undo: before, use: typed, copy, first } = hint;
  const icon = HINT_ICONS[kind];
  return (
    <p
      class={kind === 'wrong' ? 'hint bad' : 'hint'}
      id={id}
      role={kind === 'wrong' ? 'alert' : undefined}
      title={kind === 'plain' ? whole : undefined}
    >
      {icon !== undefined && <Icon name={icon} />}{' '}
      {kind === 'plain' ? <Meaning text={text} words={words} go={go} /> : <Coded text={thin(text)} code={code} />}
      {copy !== undefined && (
        <>
          {' '}
          <Copy text={copy} what={t('settings.lan_copy')} />
        </>
      )}
      {typed !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => use(typed.text)}>
            {t('settings.use_it')}
          </button>
        </>
      )}
      {before !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => void undo(before.value)}>
            {before.label}
          </button>
        </>
      )}
      {first !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => go(first.path)}>
            {first.label}
          </button>
        </>
      )}
    </p>
  );
}

type MeaningProps = Pick<HintLineProps, 'words' | 'go'> & Pick<Hint, 'text'>;

/** What a setting means; another one that is named in it is a way to that one. */
function Meaning({ text, words, go }: MeaningProps): JSX.Element {
  return (
    <>
      {hintPieces(text).map(({ text: piece, path }, i) => {
        const shown = <Marked key={i} text={thin(piece)} words={words} />;
        if (path === undefined) return shown;
        return (
          <button key={i} class="link" type="button" onClick={() => go(path)}>
            {shown}
          </button>
        );
      })}
    </>
  );
}

/** A sentence with a name of the system's in it. */
function Coded({ text, code }: Pick<Hint, 'text'> & { readonly code: string | undefined }): JSX.Element {
  const [before, ...after] = code === undefined ? [text] : text.split(code);
  return (
    <>
      {before}
      {code !== undefined && <code>{code}</code>}
      {after.join(code)}
    </>
  );
}
