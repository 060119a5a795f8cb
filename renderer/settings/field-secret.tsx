// A setting that is a secret: a line to type a new one, which shows dots, and a way to take it away. The one that is kept
// never comes to this page; that there is one is seen by the dots in the empty line.
import type { JSX } from 'preact';
import { isMasked } from '../../backend/contract/secret.ts';
import type { ControlProps } from './control-props.ts';
import { DOTS } from '../parts/words.ts';
import { t } from '../../words/texts.ts';

export function SecretControl(props: ControlProps): JSX.Element {
  const { field, view, id, describedBy, locked, wrong, text, setTyped, take, save } = props;
  const isKept = isMasked(view.settings.values[field.path]);
  return (
    <>
      <input
        id={id}
        aria-describedby={describedBy}
        aria-invalid={wrong}
        type="password"
        readOnly={locked}
        placeholder={isKept ? DOTS : t('settings.none')}
        value={text}
        spellcheck={false}
        autocomplete="off"
        onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        onBlur={() => text !== '' && take(text)}
        onKeyDown={({ key }) => {
          if (key === 'Enter') take(text);
          if (key === 'Escape') take('');
        }}
      />
      {isKept && !locked && (
        <button
          class="btn"
          type="button"
          aria-label={t('settings.remove_one', { name: field.title })}
          onClick={() => void save('')}
        >
          {t('settings.remove')}
        </button>
      )}
    </>
  );
}
