// A setting that is a list: its entries with a way to remove each, and a line to add one.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ControlProps } from './field.tsx';
import { itemName } from './form.ts';
import { Icon } from './parts.tsx';

export function ListControl({ field, view, id, describedBy, locked, save }: ControlProps): JSX.Element {
  const now = view.settings.values[field.path];
  const items = Array.isArray(now) ? now.map(String) : [];
  const [text, setText] = useState('');
  const name = itemName(field);
  const add = async (): Promise<void> => {
    const entry = text.trim();
    if (entry !== '' && (await save([...items, entry]))) setText('');
  };
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {items.map((item) => (
        <li key={item}>
          <code>{item}</code>
          {!locked && (
            <button
              class="btn icon"
              type="button"
              aria-label={`Remove ${item}`}
              title="Remove"
              onClick={() => void save(items.filter((each) => each !== item))}
            >
              <Icon name="close" />
            </button>
          )}
        </li>
      ))}
      {!locked && (
        <li>
          <input
            type="text"
            aria-label={`Add a ${name} to ${field.title}`}
            placeholder={`Add a ${name}`.replace('a origin', 'an origin').replace('a entry', 'an entry')}
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
