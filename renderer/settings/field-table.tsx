// A setting that is a table by name: each entry as the file has it, with ways to change and to remove it, and a line to add one.
// What an entry may hold is the setting's own; here it is written as JSON, as in the file.
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { parseField } from '../../backend/contract/config/config.ts';
import type { ControlProps } from './control-props.ts';
import { RemoveButton } from './remove-button.tsx';

export function TableControl({ field, view, id, describedBy, locked, wrong, save, refuse }: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const now = (view.settings.values[field.path] ?? {}) as Readonly<Record<string, unknown>>;
  const [name, setName] = useState('');
  const [text, setText] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const clear = (): void => {
    setName('');
    setText('');
    first.current?.focus();
  };
  const add = async (): Promise<void> => {
    const key = name.trim();
    if (key === '' && text.trim() === '') return;
    const next = { ...now, [key]: entryIn(text) };
    if (parseField(field.path, next) === undefined) {
      refuse(`“${key.slice(0, 40)}” cannot be added. It must be ${field.allowed}.`);
    } else if (await save(next)) clear();
  };
  const edit = (key: string, entry: unknown): void => {
    setName(key);
    setText(JSON.stringify(entry));
    first.current?.focus();
  };
  const onEnter = ({ key }: { readonly key: string }): void => void (key === 'Enter' && add());
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {Object.entries(now).map(([key, entry]) => (
        <li key={key}>
          <code>
            {key}: {JSON.stringify(entry)}
          </code>
          {!locked && (
            <>
              <button class="btn plain" type="button" aria-label={`Edit ${key}`} onClick={() => edit(key, entry)}>
                Edit
              </button>
              <RemoveButton
                name={key}
                remove={() => void save(Object.fromEntries(Object.entries(now).filter(([each]) => each !== key)))}
              />
            </>
          )}
        </li>
      ))}
      {!locked && (
        <li>
          <input
            ref={first}
            type="text"
            aria-invalid={wrong && name !== ''}
            aria-label={`Name of ${field.item ?? 'an entry'} to add to ${field.title}`}
            placeholder="Name"
            value={name}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
            onKeyDown={onEnter}
          />
          <input
            type="text"
            aria-invalid={wrong && text !== ''}
            aria-label={`What is said of it, as JSON, to add to ${field.title}`}
            placeholder="{ }"
            value={text}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={onEnter}
          />
          <button class="btn" type="button" aria-label={`Add to ${field.title}`} onClick={() => void add()}>
            Add
          </button>
        </li>
      )}
    </ul>
  );
}

/** What is no JSON is no entry, and its setting says so. */
function entryIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
