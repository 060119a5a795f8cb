// A setting that is a list: its entries with a way to remove each, and a line to add one.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { parseField } from '../../backend/contract/config/config.ts';
import type { ControlProps } from './control-props.ts';
import { notAdded } from './form.ts';
import { RemoveButton } from './remove-button.tsx';

export function ListControl({ field, view, id, describedBy, locked, wrong, save, refuse }: ControlProps): JSX.Element {
  const now = view.settings.values[field.path];
  const items = Array.isArray(now) ? now.map(String) : [];
  const [text, setText] = useState('');
  const name = field.item ?? 'an entry';
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
            aria-label={`Add ${name} to ${field.title}`}
            placeholder={`Add ${name}`}
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={({ key }) => void (key === 'Enter' && add())}
          />
          <button class="btn" type="button" aria-label={`Add to ${field.title}`} onClick={() => void add()}>
            Add
          </button>
        </li>
      )}
    </ul>
  );
}
