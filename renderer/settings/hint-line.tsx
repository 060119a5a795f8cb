// The line below a field of the settings form: what is so, and the way on from there.
import type { JSX } from 'preact';
import { Copy } from '../parts/copy.tsx';
import type { Hint } from './form.ts';
import { Icon, Marked, type IconName } from '../parts/parts.tsx';
import { thin } from '../parts/words.ts';

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
  /** What a search looks for, to be seen in the words. */
  readonly words: readonly string[];
  readonly undo: (value: unknown) => Promise<void>;
  readonly use: (text: string) => void;
  readonly go: (path: string) => void;
}

export function HintLine({ id, hint, words, undo, use, go }: HintLineProps): JSX.Element {
  const { kind, text, code, after, undo: before, use: typed, copy, first } = hint;
  const icon = HINT_ICONS[kind];
  return (
    <p class={kind === 'wrong' ? 'hint bad' : 'hint'} id={id} role={kind === 'wrong' ? 'alert' : undefined}>
      {icon !== undefined && <Icon name={icon} />} <Marked text={thin(text)} words={kind === 'plain' ? words : []} />
      {code !== undefined && (
        <>
          {' '}
          <code>{code}</code> {after}
        </>
      )}
      {copy !== undefined && (
        <>
          {' '}
          <Copy text={copy} what="the address for other machines" />
        </>
      )}
      {typed !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => use(typed.text)}>
            Use it
          </button>
        </>
      )}
      {before !== undefined && (
        <>
          {' '}
          <button class="link" type="button" onClick={() => void undo(before.value)}>
            Undo
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
