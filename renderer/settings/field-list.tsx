// A setting that is a list: its entries with a way to remove each, and a line to add one.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { parseField } from '../../backend/contract/config/config.ts';
import type { ControlProps } from './control-props.ts';
import { notAdded } from './form.ts';
import { RemoveButton } from './remove-button.tsx';
import { t } from '../../words/texts.ts';

export function ListControl({ field, view, id, describedBy, locked, wrong, save, refuse }: ControlProps): JSX.Element {
  const now = view.settings.values[field.path];
  const items = Array.isArray(now) ? now.map(String) : [];
  const [text, setText] = useState('');
  const item = field.item ?? t('settings.an_entry');
  const add = async (): Promise<void> => {
    const entry = text.trim();
    if (entry === '') return;
    const next = items.includes(entry) ? items : [...items, entry];
    if (parseField(field.path, next) === undefined) refuse(notAdded(entry, field));
    else if (await save(next)) setText('');
  };
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {items.map((item) => (
        <li key={item}>
          <code>{item}</code>
          {!locked && <RemoveButton name={item} remove={() => void save(items.filter((each) => each !== item))} />}
        </li>
      ))}
      {!locked && (
        <li>
          <input
            type="text"
            aria-invalid={wrong && text !== ''}
            aria-label={t('settings.add_item_to', { item, title: field.title })}
            placeholder={t('settings.add_item', { item })}
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={({ key }) => void (key === 'Enter' && add())}
          />
          <button
            class="btn"
            type="button"
            aria-label={t('settings.add_to', { title: field.title })}
            onClick={() => void add()}
          >
            {t('settings.add')}
          </button>
        </li>
      )}
    </ul>
  );
}
