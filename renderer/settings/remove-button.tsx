// The button that takes one entry out of a setting that has several.
import type { JSX } from 'preact';
import { Icon } from '../parts/parts.tsx';
import { t } from '../../words/texts.ts';

interface RemoveButtonProps {
  /** The entry, as a screen reader is to say it. */
  readonly name: string;
  remove(): void;
}

export function RemoveButton({ name, remove }: RemoveButtonProps): JSX.Element {
  return (
    <button
      class="btn icon"
      type="button"
      aria-label={t('settings.remove_one', { name })}
      title={t('settings.remove')}
      onClick={remove}
    >
      <Icon name="close" />
    </button>
  );
}
