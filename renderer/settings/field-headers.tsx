// A setting that is a table of headers: each name with dots for its value and a way to remove it, and a line to add one, or to
// give a new value to one that is there. Values that are kept never come to this page.
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { parseField } from '../../backend/contract/config/config.ts';
import { HIDDEN } from '../../backend/contract/secret.ts';
import type { ControlProps } from './control-props.ts';
import { DOTS } from '../parts/words.ts';
import { RemoveButton } from './remove-button.tsx';

export function HeadersControl({
  field,
  view,
  id,
  describedBy,
  locked,
  wrong,
  save,
  refuse,
}: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const now = (view.settings.values[field.path] ?? {}) as Readonly<Record<string, string>>;
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const first = useRef<HTMLInputElement>(null);
  const without = (gone: string): Record<string, string> =>
    Object.fromEntries(Object.entries(now).filter(([each]) => each.toLowerCase() !== gone.toLowerCase()));
  const add = async (): Promise<void> => {
    const header = name.trim();
    if (header === '' && value === '') return;
    if (parseField(field.path, { [header]: value }) === undefined) {
      refuse(`“${header.slice(0, 40)}” cannot be added. It must be ${field.allowed}.`);
    } else if (await save({ ...without(header), [header]: value })) {
      setName('');
      setValue('');
      first.current?.focus();
    }
  };
  const onEnter = ({ key }: { readonly key: string }): void => void (key === 'Enter' && add());
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {Object.entries(now).map(([each, kept]) => (
        <li key={each}>
          <code>
            {each}: {kept === HIDDEN ? DOTS : kept}
          </code>
          {!locked && <RemoveButton name={each} remove={() => void save(without(each))} />}
        </li>
      ))}
      {!locked && (
        <li>
          <input
            ref={first}
            type="text"
            aria-invalid={wrong && name !== ''}
            aria-label={`Name of a header to add to ${field.title}`}
            placeholder="Name"
            value={name}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setName(currentTarget.value)}
            onKeyDown={onEnter}
          />
          <input
            type="password"
            aria-invalid={wrong && name !== ''}
            aria-label={`Value of the header to add to ${field.title}`}
            placeholder="Value"
            value={value}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setValue(currentTarget.value)}
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
