// A setting that is a table by name: each entry as the file has it, with ways to change and to remove it, and a line to add one.
// What an entry may hold is the setting's own; here it is written as JSON, as in the file.
import type { JSX } from 'preact';
import { parseField } from '../../backend/contract/config/config.ts';
import type { ControlProps } from './control-props.ts';
import { notAdded } from './form.ts';
import { NamedLineRow, useNamedLine } from './named-line.tsx';
import { RemoveButton } from './remove-button.tsx';
import { t } from '../../words/texts.ts';

export function TableControl({ field, view, id, describedBy, locked, wrong, save, refuse }: ControlProps): JSX.Element {
  // The contract's schema has checked it on its way here.
  const now = (view.settings.values[field.path] ?? {}) as Readonly<Record<string, unknown>>;
  const line = useNamedLine();
  const add = async (): Promise<void> => {
    const key = line.name.trim();
    if (key === '' && line.value.trim() === '') return;
    const next = { ...now, [key]: entryIn(line.value) };
    if (parseField(field.path, next) === undefined) refuse(notAdded(key, field));
    else if (await save(next)) line.fill('', '');
  };
  return (
    <ul class="items" aria-labelledby={id} aria-describedby={describedBy}>
      {Object.entries(now).map(([key, entry]) => (
        <li key={key}>
          <code>
            {key}: {JSON.stringify(entry)}
          </code>
          {!locked && (
            <>
              <button
                class="btn plain"
                type="button"
                aria-label={t('settings.edit_one', { name: key })}
                onClick={() => line.fill(key, JSON.stringify(entry))}
              >
                {t('settings.edit')}
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
        <NamedLineRow
          field={field}
          wrong={wrong}
          line={line}
          item={field.item ?? t('settings.an_entry')}
          value={{ label: t('settings.json_of', { title: field.title }), placeholder: '{ }' }}
          add={add}
        />
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
